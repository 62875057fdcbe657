/** Damage in a bucket of a real object store: what is said about it by listing and by reading, and that it is healed. */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import type { CheckJob } from '../../src/check/check-job.ts';
import { dayMs } from '../../src/core/durations.ts';
import { packagesRoot, pathOfKey } from '../../src/core/paths.ts';
import type { FileStore } from '../../src/files/file-store.ts';
import { FilesystemFileStore } from '../../src/files/filesystem/filesystem-file-store.ts';
import type { ObjectJournal } from '../../src/files/object-journal.ts';
import type { Bucket } from '../../src/files/s3/bucket.ts';
import { BucketCheck } from '../../src/files/s3/bucket-check.ts';
import { listed } from '../../src/files/s3/listed-files.ts';
import { S3FileStore } from '../../src/files/s3/s3-file-store.ts';
import { type Holding, SplitFileStore } from '../../src/files/s3/split-file-store.ts';
import { SqliteObjectListing } from '../../src/state/sqlite/sqlite-object-listing.ts';
import { SqliteStateStore } from '../../src/state/sqlite/sqlite-state-store.ts';
import { someCases } from '../fixtures/every-case.ts';
import { type ObjectStore, objectStoreOrReason, openObjectStore } from '../fixtures/object-store.ts';
import { openTestBucket } from '../fixtures/test-bucket.ts';
import { openTestMirror, type TestMirror } from '../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { type Checked, type CheckOptions, damageableIndex, queuedIn, runCheck } from './checked-mirror.ts';

const needsStore = objectStoreOrReason();
const root = t;
const todo = 'Todo list updated; run pep381run now';
const sdist = 'many-1.0.tar.gz';
const wheel = 'many-2.0-py3-none-any.whl';
const other = `packages/aa/bb/${'0'.repeat(60)}/other-1.0.zip`;

/** What runs renew although nothing has changed. */
const renewed = /^web\/(?:last-modified|changes\.json)$/;

/** All mirrors are in one bucket. */
let store: ObjectStore | undefined;
let mirrors = 0;

interface BucketMirror {
  readonly mirror: TestMirror;
  readonly bucket: Bucket;
  /** What all addresses begin with. */
  readonly address: string;
  run(): Promise<void>;
  /** Checks it, two days after now by the clock of the store. */
  check(options?: CheckOptions): Promise<Checked>;
  /** Changes what the mirror remembers of the store. */
  remember(change: (journal: ObjectJournal) => void): void;
  /** Lists the bucket for the next check. */
  list(): Promise<void>;
  /** Returns the keys below `web/` with their ETags. */
  objects(): Promise<ReadonlyMap<string, string>>;
}

async function openBucketMirror(t: Test, hold: Holding, index = damageableIndex()): Promise<BucketMirror> {
  store ??= await openObjectStore({ teardown: (end) => root.teardown(end) });
  mirrors += 1;
  const prefix = `${mirrors}/`;
  const bucket = openTestBucket(t, store, prefix);
  const mirror = await openTestMirror(t, { index });
  const { clock } = mirror;
  const openFiles = (local: FileStore, state: SqliteStateStore): FileStore =>
    new SplitFileStore(local, new S3FileStore({ bucket, journal: state.objects, removals: clock }), hold);
  const openObjects = (local: FileStore, state: SqliteStateStore): Pick<CheckJob, 'files' | 'objects'> => {
    const live = openFiles(local, state);
    const journal = state.objects;
    const listing = new SqliteObjectListing(join(mirror.target, 'listing.db'));
    const later = { now: () => Date.now() + 2 * dayMs };
    const objects = new BucketCheck({ bucket, prefix, hold, live, listing, journal, clock: later });
    return { files: listed(live, listing, journal), objects };
  };
  const run = async (): Promise<void> => {
    await mirror.runLater({ openFiles, allowDeletions: 100 });
  };
  await run();
  return {
    ...{ mirror, bucket, run, address: `s3://${store.bucket}/${prefix}` },
    check: (options) => runCheck(mirror, { openObjects, ...options }),
    remember: (change) => {
      const state = new SqliteStateStore(join(mirror.target, 'state.db'), clock);
      change(state.objects);
      state.close();
    },
    list: async () => {
      const state = new SqliteStateStore(join(mirror.target, 'state.db'), clock);
      const { objects } = openObjects(new FilesystemFileStore(mirror.target, clock), state);
      await objects?.list(new AbortController().signal, () => {});
      objects?.close();
      state.close();
    },
    objects: async () => {
      const found = new Map<string, string>();
      for await (const { objects } of bucket.list('web/'))
        for (const { key, etag } of objects) if (!renewed.test(key)) found.set(key, etag);
      return found;
    },
  };
}

/** Puts other bytes in the place of an object, with all that is stored with it. */
async function replace(bucket: Bucket, key: string, change: (body: Buffer) => Buffer): Promise<void> {
  const found = await bucket.read(key);
  if (found === undefined) throw new Error(`${key} is missing`);
  await bucket.put(key, change(found.body), found.headers);
}

function withOtherByte(body: Buffer): Buffer {
  const changed = Buffer.from(body);
  changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1;
  return changed;
}

interface Case {
  damage(of: BucketMirror): Promise<unknown>;
  /** What is said; `<sdist>` and `<wheel>` stand for their addresses, `<web>` for that of `web/`. */
  readonly lines: readonly (string | RegExp)[];
  readonly onlyWith?: Holding;
  /** Not seen by a quick check. */
  readonly isDeep?: boolean;
}

const keyOf = ({ mirror }: BucketMirror, filename: string): string => `web/${mirror.pathOf('many', filename)}`;

const cases: Readonly<Record<string, Case>> = {
  'an object that was deleted': {
    damage: (of) => of.bucket.remove([keyOf(of, sdist)]),
    lines: ['Missing file <sdist>'],
  },
  'an object that was replaced by one of the same size': {
    damage: (of) => replace(of.bucket, keyOf(of, sdist), withOtherByte),
    lines: [/^Bad sha256 <sdist>: expected [0-9a-f]{64}, found [0-9a-f]{64}$/],
  },
  'an object that was cut off': {
    damage: (of) => replace(of.bucket, keyOf(of, sdist), (body) => body.subarray(0, 5)),
    lines: [/^Bad size <sdist>: expected \d+ bytes, found 5 bytes$/],
  },
  'a missing sidecar': {
    damage: (of) => of.bucket.remove([`${keyOf(of, wheel)}.metadata`]),
    lines: ['Missing metadata <wheel>.metadata'],
  },
  'metadata that was replaced': {
    damage: (of) => replace(of.bucket, `${keyOf(of, wheel)}.metadata`, withOtherByte),
    lines: [/^Bad metadata <wheel>.metadata: expected /],
  },
  'a provenance object that was replaced by another one': {
    damage: (of) => replace(of.bucket, `${keyOf(of, wheel)}.provenance`, () => Buffer.from('{}')),
    lines: ['Bad provenance <wheel>.provenance: expected the object that was published, found another one'],
  },
  'a page that says something else': {
    onlyWith: 'everything',
    damage: async ({ bucket }) => {
      const evil = (body: Buffer): Buffer => Buffer.from(body.toString().replace('many-1.1', 'evil-1.1'));
      await replace(bucket, 'web/simple/many/index.html', evil);
      const page = await bucket.read('web/simple/many/index.html');
      await replace(bucket, 'web/simple/many/index.html.gz', () => gzipSync(page?.body ?? ''));
    },
    lines: ['Bad page <web>simple/many/index.html: differs from index.v1_json'],
  },
  'a missing page': {
    onlyWith: 'everything',
    damage: ({ bucket }) => bucket.remove(['web/simple/many/index.v1_json']),
    lines: ['Missing page <web>simple/many/index.v1_json'],
  },
  'a twin of another page': {
    onlyWith: 'everything',
    damage: ({ bucket }) => replace(bucket, 'web/simple/many/index.html.gz', () => gzipSync('other')),
    lines: ['Bad .gz twin <web>simple/many/index.html.gz: not its page'],
  },
};

const ways = [
  { hold: 'files', quick: true },
  { hold: 'everything', quick: false },
  { hold: 'files', quick: false },
  { hold: 'everything', quick: true },
] as const;

/** The cases with the ways in which each is tried. */
const tried = Object.entries(cases).flatMap(([what, one], at) => {
  const fitting = ways.filter(({ hold }) => one.onlyWith === undefined || one.onlyWith === hold);
  return someCases(fitting, fitting.length, at).map((way) => ({ what, ...one, ...way }));
});

for (const hold of ['files', 'everything'] as const) {
  t.test(
    `with hold = "${hold}" what is damaged is told, queued and healed, one after the other`,
    needsStore,
    async (t) => {
      const of = await openBucketMirror(t, hold);
      const isRight = async (when: string): Promise<void> => {
        for (const quick of [true, false]) {
          const { lines, exitCode, tally } = await of.check({ quick });
          t.same({ lines, exitCode }, { lines: [], exitCode: 0 }, `${when}, quick = ${quick}`);
          t.match(tally, { projects: 3, files: 7, findings: 0, queued: 0 });
        }
      };
      await isRight('before');
      const before = await of.objects();
      for (const { what, damage, lines, quick } of tried.filter((one) => one.hold === hold)) {
        await damage(of);
        const checked = await of.check({ quick });
        const said = checked.lines
          .map((line) => line.replace(`${of.address}${keyOf(of, sdist)}`, '<sdist>'))
          .map((line) => line.replace(`${of.address}${keyOf(of, wheel)}`, '<wheel>'))
          .map((line) => line.replace(`${of.address}web/`, '<web>'));
        const name = `${what}, quick = ${quick}`;
        t.match(said, [...lines, todo], name);
        t.equal(said.length, lines.length + 1, name);
        t.equal(checked.exitCode, 1, name);
        t.same(queuedIn(of.mirror), ['many'], name);
        await of.run();
        t.same(await of.objects(), before, `${name}: byte for byte`);
      }
      await isRight('afterwards');
    },
  );
}

t.test('--repair takes a damaged file off the pages and into the trash at once', needsStore, async (t) => {
  const of = await openBucketMirror(t, 'everything');
  await replace(of.bucket, keyOf(of, sdist), withOtherByte);
  const { lines } = await of.check({ quick: true, repair: true });
  t.match(lines, [/^Bad sha256 /, `Moved to the trash ${of.address}${keyOf(of, sdist)}`, todo]);
  const page = await of.bucket.read('web/simple/many/index.html');
  t.notMatch(page?.body.toString(), sdist);
  await of.run();
  t.same((await of.check()).lines, []);
});

t.test('what belongs to nothing is told, and removed if that is wanted', needsStore, async (t) => {
  const of = await openBucketMirror(t, 'files');
  const { bucket, address } = of;
  const before = await of.objects();
  const headers = { contentType: 'text/plain' };
  const strays = [`web/${other}`, 'web/simple/old/index.html', 'notes.txt', 'old/a', 'prefetch/1', 'trash/x'];
  for (const key of [...strays, 'trash/2026-01-01/packages/x', 'state/x', 'lease.json', 'another/web/x'])
    await bucket.put(key, Buffer.from('x'), headers);
  const xEtag = (await bucket.head('notes.txt'))?.etag;
  await bucket.beginUpload(`web/${other}`, headers);
  const lines = [
    `Unreferenced file ${address}web/${other}`,
    `Unreferenced object ${address}notes.txt`,
    `Unreferenced objects ${address}old/`,
    `Unreferenced objects ${address}web/simple/`,
    `Unreferenced object ${address}trash/x`,
    `Unknown day of the trash ${address}trash/2026-01-01/`,
    `Unreferenced object ${address}prefetch/1`,
    `Open upload ${address}web/${other}`,
  ];
  const first = await of.check({ quick: true });
  t.same(first.lines, lines);
  t.equal(first.exitCode, 1);
  const { lines: said } = await of.check({ quick: true, deleteUnreferenced: true });
  t.same(
    said.filter((line) => !/^Moved|^Will|^Aborted/.test(line)),
    lines,
  );
  t.same(await of.objects(), new Map([...before, [`web/${other}`, xEtag]]), 'files are deleted later, as always');
  for await (const upload of bucket.uploads('')) t.fail(upload.key);
  t.ok(await bucket.head('state/x'), 'copies of the state stay');
  t.ok(await bucket.head('lease.json'), 'the lease stays');
  t.ok(await bucket.head('another/web/x'), 'another mirror stays');
  t.equal(await bucket.head('notes.txt'), undefined);
  t.same((await of.check({ quick: true })).lines, []);
});

t.test('a file that waits to be deleted and an upload that is known are nothing wrong', needsStore, async (t) => {
  const of = await openBucketMirror(t, 'files');
  const key = keyOf(of, sdist);
  of.mirror.index.removeFile('many', sdist);
  await of.run();
  t.ok(await of.bucket.head(key));
  const uploadId = await of.bucket.beginUpload(`web/${other}`, { contentType: 'text/plain' });
  const path = pathOfKey(of.mirror.pathOf('many', wheel)) ?? packagesRoot;
  of.remember((journal) => journal.addUpload({ path, uploadId }));
  t.same((await of.check()).lines, [`Leftover ${of.address}${keyOf(of, wheel)}`]);
});

t.test('files that are on the disk as well are compared, and published again', needsStore, async (t) => {
  const of = await openBucketMirror(t, 'everything');
  const { bucket, address } = of;
  const before = await of.objects();
  const damage = async (): Promise<void> => {
    await replace(bucket, 'web/simple/index.html', withOtherByte);
    await bucket.remove(['web/last-modified']);
  };
  await damage();
  await bucket.put('web/removed-long-ago', Buffer.from('x'), { contentType: 'text/plain' });
  const lines = [
    `Missing object ${address}web/last-modified`,
    `Bad object ${address}web/simple/index.html: differs from ${join(of.mirror.web, 'simple/index.html')}`,
    `Unreferenced object ${address}web/removed-long-ago`,
  ];
  const linesOf = (checked: Checked): string[] =>
    checked.lines.map((line) => line.replace('from simple', `from ${of.mirror.web}/simple`));
  t.same(linesOf(await of.check({ quick: true })), [...lines, todo]);
  await of.run();
  t.equal((await of.objects()).get('web/simple/index.html'), before.get('web/simple/index.html'), 'the run puts it');
  t.ok(await bucket.head('web/last-modified'));
  await damage();
  t.match(linesOf(await of.check({ quick: true, repair: true, deleteUnreferenced: true })), lines);
  t.ok(await bucket.head('web/last-modified'));
  t.equal((await of.objects()).get('web/simple/index.html'), before.get('web/simple/index.html'));
  t.same((await of.check()).lines, []);
});

t.test('a quick check asks once for a thousand objects, and a full one reads each once', needsStore, async (t) => {
  const index = new SampleIndex();
  const numbers = Array.from({ length: 150 }, (_, number) => number);
  for (const number of someCases(numbers, 15))
    for (const version of ['1', '2']) index.publish(makeSdist({ name: `p-${number}`, version }));
  const of = await openBucketMirror(t, 'everything', index);
  const { size } = await of.objects();
  t.ok(size > 60, `${size} objects`);
  const before = { ...of.bucket.usage.requests };
  t.same((await of.check({ quick: true })).lines, []);
  const quick = { ...of.bucket.usage.requests };
  t.equal(quick.get - before.get, 0);
  t.equal(quick.head - before.head, 0);
  t.ok(quick.list - before.list <= Math.ceil(size / 1000) + 5, `${quick.list - before.list} listings`);
  t.same((await of.check()).lines, []);
  const full = of.bucket.usage.requests;
  t.ok(full.get - quick.get <= size, `${full.get - quick.get} reads`);
  t.equal(full.head - quick.head, 0);
});

t.test(
  'where no ETag is remembered, a quick check compares sizes, and a full one fills it in',
  needsStore,
  async (t) => {
    const of = await openBucketMirror(t, 'files');
    const key = keyOf(of, sdist);
    const right = await of.bucket.read(key);
    const path = pathOfKey(of.mirror.pathOf('many', sdist)) ?? packagesRoot;
    of.remember((journal) => journal.forgetEtags([path]));
    await replace(of.bucket, key, withOtherByte);
    t.same((await of.check({ quick: true })).lines, []);
    await replace(of.bucket, key, () => right?.body ?? Buffer.alloc(0));
    t.same((await of.check()).lines, []);
    await replace(of.bucket, key, withOtherByte);
    t.match((await of.check({ quick: true })).lines, [/^Bad sha256 /, todo]);
  },
);

t.test('what a run does after the listing is nothing wrong', needsStore, async (t) => {
  for (const hold of ['files', 'everything'] as const) {
    const of = await openBucketMirror(t, hold);
    await of.list();
    of.mirror.index.removeFile('many', sdist);
    of.mirror.index.publish(makeWheel({ name: 'many', version: '3.0' }));
    of.mirror.index.publish(makeSdist({ name: 'gamma', version: '1.0' }));
    await of.run();
    const before = of.bucket.usage.requests.list;
    t.same((await of.check({ quick: true })).lines, [], hold);
    t.ok(of.bucket.usage.requests.list - before < 10, 'the listing was continued');
    t.same((await of.check()).lines, [], hold);
  }
});
