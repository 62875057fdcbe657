/** Mirrors under other umasks, in other folders, several on one machine, and with secrets. */
import { chmodSync, lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readerProblems } from '../fixtures/reader-check.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { openMirrored, openSample } from './opened-sample.ts';
import { run } from './program.ts';
import { checkHere, runHere } from './run-here.ts';
import { publishedTree, treeOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');
const quiet = { code: 0, stdout: '', stderr: '' };

/** Runs pep381run as a shell with another umask does. */
function runWith(umask: string, args: readonly string[]): ReturnType<typeof run> {
  return run('-c', [`umask ${umask} && exec "$0" "$@"`, process.execPath, program, ...args], { command: '/bin/sh' });
}

/** The modes of everything below `target` but the lock and the state, which are nobody else's. */
function modesOf(target: string): string[] {
  const paths = Object.keys(treeOf(target)).filter((path) => !/^(?:lock|state\.db)\b/.test(path));
  const modes = paths.map((path) => {
    const found = lstatSync(join(target, path));
    return `${found.isDirectory() ? 'folder' : 'file'} ${(found.mode & 0o777).toString(8)}`;
  });
  return [...new Set(modes)].sort();
}

function modeOf(target: string, path: string): number {
  return lstatSync(join(target, path)).mode & 0o777;
}

t.test('whatever the umask, the web server can read the mirror, and nobody else write it', async (t) => {
  for (const umask of ['0000', '0077']) {
    const { server, target } = await openSample(t, program, smallIndex());
    t.same(await runWith(umask, ['-q', '--upstream', server.url, target]), quiet);
    t.same(modesOf(target), ['file 644', 'folder 755'], umask);
    t.equal(modeOf(target, 'lock'), 0o700, 'nor hold its lock');
    t.equal(modeOf(target, 'state.db'), 0o600, 'nor one on its state');
    writeFileSync(join(target, 'mirror.toml'), 'umask = "0027"\n');
    server.index.publish(makeSdist({ name: 'new', version: '1.0' }));
    t.same(await runWith(umask, ['-q', '--upstream', server.url, target]), quiet);
    t.equal(modeOf(target, 'web/simple/new'), 0o750, 'unless mirror.toml says otherwise');
    t.equal(modeOf(target, 'web/simple/new/index.html'), 0o640);
    writeFileSync(join(target, 'mirror.toml'), 'umask = "0000"\n');
    t.match(await runHere('-q', target), {
      code: 2,
      stderr: /mirror\.toml:1: umask: "0000" would let everybody/,
    });
  }
});

t.test('root reads once that root is not needed, and not under -q', async (t) => {
  const { server, target } = await openMirrored(t, program, smallIndex);
  const mirror = (...options: string[]) =>
    run(program, [...options, '--upstream', server.url, target], { keepRootHint: true });
  t.same(await mirror('-q'), quiet);
  const hint = /^Root is not needed\. Safer: useradd --system pypi && chown -R pypi [^\n]+, and run it as that user/;
  const [first, second] = [await mirror(), await mirror()];
  t.equal(hint.test(first.stdout), process.getuid?.() === 0);
  t.notMatch(second.stdout, hint);
});

t.test('a mirror that was moved works, and two on one machine do not disturb each other', async (t) => {
  const { server, target } = await openMirrored(t, program, smallIndex);
  const moved = join(t.testdirName, 'moved');
  renameSync(target, moved);
  server.index.publish(makeSdist({ name: 'new', version: '1.0' }));
  const both = [target, moved].map((root) => run(program, ['-q', '--upstream', server.url, root]));
  t.same(await Promise.all(both), [quiet, quiet]);
  t.same(publishedTree(moved), publishedTree(target));
  t.same(readerProblems(join(moved, 'web')), []);
  t.same(await checkHere('-q', moved), quiet);
  t.equal(server.requests.filter(({ path }) => path.includes('alpha-1.0')).length, 3, 'nothing is fetched again');
});

t.test('a secret is neither printed nor sent', async (t) => {
  const { server, target } = await openMirrored(t, program, smallIndex);
  const folder = t.testdirName;
  const key = join(folder, 'key');
  const secret = 'c0rrect-h0rse-battery';
  writeFileSync(key, `${secret}\n`);
  chmodSync(key, 0o600);
  writeFileSync(
    join(target, 'mirror.toml'),
    `notify = ["http://127.0.0.1:9/sync"]\nnotify-secret-file = "${key}"\nlog-format = "json"\n`,
  );
  server.index.publish(makeSdist({ name: 'new', version: '1.0' }));
  const env = { https_proxy: `http://user:${secret}@127.0.0.1:9` };
  const { stdout, stderr } = await run(program, ['--upstream', server.url, target], { env });
  t.match(stdout, 'was not notified');
  const status = await runHere('--status', target);
  for (const text of [stdout, stderr, status.stdout]) t.notMatch(text, secret);
  for (const [path, content] of Object.entries(treeOf(target))) {
    if (content !== 'folder') t.notOk(readFileSync(join(target, path)).includes(secret), path);
  }
});
