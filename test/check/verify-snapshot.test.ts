/** pep381checkfiles --verify-snapshot: whether the tree is the one that was signed. */
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { verifySnapshot } from '../../src/check/verify-snapshot.ts';
import { textOf } from '../../src/cli/check/check-texts.ts';
import { CheckTotals } from '../../src/cli/check/check-totals.ts';
import { FilesystemFileStore } from '../../src/files/filesystem/filesystem-file-store.ts';
import { takeLock } from '../../src/state/sqlite/lock.ts';
import { SqliteStateStore } from '../../src/state/sqlite/sqlite-state-store.ts';
import { makeSnapshotKeys } from '../fixtures/snapshot-keys.ts';
import { openTestMirror, type TestMirror } from '../fixtures/test-mirror.ts';
import { makeWheel } from '../sample/distributions.ts';
import { lockOf, queuedIn } from './checked-mirror.ts';

const { sign, verify } = makeSnapshotKeys();

async function openSigned(t: Test): Promise<TestMirror> {
  const mirror = await openTestMirror(t);
  await mirror.run({ sign });
  return mirror;
}

/** Verifies; what it says, with paths below `web/`. */
async function verified(
  mirror: TestMirror,
  key = verify,
): Promise<{ lines: string[]; exitCode: number; projects: number }> {
  const { target, clock } = mirror;
  const [tally, lines]: [CheckTotals, string[]] = [new CheckTotals(), []];
  const state = new SqliteStateStore(join(target, 'state.db'), clock);
  const report = (event: Parameters<CheckTotals['count']>[0]): void => {
    tally.count(event);
    const text = textOf(event, target);
    if (text !== undefined) lines.push(text.replaceAll(`${target}/web/`, '').replaceAll(/[0-9a-f]{64}/g, 'HASH'));
  };
  const settings = { quick: false, subset: undefined, repair: false, deleteUnreferenced: false };
  const files = new FilesystemFileStore(target, clock);
  const { signal } = new AbortController();
  try {
    const job = { state, files, clock, report, signal, settings, takeLock: () => takeLock(lockOf(target)) };
    await verifySnapshot(job, key);
  } finally {
    state.close();
  }
  return { lines, exitCode: tally.exitCode, projects: tally.projects };
}

t.test('what was signed is right', async (t) => {
  const mirror = await openSigned(t);
  t.same(await verified(mirror), { lines: [], exitCode: 0, projects: 3 });
  await mirror.runLater({ sign });
  t.same(await verified(mirror), { lines: [], exitCode: 0, projects: 3 });
});

t.test('pages that were changed behind our back are named, and fetched again', async (t) => {
  const mirror = await openSigned(t);
  const page = join(mirror.web, 'simple/alpha/index.html');
  const json = join(mirror.web, 'simple/beta/index.v1_json');
  appendFileSync(page, ' ');
  writeFileSync(json, readFileSync(json, 'utf8').replace('"yanked":false', '"yanked":true'));
  rmSync(join(mirror.web, 'simple/gamma/index.v1_json'));
  mkdirSync(join(mirror.web, 'simple/foreign'));
  const { lines, exitCode } = await verified(mirror);
  t.same(lines.sort(), [
    'Bad page simple/alpha/index.html: expected HASH, found HASH',
    'Bad page simple/beta/index.v1_json: expected HASH, found HASH',
    'Missing page simple/gamma/index.v1_json',
    'Unknown project page simple/foreign',
  ]);
  t.equal(exitCode, 1);
  t.same(queuedIn(mirror), ['alpha', 'beta', 'gamma']);
  rmSync(join(mirror.web, 'simple/foreign'), { recursive: true });
  await mirror.runLater({ sign });
  t.same(await verified(mirror), { lines: [], exitCode: 0, projects: 3 });
});

t.test('a list of projects that was changed is found, and written again', async (t) => {
  const mirror = await openSigned(t);
  appendFileSync(join(mirror.web, 'simple/index.html'), ' ');
  t.match(await verified(mirror), { lines: ['Bad page simple/index.html: expected HASH, found HASH'], exitCode: 1 });
  await mirror.runLater({ sign });
  t.match(await verified(mirror), { lines: [], exitCode: 0 });
});

t.test('a snapshot that is another one, or that another key has signed, is found', async (t) => {
  const mirror = await openSigned(t);
  const path = join(mirror.web, 'snapshot.json');
  const body = readFileSync(path, 'utf8');
  const [signature, old] = [readFileSync(`${path}.sig`), body];
  t.match(await verified(mirror, makeSnapshotKeys().verify), {
    lines: ['Bad signature snapshot.json.sig'],
    exitCode: 1,
  });
  writeFileSync(path, body.replace('"projects": 3', '"projects": 4'));
  t.match(await verified(mirror), { lines: ['Bad signature snapshot.json.sig'] });
  writeFileSync(path, 'nonsense');
  t.match(await verified(mirror), { lines: { length: 2, 1: /^Bad snapshot snapshot.json: .*is not a JSON object/ } });
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  await mirror.runLater({ sign });
  writeFileSync(path, old);
  writeFileSync(`${path}.sig`, signature);
  const { lines } = await verified(mirror);
  t.match(
    lines,
    [/^Bad snapshot .*over the json pages/, /^Bad snapshot .*over the html pages/, /^Bad page simple\/index/],
    'an old one, rightly signed',
  );
  rmSync(path);
  t.match(await verified(mirror), { lines: ['Missing snapshot snapshot.json'], exitCode: 1 });
});

t.test('after a run that did not come to its end nobody can tell', async (t) => {
  const mirror = await openSigned(t);
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  const pause = new AbortController();
  const report = ({ type }: { type: string }): void => {
    if (type === 'project-done') pause.abort();
  };
  await t.rejects(mirror.runLater({ sign, signal: pause.signal, report }), { code: 'paused' });
  t.match(await verified(mirror), { lines: [/^A run is at work, or one was stopped before it signed/], exitCode: 1 });
  await mirror.run({ sign });
  t.match(await verified(mirror), { lines: [], exitCode: 0 });
});

t.test('while a run is at work nobody can tell', async (t) => {
  const mirror = await openSigned(t);
  const release = takeLock(lockOf(mirror.target));
  const { lines, exitCode } = await verified(mirror);
  release?.();
  t.match([lines.at(-1), exitCode], [/^A run is at work/, 1]);
});
