/** --why, --status, --plan and --example-config, as somebody types them. */
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { openToAll } from '../fixtures/open-to-all.ts';
import { asOrdinaryUser, otherUserOrReason } from '../fixtures/ordinary-user.ts';
import { sampleIndex } from '../sample/sample-projects.ts';
import { openBundle } from './bundle.ts';
import { type OpenedSample, openSample, openMirrored as openSampleMirrored } from './opened-sample.ts';
import { type Ended, run } from './program.ts';
import { runHere } from './run-here.ts';
import { treeOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');

const config = `projects = ["sample-app", "sample-pre", "sample-platform", "nothing-there"]
dependencies = true
[releases]
keep = 1
`;

/** A mirror that was run once with `mirror.toml`. */
function openMirrored(t: Test, settings = config): Promise<OpenedSample> {
  const code = settings.includes('nothing-there') ? 1 : 0;
  return openSampleMirrored(t, program, sampleIndex, { settings, code });
}

const look = (target: string, ...options: string[]): Promise<Ended> => run(program, [...options, target]);
const lookHere = (target: string, ...options: string[]): Promise<Ended> => runHere(...options, target);

/** The target without what SQLite puts beside a database that somebody reads. */
const contentOf = (target: string) =>
  Object.fromEntries(Object.entries(treeOf(target)).filter(([path]) => !/^state\.db-/.test(path)));

t.test('--why names the rule and its line for a project and each of its files', async (t) => {
  const { target, server } = await openMirrored(t);
  await server.close();
  const { code, stdout, stderr } = await look(target, '--why', 'Sample.Pre');
  t.same([code, stderr], [0, '']);
  const lines = stdout.split('\n');
  t.same(lines.slice(0, 2), ['sample-pre', '  policy  held: mirror.toml:1 (sample-pre)']);
  t.ok(lines.some((line) => /^left out +\d+ B +sample_pre-1\.0\.tar\.gz +mirror\.toml:4 \(keep = 1\): 4th/.test(line)));
  t.ok(lines.some((line) => /^held +\d+ B +sample_pre-2\.0rc1\.tar\.gz +mirror\.toml:1 \(sample-pre\)$/.test(line)));
  const json = await lookHere(target, '--why=sample-base/sample_base-1.9.tar.gz', '--log-format', 'json');
  t.equal(json.code, 0);
  t.match(JSON.parse(json.stdout), {
    project: 'sample-base',
    policy: { because: { where: `${target}/mirror.toml:1`, text: 'dependency of sample-app 1.0' } },
    files: [{ state: 'left out', because: { text: 'keep = 1', detail: '2nd newest of 2 releases' } }],
  });
});

t.test('--why exits with 1 for what is not known, and with 2 for what is no name', async (t) => {
  const { target } = await openMirrored(t);
  const rows: readonly (readonly [string, number])[] = [
    ['sample-platform', 0],
    ['nothing-there', 0],
    ['sample-large', 1],
    ['sample-platform==9', 1],
    ['sample-platform/nothing.tar.gz', 1],
    ['../x', 2],
  ];
  for (const [subject, expected] of rows) t.equal((await lookHere(target, '--why', subject)).code, expected, subject);
  t.equal((await look(target, '--why', 'sample-large')).code, 1);
});

t.test('--status is short, and a document for programs', async (t) => {
  const { target, server, mirrorHere } = await openSample(t, program);
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'mirror.toml'), config);
  t.equal((await mirrorHere('-q')).code, 1);
  const { code, stdout, stderr } = await look(target, '--status');
  t.same([code, stderr], [0, '']);
  t.match(stdout, `Mirror    ${target}\nUpstream  ${server.url}\nHeld      4 projects, `);
  t.match(stdout, /\nQueue {5}1 project, 1 of them parked\n/);
  t.match(stdout, /\n\d\d\d\d-\d\d-\d\dT\d\d:\d\dZ +\d+\.\d s +1 {2}4 projects published, /);
  t.match(stdout, /\n *\d\.\d KiB +1 {2}mirror\.toml:1 \(sample-platform\)\n/);
  const json = JSON.parse((await lookHere(target, '--status', '--log-format=json')).stdout);
  t.match(json, { running: false, projects: 4, queued: 1, runs: [{ exitCode: 1 }] });
});

t.test('--why and --status work during a run without waiting for it or disturbing it', async (t) => {
  const { target } = await openMirrored(t);
  const lock = new Database(join(target, 'lock', 'run.db'));
  const state = new Database(join(target, 'state.db'));
  t.teardown(() => [lock, state].map((db) => db.close()));
  lock.exec('BEGIN EXCLUSIVE');
  state.exec('BEGIN IMMEDIATE; DELETE FROM queue; DELETE FROM plans;');
  const [status, why] = await Promise.all([look(target, '--status'), lookHere(target, '--why', 'nothing-there')]);
  t.same([status.code, why.code], [0, 0], status.stderr + why.stderr);
  t.match(status.stdout, '\nNow       a run is at work\n');
  t.match(why.stdout, /\n {2}parked {2}1 try in vain/, 'as it was before');
  state.exec('COMMIT');
});

t.test(
  'another user gets the published status, and the name of the user who may see more',
  otherUserOrReason(),
  async (t) => {
    const sample = await openMirrored(t);
    const folder = openToAll(t).testdir();
    const [target, programs] = [join(folder, 'target'), join(folder, 'programs')];
    cpSync(sample.target, target, { recursive: true });
    cpSync(dirname(program), programs, { recursive: true });
    const asNobody = (...args: string[]) =>
      asOrdinaryUser(process.execPath, [join(programs, 'pep381run'), ...args, target]);
    const before = treeOf(target);
    for (const situation of ['at rest', 'in use']) {
      const state = situation === 'in use' ? new Database(join(target, 'state.db')) : undefined;
      state?.exec('CREATE TABLE somebodys (x)');
      const status = asNobody('--status');
      const why = asNobody('--why', 'sample-app');
      state?.exec('DROP TABLE somebodys');
      state?.close();
      t.same([status.status, status.stderr, why.status, why.stdout], [0, '', 4, ''], situation);
      t.match(
        status.stdout,
        /\nKnown {5}from \S+\/web\/mirror-status\.json; only its owner may read more\nUpstream {2}http:/,
      );
      t.match(status.stdout, /\nHeld {6}4 projects, \d+ files, \d/);
      t.match(
        status.stdout,
        /\nNow {7}only its owner can tell whether a run is at work\nQueue {5}1 project, 1 of them parked\n/,
      );
      t.match(status.stdout, /Z +\d\S* s +1 {2}4 projects published, /);
      t.match(status.stdout, /\nAsked for, and not held\n {2}1; only its owner may read which\n/);
      t.match(why.stderr, /^pep381run: error: \S+state\.db: only root may read it; ask as that user, or let [^\n]+\n$/);
      if (situation === 'at rest') t.same(treeOf(target), before, 'and nothing was written');
    }
    const json = JSON.parse(asNobody('--status', '--log-format', 'json').stdout);
    t.match(json, { running: null, projects: 4, queued: 1, parked: 1, unmetCount: 1, runs: [{ exitCode: 1 }] });
    rmSync(join(target, 'web/mirror-status.json'));
    t.match(asNobody('--status'), { status: 4, stderr: /mirror-status\.json: cannot be read: ENOENT/ });
  },
);

t.test('with state-mode = "0640" the group of the state sees everything', otherUserOrReason(), async (t) => {
  const sample = await openMirrored(t, `state-mode = "0640"\n${config}`);
  const folder = openToAll(t).testdir();
  const [target, programs] = [join(folder, 'target'), join(folder, 'programs')];
  cpSync(sample.target, target, { recursive: true });
  cpSync(dirname(program), programs, { recursive: true });
  chownSync(join(target, 'state.db'), 0, 65534);
  const why = asOrdinaryUser(process.execPath, [join(programs, 'pep381run'), '--why', 'sample-app', target]);
  t.match(why, { status: 0, stderr: '', stdout: /^sample-app\n {2}policy {2}held: / });
});

t.test('without a mirror --status prints one line, and creates nothing', async (t) => {
  const target = join(t.testdir({ 'mirror.toml': config }), 'not/there');
  for (const [ask, ...options] of [
    [look, '--status'],
    [lookHere, '--why', 'flask'],
  ] as const) {
    for (const folder of [target, t.testdirName]) {
      const { code, stdout, stderr } = await ask(folder, ...options);
      t.same([code, stdout], [2, '']);
      t.equal(
        stderr,
        `pep381run: error: ${folder}: nothing is known of this mirror yet; start it with pep381run ${folder}\n`,
      );
    }
  }
  t.notOk(existsSync(target));
  t.same(Object.keys(treeOf(t.testdirName)), ['mirror.toml']);
});

t.test('--plan prints what a run would do, and does nothing', async (t) => {
  const alone = config.replace('dependencies = true\n', '').replace(', "nothing-there"', '');
  const { target, mirror, mirrorHere, server } = await openMirrored(t, alone);
  writeFileSync(join(target, 'mirror.toml'), alone.replace('keep = 1', 'keep = 2').replace('"sample-app", ', ''));
  const before = contentOf(target);
  const { code, stdout } = await mirror('--plan');
  t.equal(code, 0);
  const lines = stdout.split('\n');
  t.match(lines.slice(0, 3), [
    /^To publish {2}\d projects?$/,
    /^To fetch {4}2 files, \d\.\d KiB$/,
    /^To remove {3}1 file, \d+ B, and 1 project$/,
  ]);
  t.ok(
    lines.some((line) => /^ +1 +2 +\d\.\d KiB +- +- {2}mirror\.toml:1 \(sample-pre\)$/.test(line)),
    stdout,
  );
  t.ok(lines.some((line) => /^Most to remove +files +bytes +rule$/.test(line)));
  t.same(
    lines.filter((line) => line.length >= 100),
    [],
  );
  const json = JSON.parse((await mirrorHere('--plan', '--log-format', 'json')).stdout);
  t.match(json, { exitCode: 0, removed: 1, fetch: { files: 2 }, remove: { files: 1 } });
  t.same(contentOf(target), before);
  t.notOk(server.requests.some(({ path }) => path.startsWith('/packages/') && path.includes('2.0a1')));
});

t.test('--plan of a missing target creates nothing', async (t) => {
  const { target, mirrorHere } = await openSample(t, program);
  const { code, stdout } = await mirrorHere('--plan', '--all');
  t.equal(code, 0);
  t.match(stdout, /^To publish {2}\d\d projects\nTo fetch {4}3\d files, /);
  t.notOk(existsSync(target));
});

t.test('--example-config prints a configuration that a new mirror can use', async (t) => {
  const { code, stdout, stderr } = await run(program, ['--example-config']);
  t.same([code, stderr], [0, '']);
  t.match(stdout, /^# mirror\.toml: /);
  const sample = await openMirrored(t, stdout);
  t.equal((await lookHere(sample.target, '--why', 'sample-base')).code, 0);
});

t.test('a database of another version is reported in one line', async (t) => {
  const { target } = await openMirrored(t);
  const db = new Database(join(target, 'state.db'));
  db.pragma('user_version = 1');
  db.close();
  const { code, stderr } = await lookHere(target, '--status');
  t.equal(code, 4);
  t.match(stderr, /^pep381run: error: [^\n]+state\.db: expected schema version \d, found 1: the next run [^\n]+\n$/);
  rmSync(join(target, 'state.db'));
  t.equal(readFileSync(join(target, 'mirror.toml'), 'utf8'), config);
});
