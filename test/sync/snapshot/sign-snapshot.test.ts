/** What a run signs: that it is what is published, when it changes, and when there is none. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { bucketOf, leafHash, merkleHash, treeOfBuckets } from '../../../src/core/merkle-tree.ts';
import { parseSignature, parseSnapshot, type Snapshot } from '../../../src/formats/mirror/snapshot.ts';
import { makeSnapshotKeys } from '../../fixtures/snapshot-keys.ts';
import { named, openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';

const { sign, verify } = makeSnapshotKeys();

/** The snapshot, whose signature must be right. */
function snapshotOf(mirror: TestMirror): Snapshot {
  const body = readFileSync(join(mirror.web, 'snapshot.json'));
  const signature = parseSignature(readFileSync(join(mirror.web, 'snapshot.json.sig')));
  if (signature === undefined || !verify(body, signature)) throw new Error('the signature is wrong');
  return parseSnapshot(body, 'snapshot.json');
}

const sha256 = (path: string): Buffer => createHash('sha256').update(readFileSync(path)).digest();

/** The root over the pages that lie in the tree, whatever the state says. */
function rootOf(mirror: TestMirror, page: string): string {
  const folders = readdirSync(join(mirror.web, 'simple'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const names = named(...folders.map(({ name }) => name)).sort();
  const buckets = new Map<number, string[]>();
  for (const name of names) {
    const leaf = leafHash(name, sha256(join(mirror.web, 'simple', name, page)));
    buckets.set(bucketOf(name), [...(buckets.get(bucketOf(name)) ?? []), leaf]);
  }
  return treeOfBuckets(new Map([...buckets].map(([bucket, leaves]) => [bucket, merkleHash(leaves)]))).root;
}

function isOfTree(t: Test, mirror: TestMirror): Snapshot {
  const snapshot = snapshotOf(mirror);
  t.same(snapshot.pages, { json: rootOf(mirror, 'index.v1_json'), html: rootOf(mirror, 'index.html') });
  const [json, html] = ['index.v1_json', 'index.html'].map((page) =>
    sha256(join(mirror.web, 'simple', page)).toString('hex'),
  );
  t.same(snapshot.index, { json, html });
  return snapshot;
}

t.test('each run signs the published pages, and the time at which they were current', async (t) => {
  const mirror = await openTestMirror(t);
  const startedMs = mirror.clock.now();
  await mirror.run({ sign });
  const first = isOfTree(t, mirror);
  t.match(first, { timeMs: startedMs, serial: mirror.index.serial, projects: 3, queued: 0 });

  await mirror.runLater({ sign });
  const second = isOfTree(t, mirror);
  t.same(second, { ...first, timeMs: mirror.clock.now() }, 'without changes only the time is another one');

  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  mirror.index.publish(makeWheel({ name: 'new', version: '1.0' }));
  await mirror.runLater({ sign });
  const third = isOfTree(t, mirror);
  t.match(third, { serial: mirror.index.serial, projects: 4 });
  t.not(third.pages.json, second.pages.json);
  t.not(third.pages.html, second.pages.html);

  mirror.index.removeProject('beta');
  await mirror.runLater({ sign });
  t.equal(isOfTree(t, mirror).projects, 3);
  t.same(mirror.problems(), []);
});

t.test('a run that is paused signs nothing, and the next one all', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run({ sign });
  const before = snapshotOf(mirror);
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  const pause = new AbortController();
  const paused = mirror.runLater({
    sign,
    signal: pause.signal,
    report: (event) => event.type === 'project-done' && pause.abort(),
  });
  await t.rejects(paused, { code: 'paused' });
  t.match(mirror.filenames('alpha'), { length: 3 }, 'the page is published');
  t.same(snapshotOf(mirror), before);
  await mirror.run({ sign });
  isOfTree(t, mirror);
});

t.test('a parked project is signed as it is published, and counted', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run({ sign });
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  mirror.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  mirror.server.faults.add({ do: 'status', status: 500, match: /alpha-2\.0/ });
  await mirror.runLater({ sign });
  t.match(mirror.parkings(), [/^alpha: /]);
  t.match(isOfTree(t, mirror), { queued: 1, projects: 3 });
});

t.test('pages that were published before hashes were remembered are read once', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  t.notOk(existsSync(join(mirror.web, 'snapshot.json')), 'without a key nothing is signed');
  forgetHashes(mirror);
  await mirror.runLater({ sign });
  isOfTree(t, mirror);
  rmSync(join(mirror.web, 'simple/beta/index.html'));
  await mirror.runLater({ sign });
  t.equal(snapshotOf(mirror).timeMs, mirror.clock.now(), 'the next run reads none');
});

t.test('without one of its pages nothing is signed, until the run that has fetched it', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  forgetHashes(mirror);
  rmSync(join(mirror.web, 'simple/beta/index.html'));
  await mirror.runLater({ sign });
  t.match(mirror.warnings(), ['beta: a page is missing, so that there is no new snapshot.json']);
  t.notOk(existsSync(join(mirror.web, 'snapshot.json')));
  await mirror.runLater({ sign });
  t.same(mirror.warnings(), []);
  t.equal(isOfTree(t, mirror).projects, 3);
});

t.test('a snapshot that is not renewed any more goes away', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run({ sign });
  await mirror.runLater();
  t.notOk(existsSync(join(mirror.web, 'snapshot.json')));
  t.notOk(existsSync(join(mirror.web, 'snapshot.json.sig')));
});

t.test('a run that cannot ask upstream does not say that anything is fresh', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run({ sign });
  const before = snapshotOf(mirror);
  mirror.server.faults.add({ do: 'status', status: 500 });
  await t.rejects(mirror.runLater({ sign }));
  t.same(snapshotOf(mirror), before);
});

/** As after an older version. */
function forgetHashes(mirror: TestMirror): void {
  const db = new Database(join(mirror.target, 'state.db'));
  db.exec('UPDATE pages SET json = NULL, html = NULL, upstream = NULL');
  db.close();
}
