/** What pep381run does and says when it runs: the contract of 1.5, and the exit codes that cron relies on. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import { readerProblems } from '../fixtures/reader-check.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { openMirrored, openSample } from './opened-sample.ts';
import { killAtEnd, run, start, until } from './program.ts';
import { checkHere, runHere } from './run-here.ts';
import { publishedTree, stateOf, treeOf, untouchedTree } from './tree.ts';

const program = join(await openBundle(), 'pep381run');
/** How many runs start at a time; `npm run test:faults` starts more. */
const atOnce = Number(process.env.RUNS_AT_ONCE ?? 3);
const skipped = 'Currently already running; mirroring is skipped\n';

t.test('the first run creates the target and says what it does, in the words of 1.5', async (t) => {
  const { server, target, mirror } = await openSample(t, program);
  server.faults.add({ do: 'delay', ms: 100, match: /\/packages\// });
  const { code, stdout, stderr } = await mirror('--workers', '100');
  t.equal(code, 0);
  t.equal(stderr, '', 'and nothing else, however many connections there are');
  t.ok(server.traffic.peakRequests > 10);
  const lines = stdout.trimEnd().split('\n');
  const listed = server.index.projects().filter(({ quarantined }) => !quarantined);
  const files = listed.flatMap((project) => [...project.files.values()]);
  t.same(
    lines.slice(0, -1).sort(),
    [...listed.map(({ name }) => `Synchronizing ${name}`), ...files.map(({ path }) => `Copying ${path}`)].sort(),
  );
  t.match(
    lines.at(-1),
    /^13 projects published, 36 files copied \(3\.0 MiB\) in [\d.]+ s\.$/,
    'and ends with a summary',
  );
  t.same(readerProblems(join(target, 'web')), []);
});

t.test('-q says nothing when there is nothing to do', async (t) => {
  const { server, target, mirror, mirrorHere } = await openMirrored(t, program, smallIndex);
  const before = untouchedTree(join(target, 'web/simple'));
  server.requests.length = 0;
  t.same(await mirror('--quiet'), { code: 0, stdout: '', stderr: '' }, 'a run without changes');
  t.same(
    server.requests.map(({ path }) => path),
    ['/pypi'],
    'which asks for the changelog and nothing else',
  );
  t.same(untouchedTree(join(target, 'web/simple')), before, 'and writes no page');
  const loud = await mirrorHere();
  t.match(
    loud.stdout,
    /^0 projects published, 0 files copied \(0 B\) in [\d.]+ s\.\n$/,
    'without -q: the summary alone',
  );
  t.match(readFileSync(join(target, 'web/last-modified'), 'utf8'), /^\d{8}T\d\d:\d\d:\d\d\n$/);
});

t.test('while one run is in progress others are skipped, and -q prints nothing about it', async (t) => {
  const { server, mirror, mirrorHere, begin } = await openSample(t, program, smallIndex());
  const off = server.faults.add({ do: 'stall', match: /\.whl$/ });
  const holder = begin('-q');
  await until('a download', () => server.requests.some(({ path }) => path.endsWith('.whl')));
  t.same(await mirror(), { code: 0, stdout: skipped, stderr: '' });
  t.same(await mirrorHere('-q'), { code: 0, stdout: '', stderr: '' });
  const json = await mirrorHere('--log-format', 'json');
  t.match(JSON.parse(json.stdout), { type: 'skipped', time: String });

  holder.kill('SIGKILL');
  t.equal((await holder.ended).code, 'SIGKILL');
  off();
  const next = await mirror('-q');
  t.match(next, { code: 0, stdout: '', stderr: /^Warning: the last run[^\n]* died before its end[^\n]*\n$/ });
});

t.test('of many runs started at once exactly one works', async (t) => {
  const index = smallIndex();
  let server = await openSampleServer({ index });
  t.teardown(() => server.close());
  const target = join(t.testdir(), 'target');
  server.faults.add({ do: 'stall' });
  const args = ['--upstream', server.url, target];
  const running = Array.from({ length: atOnce }, () => start(program, args));
  for (const each of running) killAtEnd(t, each);
  let ended = 0;
  for (const each of running) void each.ended.then(() => (ended += 1));
  await until('all but one to end', () => ended === atOnce - 1);
  // The one that works has had no answer yet: its connection breaks, and it asks again.
  await server.close();
  server = await openSampleServer({ index, port: Number(new URL(server.url).port) });
  const all = await Promise.all(running.map((each) => each.ended));
  t.same(
    all.map(({ code, stderr }) => `${code}${stderr}`),
    Array.from({ length: atOnce }, () => '0'),
  );
  t.equal(all.filter(({ stdout }) => stdout === skipped).length, atOnce - 1);
  t.equal(all.filter(({ stdout }) => stdout.endsWith('s.\n')).length, 1);
  t.same(readerProblems(join(target, 'web')), []);
});

t.test(
  'a project that fails and a file that is rejected are reported, the others are mirrored, and the exit code is 1',
  async (t) => {
    const { server, target, mirror } = await openSample(t, program, smallIndex());
    const heal = server.faults.add({ do: 'body', match: /\/simple\/alpha\/$/, body: '{}' });
    server.faults.add({ do: 'corrupt', match: /beta-1\.0.*\.whl$/ });
    const { code, stdout, stderr } = await mirror('-q');
    t.equal(code, 1);
    t.equal(stdout, '');
    const [summary, beta, alpha, ...more] = stderr.trimEnd().split('\n').sort();
    t.match(
      beta,
      /^Alarm: beta: "beta-1\.0\S+\.whl": \S+\.whl: expected \d+ bytes with sha256 \w+, found \d+ bytes with \w+; it is left out, and tried again later$/,
    );
    t.match(alpha, /^alpha: /);
    t.match(summary, /^2 projects published, .* 1 project failed and stays queued, 1 alarm in [\d.]+ s\.$/);
    t.same(more, [], '-q prints a line for each of the two, and the summary');
    t.notOk(existsSync(join(target, 'web/simple/alpha')));
    t.ok(existsSync(join(target, 'web/simple/beta')));
    t.match(stateOf(target).queue, [{ name: 'alpha', attempts: 1 }], 'the project stays queued');
    const status = JSON.parse(readFileSync(join(target, 'web/mirror-status.json'), 'utf8'));
    t.match(status, { 'exit-code': 1, 'odd-files': 1, parked: [{ name: 'alpha' }] });

    t.comment('a rejected file is reported once, does not keep the exit code at 1, and --why shows it');
    heal();
    makeDue(target);
    t.match(await mirror('-q', '--reconcile'), { code: 0, stderr: '' });
    const shown = await runHere('--status', target);
    t.match(shown.stdout, /^Left out {2}1 file, each for what is wrong with it$/m);
    t.match(shown.stdout, /^\S+Z {2,}\S+Z {2}beta:/m);
    const [file = ''] = /beta-1\.0\S+\.whl/.exec(shown.stdout.replaceAll(/\s+/g, ' ')) ?? [];
    const why = await runHere('--why', `beta/${file}`, target);
    t.match(why, {
      code: 0,
      stdout: /^left out .*beta-1\.0\S+\.whl {2}.*expected \d+ bytes .*: found \S+Z, 1 time; not/m,
    });
    const checked = await checkHere('-q', target);
    t.match(checked, { code: 0, stdout: '', stderr: '' }, 'a check finds nothing wrong');
  },
);

t.test('without -q a parked project is reported at once, and not again', async (t) => {
  const { server, mirrorHere } = await openSample(t, program, smallIndex());
  server.faults.add({ do: 'body', match: /\/simple\/beta\/$/, body: '{}' });
  const { code, stdout, stderr } = await mirrorHere('--project', 'beta');
  t.equal(code, 1);
  t.match(stderr, /^beta: [^\n]*; next try not before \d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
  t.match(stdout, /0 projects published, 0 files copied \(0 B\), 1 project failed and stay/);
});

t.test('an unreachable upstream or an invalid answer means exit code 3 and changes nothing', async (t) => {
  const { server, target, mirror, mirrorHere } = await openMirrored(t, program, smallIndex);
  server.index.publish(makeWheel({ name: 'sample-new', version: '1.0' }));
  const before = untouchedTree(join(target, 'web/simple'));
  const { files, queue } = stateOf(target);
  for (const [name, fault, start] of [
    ['nonsense', 'html-200', mirrorHere],
    ['unreachable', 'reset', mirror],
  ] as const) {
    const off = server.faults.add({ do: fault });
    const { code, stdout, stderr } = await start('-q');
    off();
    t.equal(code, 3, name);
    t.equal(stdout, '');
    t.ok(stderr.startsWith(`pep381run: error: ${server.url}/pypi: `), stderr);
    t.equal(stderr.trimEnd().split('\n').length, 2, 'the reason and the summary');
    t.same(untouchedTree(join(target, 'web/simple')), before, 'no page changed');
    t.same(stateOf(target), { ...stateOf(target), files, queue }, 'and nothing is queued');
  }
  t.equal((await mirrorHere('-q')).code, 0);
  t.ok(existsSync(join(target, 'web/simple/sample-new/index.html')), 'and the next run catches up');
});

t.test('an upstream that was never reachable leaves a target that the next run can use', async (t) => {
  const { server, target, mirrorHere } = await openSample(t, program, smallIndex());
  server.faults.add({ do: 'status', status: 404 });
  const { code } = await mirrorHere('-q');
  t.equal(code, 3);
  server.faults.clear();
  t.match(await mirrorHere('-q'), { code: 0, stdout: /^Upstream can be reached again; [^\n]+\n$/, stderr: '' });
  t.same(readerProblems(join(target, 'web')), []);
});

t.test('--log-format json writes one JSON object per line, whatever happens', async (t) => {
  const { server, mirror, begin } = await openSample(t, program, smallIndex());
  server.faults.add({ do: 'corrupt', match: /beta-1\.0.*\.whl$/ });
  const { code, stdout, stderr } = await mirror('--log-format', 'json');
  t.equal(code, 1);
  t.equal(stderr, '');
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line): { type: string; time: string } => JSON.parse(line));
  for (const { time } of events) t.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const types = new Set(events.map(({ type }) => type));
  for (const type of ['learned', 'queued', 'project-started', 'project-planned', 'file-started', 'file-done'])
    t.ok(types.has(type), type);
  t.match(events.at(-1), { type: 'summary', exitCode: 1, summary: /^3 projects published.*1 alarm/ });

  server.faults.add({ do: 'stall' });
  const holder = begin('--log-format', 'json');
  await until('a request', () => server.requests.at(-1)?.rpc !== undefined);
  holder.kill('SIGINT');
  const { stdout: paused } = await holder.ended;
  const last = paused.trimEnd().split('\n').at(-1) ?? '';
  t.match(JSON.parse(last), { type: 'paused', time: String });
});

t.test('--dry-run prints what it would do and changes nothing', async (t) => {
  const { server, target, mirror, mirrorHere } = await openMirrored(t, program, smallIndex);
  const missing = join(target, '../missing');
  const first = await run(program, ['--dry-run', '--upstream', server.url, missing]);
  t.equal(first.code, 0);
  t.notOk(existsSync(missing), 'not even the target is created');
  t.match(first.stdout, 'Would synchronize alpha\n');
  t.match(first.stdout, `Would copy ${server.index.pathOf('alpha', 'alpha-1.0-py3-none-any.whl')}\n`);
  t.match(first.stdout, /\nWould publish 3 projects, copy 4 files \(3\.7 KiB\), remove 0 files and 0 projects\.\n$/);

  const removed = server.index.pathOf('alpha', 'alpha-1.0.tar.gz');
  server.index.removeFile('alpha', 'alpha-1.0.tar.gz');
  server.index.removeProject('gamma');
  server.index.publish(makeWheel({ name: 'sample-new', version: '1.0' }));
  writeFileSync(join(target, 'run/sync-requested'), '');
  const before = untouchedTree(target);
  const second = await mirror('--dry-run');
  t.equal(second.code, 0);
  t.match(second.stdout, `Would remove ${removed}\n`);
  t.match(second.stdout, /\nWould publish 2 projects, copy 1 file \([\d.]+ K?i?B\), remove 2 files and 1 project\.\n$/);
  t.notMatch(second.stdout, /^(?:Synchronizing|Copying|Removing)/m);
  t.same(untouchedTree(target), before);
  t.same(await mirrorHere('--dry-run', '-q'), { code: 0, stdout: '', stderr: '' });
});

t.test('a dry run and a real one do not disturb each other', async (t) => {
  const { server, target, mirrorHere, begin } = await openMirrored(t, program, smallIndex);
  server.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  const stall = { do: 'stall', match: /\/simple\/beta\//, times: 1 } as const;
  const only = ['--project', 'beta'];
  for (const [first, second] of [
    [['--dry-run'], []],
    [[], ['--dry-run']],
  ] as const) {
    server.requests.length = 0;
    server.faults.add(stall);
    const running = begin(...first, ...only);
    await until('the page', () => server.requests.at(-1)?.path === '/simple/beta/');
    t.same(await mirrorHere(...second, ...only), { code: 0, stdout: skipped, stderr: '' });
    running.kill('SIGINT');
    t.equal((await running.ended).code, 0);
  }
  t.same(await mirrorHere('-q', ...only), { code: 0, stdout: '', stderr: '' });
  t.same(readerProblems(join(target, 'web')), []);
});

t.test('a log that cannot be written does not stop the mirror', async (t) => {
  const { server, target } = await openSample(t, program, smallIndex());
  for (const [name, to] of Object.entries({ full: '> /dev/full', gone: '| true' })) {
    const command = `set -o pipefail; "$0" "$1" --upstream "$2" "$3" ${to}`;
    const args = ['-c', command, process.execPath, program, server.url, join(target, name)];
    const { code, stderr } = await run('-c', args.slice(1), { command: '/bin/bash' });
    t.equal(code, 0, name);
    t.equal(stderr, '');
    t.same(readerProblems(join(target, name, 'web')), []);
  }
});

t.test('--project may be given several times, in any spelling, and no other project is synced', async (t) => {
  const { server, target, mirrorHere } = await openSample(t, program);
  mkdirSync(target, { recursive: true });
  const only = ['--project', 'Sample_Pure', '--project', 'sample.base'];
  t.equal((await mirrorHere('-q', ...only)).code, 0);
  t.same(foldersIn(join(target, 'web/simple')), ['sample-base', 'sample-pure']);
  t.same(readerProblems(join(target, 'web')), [], 'an empty folder becomes a mirror');
  t.notOk(
    server.requests.some(({ path }) => path === '/simple/'),
    'the list of all projects is not asked for',
  );
  server.index.publish(makeWheel({ name: 'sample-pure', version: '0.4' }));
  server.index.publish(makeWheel({ name: 'sample-app', version: '1.1' }));
  server.requests.length = 0;
  t.match((await mirrorHere(...only)).stdout, /^Synchronizing sample-pure\nCopying .*0\.4.*\n1 project published/);
  t.same(
    server.requests.filter(({ path }) => path.startsWith('/simple/')).map(({ path }) => path),
    ['/simple/sample-pure/'],
  );
});

t.test('--index-only publishes the pages with links to upstream, and no file', async (t) => {
  const { server, target, mirrorHere } = await openSample(t, program, smallIndex());
  t.equal((await mirrorHere('-q', '--index-only')).code, 0);
  t.same(treeOf(join(target, 'web/packages')), {});
  const page = JSON.parse(readFileSync(join(target, 'web/simple/alpha/index.v1_json'), 'utf8'));
  const file = server.index.find('alpha')?.files.get('alpha-1.0.tar.gz');
  t.equal(
    page.files.find(({ filename }: { filename: string }) => filename === file?.filename)?.url,
    `${server.url}${file?.path}`,
  );
  t.notOk(server.requests.some(({ path }) => path.startsWith('/packages/')));
  t.equal((await mirrorHere('-q')).code, 0);
  t.same(readerProblems(join(target, 'web')), [], 'and a run without it brings the files');
  t.equal(Object.keys(publishedTree(target)).filter((path) => /^packages\/.*\.(?:whl|tar\.gz)$/.test(path)).length, 4);
});

t.test('--reconcile finds changes that the changelog lacks', async (t) => {
  const { server, target, mirrorHere } = await openMirrored(t, program, smallIndex);
  server.index.publish(makeWheel({ name: 'sample-silent', version: '1.0' }));
  server.index.addStrayRow(null, null, null);
  const body = changelogRow(server.index.serial);
  const off = server.faults.add({ do: 'body', match: /changelog_since_serial/, body });
  t.equal((await mirrorHere('-q')).code, 0);
  off();
  const page = join(target, 'web/simple/sample-silent/index.html');
  t.notOk(existsSync(page), 'the changelog did not name it');
  t.equal((await mirrorHere('-q', '--reconcile')).code, 0);
  t.ok(existsSync(page));
});

t.test('another upstream is refused in one line, until --reconcile confirms it', async (t) => {
  const { server, target } = await openMirrored(t, program, smallIndex);
  const index = new SampleIndex({ serial: 10 });
  index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  const other = await openSampleServer({ index });
  t.teardown(() => other.close());
  const before = publishedTree(target);
  const refused = await run(program, ['-q', '--upstream', other.url, target]);
  t.equal(refused.code, 2);
  t.match(refused.stderr, `this target mirrors ${server.url}, not ${other.url}; put upstream = "${server.url}" into`);
  t.same(publishedTree(target), before);
  const allowed = ['--reconcile', '--allow-deletions', '20'];
  const moved = await runHere('-q', '--upstream', other.url, ...allowed, target);
  t.same(moved, { code: 0, stdout: '', stderr: '' });
  t.same(foldersIn(join(target, 'web/simple')), ['alpha']);
  t.same(readerProblems(join(target, 'web')), []);
});

t.test('a request for a run is consumed, and one that arrives during a run causes another pass', async (t) => {
  const { server, target, mirrorHere, begin } = await openMirrored(t, program, smallIndex);
  const flag = join(target, 'run/sync-requested');
  mkdirSync(join(target, 'run'), { recursive: true });
  writeFileSync(flag, '');
  t.equal((await mirrorHere('-q')).code, 0);
  t.notOk(existsSync(flag));

  server.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  const off = server.faults.add({ do: 'delay', ms: 300, match: /beta-2\.0.*\.whl$/ });
  const running = begin();
  await until('the download', () => server.requests.some(({ path }) => path.endsWith('beta-2.0-py3-none-any.whl')));
  server.index.publish(makeWheel({ name: 'sample-late', version: '1.0' }));
  writeFileSync(flag, '');
  const { code, stdout } = await running.ended;
  off();
  t.equal(code, 0);
  t.match(stdout, /Synchronizing sample-late\n/);
  t.notOk(existsSync(flag));
  t.ok(existsSync(join(target, 'web/simple/sample-late/index.html')));
});

/** As if the time of the next try of all that waits had come. */
function makeDue(target: string): void {
  const db = new Database(join(target, 'state.db'));
  db.exec('UPDATE queue SET next_try = 0');
  db.close();
}

function foldersIn(folder: string): string[] {
  return Object.entries(treeOf(folder))
    .filter(([path, content]) => content === 'folder' && !path.includes('/'))
    .map(([path]) => path);
}

/** A changelog with one row that is about no project. */
function changelogRow(serial: number): string {
  const values = ['<nil/>', '<nil/>', '<int>1</int>', '<nil/>', `<int>${serial}</int>`];
  const array = (items: readonly string[]): string =>
    `<array><data>${items.map((item) => `<value>${item}</value>`).join('')}</data></array>`;
  const value = array([array(values)]);
  return `<?xml version='1.0'?>\n<methodResponse><params><param><value>${value}</value></param></params></methodResponse>`;
}
