import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openPreviewServer } from '../../scripts/developer/preview-server.ts';
import { httpRequest } from '../sample/http-request.ts';

t.test('the preview server answers as the virtual host does', async (t) => {
  const target = t.testdir({ 'state.db': 'secret' });
  const page = join(target, 'web/simple/some-project');
  mkdirSync(page, { recursive: true });
  writeFileSync(join(page, 'index.html'), '<html>');
  writeFileSync(join(page, 'index.v1_json'), '{}');
  const server = await openPreviewServer(join(target, 'web'));
  t.teardown(() => server.close());
  const json = 'application/vnd.pypi.simple.v1+json';
  const ask = async (path: string, accept = '*/*') => {
    const { status, headers, body } = await httpRequest(server.url + path, { headers: { accept } });
    return { status, type: headers['content-type'], location: headers.location, body: body.toString() };
  };
  t.match(await ask('/simple/some-project/'), { status: 200, type: 'text/html; charset=utf-8', body: '<html>' });
  t.match(await ask('/simple/some-project/', json), { status: 200, type: json, body: '{}' });
  t.match(await ask('/simple/Some_Project'), { status: 301, location: '/simple/some-project/' });
  for (const path of ['/simple/other/', '/%2e%2e/state.db', '/..%2fstate.db', '/%', '/simple']) {
    t.match(await ask(path), { status: 404 }, path);
  }
});
