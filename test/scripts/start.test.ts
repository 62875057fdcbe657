/** `npm start`, once everything is built: what it prints works, and nothing of it is left behind. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { pipOrReason } from '../e2e/pip.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { httpRequest } from '../sample/http-request.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const needsBuild = { skip: existsSync(join(root, 'dist/pep381run')) ? false : 'npm run build comes first' };
const hasPip = (await pipOrReason()).skip === false;

const started = ['--import=./scripts/developer/typescript.mjs', 'scripts/developer/start.ts'];

t.test('a folder that cannot be made is told in one line', async (t) => {
  const folder = join(t.testdir({ file: '' }), 'file/below');
  const { status, stderr } = spawnSync(process.execPath, [...started, '--in', folder], { cwd: root, encoding: 'utf8' });
  t.equal(status, 1);
  t.match(stderr, /^ENOTDIR: .*\/file\/below\/pypi'\n$/);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  t.test(`it serves a mirror until ${signal}`, needsBuild, async (t) => {
    const folder = join(openToAll(t).testdir(), "somebody's mirror");
    const child = spawn(process.execPath, [...started, '--in', folder], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.once('close', resolve));
    let output = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      output += text;
      if (output.includes('Ctrl-C ends it.')) break;
    }
    const url = /^Open (http:\S+)\/ /m.exec(output)?.[1] ?? '';
    t.equal((await httpRequest(`${url}/simple/sample-app/`)).status, 200);
    const line = /^ {2}(python3 -m pip install .*)$/m.exec(output)?.[1] ?? '';
    t.match(line, /--index-url http\S+ --target '.*' sample-app$/);
    if (hasPip && signal === 'SIGINT') {
      execFileSync('sh', ['-c', `${line} --quiet --isolated --no-cache-dir`], { stdio: ['ignore', 'ignore', 'pipe'] });
      t.ok(existsSync(join(folder, 'installed/sample_base')), 'and what it requires');
    }
    child.kill(signal);
    t.equal(await ended, 0);
    await t.rejects(httpRequest(`${url}/`), 'nobody serves any more');
  });
}
