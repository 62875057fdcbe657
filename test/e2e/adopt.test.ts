/** pep381run on targets that other programs have left, and on folders that are none. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { openOldTarget } from '../../src/cli/target/open-old-target.ts';
import { openTarget } from '../../src/cli/target/target.ts';
import { type Archive, type Few, openUpstream, tookFew, unpack } from '../adopt/old-mirror.ts';
import { readable } from '../adopt/readable-tree.ts';
import { readerProblems } from '../fixtures/reader-check.ts';
import { recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist } from '../sample/distributions.ts';
import type { SampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { openMirrored } from './opened-sample.ts';
import { type Ended, run } from './program.ts';
import { publishedTree, stateOf, treeOf, untouchedTree } from './tree.ts';

const programs = await openBundle();
const program = join(programs, 'pep381run');
const skip = recordingsMissing;
const quiet = { code: 0, stdout: '', stderr: '' };

interface Opened {
  readonly server: SampleServer;
  readonly target: string;
  mirror(...options: string[]): Promise<Ended>;
}

async function openOld(t: Test, archive: Archive | Few): Promise<Opened> {
  const server = await openUpstream(t, archive);
  const target = join(t.testdir(), 'target');
  unpack(archive, target);
  return { server, target, mirror: (...options) => run(program, [...options, '--upstream', server.url, target]) };
}

/** The requests for files of distributions. */
function downloads({ requests }: SampleServer): string[] {
  return requests.map(({ path }) => path).filter((path) => /^\/packages\/.*(?:\.whl|\.gz)$/.test(path));
}

const words = {
  'target-1.5-complete': [
    'pep381client 1.5 (completed 2026-11-22T15:53:28.000Z, 12 projects)',
    'Took over 12 projects with 14 files (3.6 KiB)',
  ],
  'target-1.5-interrupted': [
    'pep381client 1.5 (never completed, 9 projects, 3 still to do)',
    'Took over 9 projects with 11 files (2.8 KiB)',
  ],
  'few-bandersnatch-8': ['bandersnatch (up to serial 10000175)', tookFew],
  'few-shadowmire-2': ['shadowmire (up to serial 10000175)', tookFew],
} as const satisfies Record<string, readonly [from: string, took: string]>;

for (const archive of Object.keys(words) as (keyof typeof words)[]) {
  const [from, took] = words[archive];
  t.test(`${archive} is adopted`, { skip }, async (t) => {
    const { server, target, mirror } = await openOld(t, archive);
    const { code, stdout, stderr } = await mirror();
    t.equal(code, 0);
    t.equal(stderr, '');
    const lines = stdout.split('\n');
    t.same(lines.slice(0, 2), [`Taking over the mirror of ${from}`, took]);
    t.notMatch(stdout, /^Copying/m);
    t.match(lines.at(-2), / projects published, 0 files copied \(0 B\)/);
    t.same(downloads(server), []);
    t.same(readerProblems(join(target, 'web')), []);
    // The others become what new mirrors are in recorded-targets.test.ts.
    if (archive !== 'few-bandersnatch-8') return;
    t.match(await mirror(), { code: 0, stdout: /^0 projects published, 0 files copied[^\n]*\n$/, stderr: '' });
    const fresh = join(target, '../fresh');
    await run(program, ['-q', '--upstream', server.url, fresh]);
    t.same(publishedTree(target), publishedTree(fresh), 'it is what a new mirror is');
    t.same(stateOf(target), stateOf(fresh));
  });
}

t.test('with an unreachable upstream a target is adopted once, and its tree stays readable', { skip }, async (t) => {
  for (const archive of ['target-1.5-complete'] as const) {
    const { server, target, mirror } = await openOld(t, archive);
    server.faults.add({ do: 'reset' });
    const first = await mirror();
    t.equal(first.code, 3);
    t.match(first.stdout, /^Taking over the mirror of [^\n]*\nTook over [^\n]*\n/);
    t.match(first.stderr, /^pep381run: error: [^\n]*\n$/);
    t.same(readable(target), []);
    server.faults.clear();
    const elsewhere = await run(program, ['--log-format', 'json', '--upstream', 'http://127.0.0.1:9', target]);
    t.equal(elsewhere.code, 3, 'nothing says yet which upstream it mirrors');
    t.notMatch(elsewhere.stdout, '"adopting"');
    t.match(await mirror('-q'), { ...quiet, stdout: /^Upstream can be reached again[^\n]*\n$/ });
    t.same(downloads(server), []);
    t.same(readerProblems(join(target, 'web')), []);
    t.notOk(existsSync(join(target, 'old-state')));
    rmSync(target, { recursive: true });
  }
});

t.test('new files of upstream are fetched, and reported in the words of 1.5', { skip }, async (t) => {
  const { server, target, mirror } = await openOld(t, 'target-1.5-complete');
  const { path } = server.index.publish(makeSdist({ name: 'nose', version: '2.0' }));
  server.index.removeProject('Zope.Interface');
  const { code, stdout } = await mirror();
  t.equal(code, 0);
  t.match(stdout, new RegExp(`^Copying ${path}$`, 'm'));
  t.match(stdout, /^Removing \/packages\/source\/Z\/Zope\.Interface\/Zope\.Interface-3\.6\.1\.tar\.gz$/m);
  t.same(downloads(server), [path]);
  t.same(readerProblems(join(target, 'web')), []);
});

t.test('the JSON log has a line for each adopted project', { skip }, async (t) => {
  const { mirror } = await openOld(t, 'target-1.5-interrupted');
  const { code, stdout, stderr } = await mirror('--log-format', 'json');
  t.equal(`${code}${stderr}`, '0');
  const events: { type: string }[] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.equal(events.filter(({ type }) => type === 'project-adopted').length, 9);
  t.equal(events[0]?.type, 'adopting');
  t.ok(events.some(({ type }) => type === 'adopted'));
});

t.test('a status that cannot be read means exit code 4, one line, and nothing changed', { skip }, async (t) => {
  const { server, target, mirror } = await openOld(t, 'target-1.5-complete');
  const status = join(target, 'status');
  const right = readFileSync(status);
  const pwned = join(target, 'pwned');
  const hostile = Buffer.from(
    `\x80\x02cposix\nsystem\nq\x00U${String.fromCharCode(pwned.length + 6)}touch ${pwned}q\x01\x85Rq\x03.`,
    'latin1',
  );
  writeFileSync(status, hostile);
  const before = untouchedTree(target);
  for (const options of [[], ['--dry-run']]) {
    const { code, stdout, stderr } = await mirror(...options);
    t.equal(code, 4);
    t.equal(stdout, '');
    t.ok(stderr.startsWith(`pep381run: error: ${status}: `), stderr);
    t.equal(stderr.trimEnd().split('\n').length, 1);
    t.same(untouchedTree(target), before);
  }
  t.same(server.requests, []);
  writeFileSync(status, right);
  t.same(await mirror('-q'), quiet, 'once the file is right it is taken over, and with -q nothing is said');
  t.same(downloads(server), []);
  t.ok(existsSync(join(target, 'trash')) && !existsSync(status));
});

t.test('a dry run does not adopt the target of another program', { skip }, async (t) => {
  const refusal = (of: string, from: string) => ({
    code: 2,
    stdout: '',
    stderr: `pep381run: error: ${of}: is the mirror of ${from}; a dry run cannot take it over, a run without it can\n`,
  });
  for (const [archive, tree] of [
    ['target-1.5-interrupted', 'web'],
    ['few-shadowmire-2', undefined],
  ] as const) {
    const { server, target, mirror } = await openOld(t, archive);
    const before = untouchedTree(target);
    t.same(await mirror('--dry-run'), refusal(target, words[archive][0]));
    t.same(untouchedTree(target), before);
    if (tree !== undefined) {
      const copied = join(target, '../copied');
      cpSync(join(target, tree), join(copied, 'web'), { recursive: true, verbatimSymlinks: true });
      const alone = await run(program, ['--dry-run', '--upstream', server.url, copied]);
      t.match(alone, { code: 2, stdout: '', stderr: /: is the mirror of an unknown program; [^\n]*\n$/ });
      t.notOk(existsSync(join(copied, 'state.db')));
    }
    t.same(server.requests, []);
    rmSync(join(target, '..'), { recursive: true });
  }
});

t.test('a folder that is no known target is refused in one line, and left alone', { skip }, async (t) => {
  const folder = join(t.testdir(), 'mine');
  const unknown: Readonly<Record<string, () => void>> = {
    'a status that is none': () => {
      mkdirSync(join(folder, 'web'));
      writeFileSync(join(folder, 'status'), 'all is well');
    },
    'a web without pages': () => {
      mkdirSync(join(folder, 'web/simple'), { recursive: true });
      mkdirSync(join(folder, 'htdocs'));
    },
    'a status without a tree': () => {
      unpack('target-1.5-complete', folder);
      rmSync(join(folder, 'web'), { recursive: true });
      rmSync(join(folder, 'files'));
    },
    'a database alone': () => writeFileSync(join(folder, 'local.db'), ''),
  };
  for (const [name, make] of Object.entries(unknown)) {
    mkdirSync(folder);
    make();
    const before = treeOf(folder);
    const message = new RegExp(`^${folder}: is neither empty nor a mirror \\(it holds \\S+\\); [^\n]*$`);
    t.throws(
      () => openTarget(folder, () => openOldTarget(folder) !== undefined),
      { name: 'UsageError', message },
      name,
    );
    t.same(treeOf(folder), before);
    if (name !== 'a database alone') rmSync(folder, { recursive: true });
  }
  const { code, stdout, stderr } = await run(program, ['-q', '--upstream', 'http://127.0.0.1:9', folder]);
  t.same([code, stdout], [2, '']);
  t.match(stderr, /^pep381run: error: [^\n]*\/mine: is neither empty nor a mirror \(it holds [^\n]*\); [^\n]*\n$/);
  t.same(Object.keys(treeOf(folder)), ['local.db']);
});

t.test('a tree whose state.db was made by processlogs, or is empty, is adopted and loses nothing', async (t) => {
  const { server, target, mirror } = await openMirrored(t, program, smallIndex);
  const before = publishedTree(target);
  const log = join(target, '../access.log');
  writeFileSync(
    log,
    '192.0.2.1 - - [01/Jan/2026:10:00:00 +0000] "GET /packages/a/b.tar.gz HTTP/1.1" 200 10 "-" "pip/26.0"\n',
  );
  for (const what of ['made by processlogs', 'empty']) {
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(target, `state.db${suffix}`), { force: true });
    if (what === 'empty') writeFileSync(join(target, 'state.db'), '');
    else t.equal((await run(join(programs, 'processlogs'), ['-q', target, log])).code, 0);
    // checkfiles.test.ts checks an empty one.
    if (what !== 'empty') {
      const check = await run(join(programs, 'pep381checkfiles'), ['--delete-unreferenced', target]);
      t.match(check, { code: 4, stdout: '', stderr: /state\.db: knows nothing of this mirror; pep381run takes over/ });
      t.match(await mirror('--dry-run'), { code: 2, stderr: /whose state was lost; a dry run cannot take it over/ });
    }
    t.match(await run(program, ['--upstream', server.url, target]), { code: 0, stdout: /Took over 3 projects/ });
    t.same(withoutStats(publishedTree(target)), withoutStats(before), what);
    if (what !== 'empty') t.equal(countsIn(target), 1, 'what was counted stays');
  }
});

/** What processlogs publishes is not of these runs. */
function withoutStats(tree: Readonly<Record<string, string>>): object {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !path.startsWith('local-stats/')));
}

/** How many tables of downloads are kept. */
function countsIn(target: string): number {
  const db = new Database(join(target, 'state.db'), { readonly: true });
  try {
    return db.prepare<[], number>('SELECT count(*) FROM stats_counts').pluck().get() ?? 0;
  } finally {
    db.close();
  }
}
