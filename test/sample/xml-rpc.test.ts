import t from 'tap';
import { pythonLacks, runPython } from './run-python.ts';
import { sampleIndex } from './sample-projects.ts';
import { openSampleServer } from './sample-server.ts';
import { answerXmlRpc } from './xml-rpc.ts';

const script = `
import json, sys, xmlrpc.client
proxy = xmlrpc.client.ServerProxy(sys.argv[1], allow_none=True)
def attempt(call):
    try:
        return call()
    except xmlrpc.client.Fault as fault:
        return [fault.faultCode, fault.faultString]
print(json.dumps([proxy.changelog_last_serial(), proxy.changelog_since_serial(int(sys.argv[2])),
    proxy.list_packages_with_serial(), attempt(lambda: proxy.nonsense()), attempt(lambda: proxy.search({})),
    attempt(lambda: proxy.changelog_since_serial("text"))]))`;

t.test("Python's own client understands every reply", { skip: await pythonLacks('xmlrpc.client') }, async (t) => {
  const index = sampleIndex();
  index.addStrayRow(null, null, null);
  index.addStrayRow('a<&>b', '1]]>', 'déjà "vu"');
  const server = await openSampleServer({ index, changelogPageSize: 20 });
  t.teardown(() => server.close());
  const reply: unknown = JSON.parse(await runPython('-c', script, `${server.url}/pypi`, '1000'));
  t.match(reply, [
    index.serial,
    index.journal.slice(0, 20),
    { 'sample-quarantined': index.find('sample-quarantined')?.serial, 'Sample.Camel_Case': Number },
    [-32601, 'server error; requested method not found'],
    [-32500, /^RuntimeError: PyPI no longer supports/],
    [-32602, /parameters/],
  ]);
  const [, rows]: unknown[] = JSON.parse(await runPython('-c', script, `${server.url}/pypi/`, `${index.serial - 2}`));
  t.same(rows, index.journal.slice(-2), 'nil and marks survive');
  t.ok(server.requests.some(({ rpc }) => rpc === 'list_packages_with_serial'));
});

t.test('a body that is no call is a fault', async (t) => {
  t.match(answerXmlRpc('nonsense', sampleIndex()), /-32601/);
});
