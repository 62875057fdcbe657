/** Every kind of damage: what is said about it, that it is queued, and that the next run makes everything as it was. */
import { existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { expectedHeld } from '../../src/check/expected-file.ts';
import { helperFor } from '../../src/check/help-check.ts';
import { StorageError } from '../../src/core/errors.ts';
import type { ProjectName } from '../../src/core/names.ts';
import type { WebPath } from '../../src/core/paths.ts';
import { sidecars } from '../../src/core/sidecars.ts';
import type { FileStore } from '../../src/files/file-store.ts';
import { FilesystemFileStore } from '../../src/files/filesystem/filesystem-file-store.ts';
import { SqliteStateStore } from '../../src/state/sqlite/sqlite-state-store.ts';
import { publishedTree } from '../e2e/tree.ts';
import { indexOfMany, removeMany } from '../fixtures/index-of-many.ts';
import { syncedCopies } from '../fixtures/synced-copies.ts';
import { openTestMirror, type TestMirror } from '../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { damageableIndex, flipByte, queuedIn, runCheck } from './checked-mirror.ts';

const openSynced = syncedCopies(t, damageableIndex);
const todo = 'Todo list updated; run pep381run now';
const sdist = 'many-1.0.tar.gz';
const wheel = 'many-2.0-py3-none-any.whl';
const hex = '[0-9a-f]{64}';

/** The HTML is made from the JSON, so that both cannot be right. */
const htmlDiffers = 'Bad page simple/many/index.html: differs from index.v1_json';

interface Case {
  readonly damage: (mirror: TestMirror) => void;
  /** What is said; `<sdist>` and `<wheel>` stand for their paths. */
  readonly lines: readonly (string | RegExp)[];
  /** Projects that are queued, `many` unless told. */
  readonly queued?: readonly string[];
}

const blobOf = (mirror: TestMirror, filename: string): string => join(mirror.web, mirror.pathOf('many', filename));
const pageOf = (mirror: TestMirror, page: string): string => join(mirror.web, 'simple/many', page);

/** The wheel has one of each kind beside it. */
const missingSidecars = Object.entries(sidecars).map(([kind, { suffix }]): [string, Case] => [
  `missing ${kind}`,
  {
    damage: (mirror) => rmSync(`${blobOf(mirror, wheel)}${suffix}`),
    lines: [`Missing ${kind} <wheel>${suffix}`],
  },
]);

/** 50 MiB of nothing. */
const endless = gzipSync(Buffer.alloc(50 << 20), { level: 1 });

const cases: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(missingSidecars),
  'a missing file': {
    damage: (mirror) => rmSync(blobOf(mirror, sdist)),
    lines: ['Missing file <sdist>'],
  },
  'a file that was cut off': {
    damage: (mirror) => truncateSync(blobOf(mirror, sdist), 5),
    lines: [/^Bad size <sdist>: expected \d+ bytes, found 5 bytes$/],
  },
  'a file with one wrong bit': {
    damage: (mirror) => flipByte(blobOf(mirror, sdist)),
    lines: [new RegExp(`^Bad sha256 <sdist>: expected ${hex}, found ${hex}$`)],
  },
  'metadata with one wrong bit': {
    damage: (mirror) => flipByte(`${blobOf(mirror, wheel)}.metadata`),
    lines: [new RegExp(`^Bad metadata <wheel>.metadata: expected ${hex}, found ${hex}$`)],
  },
  'a provenance object that is none': {
    damage: (mirror) => writeFileSync(`${blobOf(mirror, wheel)}.provenance`, '{"half":'),
    lines: ['Bad provenance <wheel>.provenance: expected JSON, found something else'],
  },
  'several files of a project': {
    damage: (mirror) => {
      rmSync(blobOf(mirror, sdist));
      flipByte(blobOf(mirror, wheel));
      rmSync(`${blobOf(mirror, wheel)}.metadata`);
    },
    lines: ['Missing file <sdist>', /^Bad sha256 <wheel>: /, 'Missing metadata <wheel>.metadata'],
  },
  'a missing HTML page': {
    damage: (mirror) => rmSync(pageOf(mirror, 'index.html')),
    lines: ['Missing index.html for simple/many'],
  },
  'a missing JSON page': {
    damage: (mirror) => rmSync(pageOf(mirror, 'index.v1_json')),
    lines: ['Missing page simple/many/index.v1_json'],
  },
  'a project without its pages': {
    damage: (mirror) => rmSync(join(mirror.web, 'simple/alpha'), { recursive: true }),
    lines: ['Missing index.html for simple/alpha', 'Missing page simple/alpha/index.v1_json'],
    queued: ['alpha'],
  },
  'an HTML page that says something else': {
    damage: (mirror) => {
      const page = Buffer.from(mirror.text('simple/many/index.html').replace('many-1.1', 'evil-1.1'));
      writeFileSync(pageOf(mirror, 'index.html'), page);
      writeFileSync(pageOf(mirror, 'index.html.gz'), gzipSync(page));
    },
    lines: [htmlDiffers],
  },
  'a JSON page that is none': {
    damage: (mirror) => truncateSync(pageOf(mirror, 'index.v1_json'), 2000),
    lines: [
      /^Bad page simple\/many\/index.v1_json: not JSON \(/,
      'Bad .gz twin simple/many/index.v1_json.gz: not its page',
    ],
  },
  'pages that lack a file': {
    damage: (mirror) => rewritePage(mirror, (page) => ({ ...page, files: page.files.slice(1) })),
    lines: [htmlDiffers, 'Bad page simple/many/index.v1_json: <sdist> is held, and not listed'],
  },
  'pages of another serial': {
    damage: (mirror) => rewritePage(mirror, (page) => ({ ...page, meta: { ...page.meta, '_last-serial': 1 } })),
    lines: [htmlDiffers, /^Bad page simple\/many\/index.v1_json: expected serial \d+, found 1$/],
  },
  'pages of another project': {
    damage: (mirror) => rewritePage(mirror, (page) => ({ ...page, name: 'fewer' })),
    lines: [htmlDiffers, 'Bad page simple/many/index.v1_json: expected the page of many, found that of fewer'],
  },
  'a twin that is missing': {
    damage: (mirror) => rmSync(pageOf(mirror, 'index.html.gz')),
    lines: ['Bad .gz twin simple/many/index.html.gz: missing'],
  },
  'a twin of another page': {
    damage: (mirror) => renameSync(pageOf(mirror, 'index.html.gz'), pageOf(mirror, 'index.v1_json.gz')),
    lines: [
      'Bad .gz twin simple/many/index.v1_json.gz: not its page',
      'Bad .gz twin simple/many/index.html.gz: missing',
    ],
  },
  'a twin that is not compressed': {
    damage: (mirror) => writeFileSync(pageOf(mirror, 'index.html.gz'), 'x'),
    lines: ['Bad .gz twin simple/many/index.html.gz: not its page'],
  },
  'a twin that unpacks without end': {
    damage: (mirror) => writeFileSync(pageOf(mirror, 'index.html.gz'), endless),
    lines: ['Bad .gz twin simple/many/index.html.gz: not its page'],
  },
  'a twin of a page that is too small for one': {
    damage: (mirror) => writeFileSync(join(mirror.web, 'simple/alpha/index.html.gz'), gzipSync('old')),
    lines: ['Bad .gz twin simple/alpha/index.html.gz: its page is too small for one'],
    queued: ['alpha'],
  },
  'a compressed list of projects that is another': {
    damage: (mirror) => writeFileSync(join(mirror.web, 'simple/index.html.gz'), gzipSync('other')),
    lines: ['Bad .gz twin simple/index.html.gz: not its page'],
    queued: [],
  },
  'a missing list of projects': {
    damage: (mirror) => rmSync(join(mirror.web, 'simple/index.html')),
    lines: ['Missing index.html for simple'],
    queued: [],
  },
  'a list that lacks a project': {
    damage: (mirror) => {
      const page = mirror.text('simple/index.v1_json').replace(/,\{[^}]*"name":"many"\}/, '');
      writeFileSync(join(mirror.web, 'simple/index.v1_json'), page);
    },
    lines: ['Bad page simple/index.v1_json: lists other projects than state.db'],
    queued: [],
  },
};

function rewritePage(mirror: TestMirror, change: (page: ReturnType<TestMirror['page']>) => object): void {
  const text = Buffer.from(`${JSON.stringify(change(mirror.page('many')))}\n`);
  writeFileSync(pageOf(mirror, 'index.v1_json'), text);
  writeFileSync(pageOf(mirror, 'index.v1_json.gz'), gzipSync(text));
}

t.test('a mirror that is right gives no line', async (t) => {
  const mirror = await openSynced(t);
  const { lines, exitCode, tally } = await runCheck(mirror);
  t.same(lines, []);
  t.equal(exitCode, 0);
  t.match(tally, { projects: 3, files: 7, findings: 0, queued: 0 });
  t.ok(tally.bytes > 5000);
  t.same(queuedIn(mirror), []);
  const helped = await runCheck(mirror, { isHelped: true });
  t.same([helped.lines, helped.tally], [[], tally], 'nor does it, or count anything else, with a helper');
});

t.test('what a helper has found right is not looked at again', async (t) => {
  const mirror = await openSynced(t);
  let calls = 0;
  const files = (store: FileStore): FileStore =>
    new Proxy(store, {
      get(target, method: keyof FileStore) {
        if (method === 'digest') calls += 1;
        const member = target[method];
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  await runCheck(mirror, { files });
  const alone = calls;
  await runCheck(mirror, { files, isHelped: true });
  t.equal(calls, 2 * alone);
});

function newPromise(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

t.test('a helper walks through folders only while it reads no file', async (t) => {
  const mirror = await openSynced(t);
  const state = new SqliteStateStore(join(mirror.target, 'state.db'), mirror.clock, { readOnly: true });
  t.teardown(() => state.close());
  const order: string[] = [];
  const { promise: gate, resolve: open } = newPromise();
  const store = new FilesystemFileStore(mirror.target, mirror.clock);
  const files = new Proxy<FileStore>(store, {
    get(target, method: keyof FileStore) {
      const member = target[method];
      if (method === 'entries')
        return (folder: WebPath) => {
          order.push('folder');
          return target.entries(folder);
        };
      if (method === 'digest')
        return async (path: WebPath) => {
          await gate;
          order.push('file');
          return target.digest(path);
        };
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  const { signal } = new AbortController();
  const settings = { quick: false, subset: undefined, repair: false, deleteUnreferenced: false };
  const helper = helperFor({
    state,
    files,
    clock: mirror.clock,
    signal,
    settings,
    takeLock: () => undefined,
    report: () => {},
  });
  const held = state.held.project('many' as ProjectName).files;
  const reading = helper.readFiles({ project: 'many' as ProjectName, files: held.map(expectedHeld) }, () => {});
  const walking = helper.isAccountedFor(held[0]?.path.split('/')[1] ?? '');
  await delay(20);
  t.same(order, []);
  open();
  t.same(await reading, []);
  t.equal(await walking, true);
  t.same(order.indexOf('folder'), order.lastIndexOf('file') + 1);
});

t.test('each kind of damage is told, queued and healed, also if a helper says that it is not right', async (t) => {
  // Each case leaves the mirror as it was.
  const mirror = await openSynced(t);
  const before = publishedTree(mirror.target);
  t.same(mirror.problems(), []);
  for (const [what, { damage, lines, queued = ['many'] }] of Object.entries(cases)) {
    await t.test(what, async (t) => {
      damage(mirror);
      const state = join(mirror.target, 'state.db');
      const unqueued = readFileSync(state);
      for (const isHelped of [false, true]) {
        writeFileSync(state, unqueued);
        const checked = await runCheck(mirror, { isHelped });
        const said = checked.lines
          // What remains of a file that is missing.
          .filter((line) => !line.startsWith('Empty folder '))
          .map((line) => line.replace(mirror.pathOf('many', sdist), '<sdist>'))
          .map((line) => line.replace(mirror.pathOf('many', wheel), '<wheel>'));
        t.match(said, [...lines, todo], `isHelped = ${isHelped}`);
        t.equal(said.length, lines.length + 1);
        t.equal(checked.exitCode, 1);
        t.same(queuedIn(mirror), queued);
      }
      await mirror.run();
      t.same(publishedTree(mirror.target), before, 'byte for byte');
      t.same((await runCheck(mirror)).lines, []);
    });
  }
});

t.test('what is held of a project that is not finished yet is checked, too', async (t) => {
  const mirror = await openSynced(t);
  mirror.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  mirror.index.publish(makeSdist({ name: 'beta', version: '2.0' }));
  const off = mirror.server.faults.add({ do: 'status', status: 500, match: /beta-2\.0\.tar\.gz/ });
  await mirror.runLater();
  const wheel = mirror.pathOf('beta', 'beta-2.0-py3-none-any.whl');
  rmSync(join(mirror.web, `${wheel}.metadata`));
  t.match((await runCheck(mirror)).lines, [/^Missing metadata .*beta-2\.0-py3-none-any\.whl\.metadata$/, /^Todo list/]);
  off();
  await mirror.runLater();
  t.same(mirror.problems(), []);
  t.same((await runCheck(mirror)).lines, []);
});

t.test('what is served until its removal is allowed is checked, reported, and left as it is', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(17) });
  await mirror.run();
  const path = mirror.pathOf('many-3', 'many_3-1.0.tar.gz');
  removeMany(mirror, 0, 9);
  await mirror.runLater();
  t.same((await runCheck(mirror)).lines, []);
  flipByte(join(mirror.web, path));
  for (const repair of [false, true]) {
    const { lines, exitCode } = await runCheck(mirror, { repair });
    t.match(lines, [/^Bad sha256 .*many_3-1\.0\.tar\.gz/]);
    t.equal(lines.length, 1);
    t.equal(exitCode, 1);
  }
  t.ok(existsSync(join(mirror.web, path)));

  // Nor is there anything wrong after a run that dies while it removes all of that.
  flipByte(join(mirror.web, path));
  t.same((await runCheck(mirror)).lines, []);
  const dying = mirror.runLater({
    allowDeletions: 9,
    openFiles: (local) => {
      const discard = local.discard.bind(local);
      const dies = (paths: readonly WebPath[]): Promise<void> =>
        paths.some((path) => path.startsWith('packages/'))
          ? Promise.reject(new StorageError('dies once the pages are gone'))
          : discard(paths);
      return Object.assign(local, { discard: dies });
    },
  });
  await t.rejects(dying, { message: 'dies once the pages are gone' });
  t.notOk(existsSync(join(mirror.web, 'simple/many-3')));
  t.ok(existsSync(join(mirror.web, path)));
  const { lines, exitCode } = await runCheck(mirror);
  t.same(lines, []);
  t.equal(exitCode, 0);
  await mirror.runLater({ allowDeletions: 9 });
  t.same((await runCheck(mirror)).lines, []);
  t.same(mirror.problems(), []);
});
