/** Files that a partial mirror leaves out are linked to upstream: no page of ours may lead anywhere else. */
import t, { type Test } from 'tap';
import { policyFrom } from '../../../fixtures/policy-from.ts';
import { openTestMirror } from '../../../fixtures/test-mirror.ts';

const linking = policyFrom('[[rule]]\nprojects = ["beta"]\nhold = "pages-only"');
const hiding = policyFrom('[releases]\nkeep = 1');

async function openLinking(t: Test) {
  const mirror = await openTestMirror(t);
  await mirror.run({ policy: linking });
  t.match(mirror.page('beta').files[0]?.url, /^http:/);
  mirror.index.addRole('beta', 'somebody');
  return mirror;
}

for (const url of [
  'javascript:alert(1)',
  'data:text/html,x',
  'https://evil.invalid/beta-1.0-py3-none-any.whl',
  'http://[',
]) {
  t.test(`a link to ${url} is not published, is reported once, and ends no run`, async (t) => {
    const mirror = await openLinking(t);
    mirror.alterFile('beta', (file) => ({ ...file, url }));
    t.equal((await mirror.runLater({ policy: linking })).parked.size, 0);
    t.match(mirror.eventsOf('alarm'), [
      { message: /^beta: "beta-1.0-py3-none-any.whl": (?:not a URL|files from \S+ are not allowed)/ },
    ]);
    t.same(mirror.page('beta').files, []);
    t.notMatch(mirror.text('simple/beta/index.html'), /href/);
    t.same(mirror.page('beta').versions, []);
    mirror.clock.advance(48 * 60 * 60_000);
    t.equal((await mirror.run({ policy: linking })).parked.size, 0);
    t.same(mirror.eventsOf('alarm'), []);
  });
}

t.test('a page with an excluded entry that is nested without end ends no run', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run({ policy: hiding });
  mirror.index.addRole('alpha', 'somebody');
  mirror.index.addRole('beta', 'somebody');
  const page = JSON.stringify(mirror.page('beta'));
  const [file] = mirror.page('beta').files;
  const older = JSON.stringify({ ...file, filename: 'beta-0.1.zip', x: 'nested' });
  const body = page
    .replace('"files":[', `"files":[${older.replace('"nested"', '['.repeat(1e5) + ']'.repeat(1e5))},`)
    .replaceAll('../../', `${mirror.server.url}/`)
    .replace(/"_last-serial":\d+/, `"_last-serial":${mirror.index.serial}`);
  const contentType = 'application/vnd.pypi.simple.v1+json';
  mirror.server.faults.add({ do: 'body', body, contentType, match: /simple\/beta\/$/ });
  const result = await mirror.runLater({ policy: hiding });
  t.same([...result.parked], ['beta']);
  t.match(mirror.parkings(), [/nested too deeply/]);
  t.equal(mirror.page('alpha').meta['_last-serial'], mirror.index.find('alpha')?.serial);
});
