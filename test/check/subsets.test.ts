/** Checks of a part: disjoint, and together everything; and checks that were interrupted. */
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { CheckEvent } from '../../src/check/check-event.ts';
import { isInSubset, nextSubset } from '../../src/check/subset.ts';
import { PausedError } from '../../src/core/errors.ts';
import { mirrorState } from '../fixtures/mirror-state.ts';
import type { TestMirror } from '../fixtures/test-mirror.ts';
import { makeSdist } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { type CheckOptions, flipByte, openSyncedMirror, queuedIn, runCheck } from './checked-mirror.ts';

const dayMs = 24 * 60 * 60_000;
const names = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta'];

function manyProjects(): SampleIndex {
  const index = new SampleIndex();
  for (const name of names) index.publish(makeSdist({ name, version: '1.0' }));
  return index;
}

const checkedIn = (events: readonly CheckEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'project-checked' ? [event.name] : []));

t.test('everything belongs to exactly one share', async (t) => {
  const name = fc.oneof(fc.stringMatching(/^[0-9a-f]{2}$/), fc.string());
  fc.assert(
    fc.property(name, fc.integer({ min: 1, max: 300 }), (name, of) => {
      const shares = Array.from({ length: of }, (_, index) => index + 1);
      return shares.filter((number) => isInSubset(name, { number, of })).length === 1;
    }),
  );
  t.ok(isInSubset('whatever', undefined));
});

t.test('folders of files are spread evenly over 30 shares', async (t) => {
  const folders = Array.from({ length: 256 }, (_, number) => number.toString(16).padStart(2, '0'));
  for (let number = 1; number <= 30; number += 1) {
    const { length } = folders.filter((name) => isInSubset(name, { number, of: 30 }));
    t.ok(length === 8 || length === 9, `${length} folders`);
  }
});

t.test('the shares are disjoint, and together find everything', async (t) => {
  const mirror = await openSyncedMirror(t, manyProjects());
  for (const name of names) flipByte(join(mirror.web, mirror.pathOf(name, `${name}-1.0.tar.gz`)));
  const junk = ['00', '55', 'aa', 'ff', 'source'].map((folder) => `packages/${folder}/junk.txt`);
  for (const path of junk) {
    mkdirSync(join(mirror.web, path, '..'), { recursive: true });
    writeFileSync(join(mirror.web, path), 'x');
  }
  const projects: string[] = [];
  const findings: string[] = [];
  for (const number of [1, 2, 3]) {
    const { events, lines } = await runCheck(mirror, { subset: { number, of: 3 } });
    projects.push(...checkedIn(events));
    findings.push(...lines.filter((line) => /^(?:Bad sha256|Unreferenced file) /.test(line)));
  }
  t.same([...projects].sort(), [...names].sort());
  t.equal(findings.length, names.length + junk.length);
  t.equal(new Set(findings).size, findings.length);
});

t.test('a share of the night is remembered when it is done, and begins anew after the last', async (t) => {
  t.same(
    [undefined, 1, 29, 30].map((done) => nextSubset(done).number),
    [1, 2, 30, 1],
  );
  const mirror = await openSyncedMirror(t, manyProjects());
  const projects: string[] = [];
  for (let night = 1; night <= 31; night += 1) {
    const { events } = await runCheck(mirror, { subset: 'auto' });
    if (night <= 30) projects.push(...checkedIn(events));
    t.equal(
      mirror.remembered((state) => mirrorState(state).checkedShare),
      night === 31 ? 1 : night,
    );
  }
  t.same([...projects].sort(), [...names].sort(), 'a month has seen everything');
});

/** Pauses a check once `count` projects are done. */
function pausedAfter(count: number): CheckOptions {
  const stop = new AbortController();
  let done = 0;
  return {
    signal: stop.signal,
    report: ({ type }) => {
      if (type !== 'project-checked') return;
      done += 1;
      if (done === count) stop.abort();
    },
  };
}

async function pause(mirror: TestMirror, count: number, options: CheckOptions = {}): Promise<void> {
  await runCheck(mirror, { ...options, ...pausedAfter(count) }).then(
    () => {
      throw new Error('the check came to its end');
    },
    (error: unknown) => {
      if (!(error instanceof PausedError)) throw error;
    },
  );
}

t.test('a check that was interrupted goes on behind the last project, and says so', async (t) => {
  const mirror = await openSyncedMirror(t, manyProjects());
  flipByte(join(mirror.web, mirror.pathOf('alpha', 'alpha-1.0.tar.gz')));
  await pause(mirror, 3);
  t.same(queuedIn(mirror), ['alpha'], 'what was found before is queued');
  const { events, lines } = await runCheck(mirror);
  t.same(checkedIn(events), [...names].sort().slice(3));
  t.equal(lines[0], 'Continuing the check that was interrupted after delta');
  t.match(
    events.find(({ type }) => type === 'started'),
    { projects: 8, done: 3 },
  );
  t.same(checkedIn((await runCheck(mirror)).events).length, 8, 'the next one begins anew');
});

t.test('a check of another scope begins anew, and so does one of long ago', async (t) => {
  const mirror = await openSyncedMirror(t, manyProjects());
  const count = async (options: CheckOptions): Promise<number> =>
    checkedIn((await runCheck(mirror, options)).events).length;
  await pause(mirror, 3);
  t.equal(await count({ quick: true }), 8);
  await pause(mirror, 3, { quick: true });
  t.equal(await count({ quick: true }), 5);
  await pause(mirror, 3);
  mirror.clock.advance(31 * dayMs);
  t.equal(await count({}), 8);
});

t.test('a check that goes on has not seen everything, and deletes nothing', async (t) => {
  const mirror = await openSyncedMirror(t, manyProjects());
  writeFileSync(join(mirror.web, 'packages/junk.txt'), 'x');
  await pause(mirror, 3, { deleteUnreferenced: true });
  const resumed = await runCheck(mirror, { deleteUnreferenced: true });
  t.ok(
    resumed.lines.includes('Nothing is deleted: the check was interrupted, so that this one has not seen all projects'),
  );
  t.equal(resumed.tally.discarded, 0);
  t.equal((await runCheck(mirror, { deleteUnreferenced: true })).tally.discarded, 1);
});

t.test('a check that is paused in the tree looks at the tree again, and at no project twice', async (t) => {
  const mirror = await openSyncedMirror(t, manyProjects());
  writeFileSync(join(mirror.web, 'packages/junk.txt'), 'x');
  const stop = new AbortController();
  const paused = runCheck(mirror, {
    signal: stop.signal,
    report: ({ type }) => {
      if (type === 'folder-started') stop.abort();
    },
  });
  await t.rejects(paused, PausedError);
  const { events, lines } = await runCheck(mirror);
  t.same(checkedIn(events), []);
  t.same(lines.slice(1), ['Unreferenced file packages/junk.txt']);
});

t.test('a quick check reads only what somebody has touched', async (t) => {
  const mirror = await openSyncedMirror(t, manyProjects());
  const before = await runCheck(mirror, { quick: true });
  t.same(before.lines, []);
  t.equal(before.tally.files, 8);
  const pages = before.tally.bytes;
  flipByte(join(mirror.web, mirror.pathOf('alpha', 'alpha-1.0.tar.gz')));
  writeFileSync(join(mirror.web, mirror.pathOf('beta', 'beta-1.0.tar.gz')), 'short');
  rmSync(join(mirror.web, mirror.pathOf('gamma', 'gamma-1.0.tar.gz')));
  const { lines, tally } = await runCheck(mirror, { quick: true });
  t.match(lines, [/^Bad sha256 .*alpha/, /^Bad size .*beta/, /^Missing file .*gamma/]);
  const { size } = statSync(join(mirror.web, mirror.pathOf('alpha', 'alpha-1.0.tar.gz')));
  t.equal(tally.bytes - pages, size, 'one file was read');
});
