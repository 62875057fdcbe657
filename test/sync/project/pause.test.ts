import t from 'tap';
import { PausedError } from '../../../src/core/errors.ts';
import { treeOf } from '../../fixtures/reader-check.ts';
import { openTestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { pseudoRandomBytes } from '../../sample/pseudo-random.ts';
import { SampleIndex } from '../../sample/sample-index.ts';
import { sampleIndex } from '../../sample/sample-projects.ts';

const megabyte = 1 << 20;

t.test('a run that is paused in the middle ends at once, and the next one completes it', async (t) => {
  for (const pauseAt of [1, 12]) {
    const mirror = await openTestMirror(t, { index: sampleIndex() });
    const pause = new AbortController();
    let files = 0;
    const running = mirror.run({
      signal: pause.signal,
      report: ({ type }) => {
        if (type !== 'file-started') return;
        files += 1;
        if (files === pauseAt) pause.abort();
      },
    });
    await t.rejects(running, PausedError);
    t.same(mirror.eventsOf('project-parked'), [], "a pause is nobody's failure");
    await mirror.run();
    t.same(mirror.problems(), [], `paused at file ${pauseAt}`);
    t.match(
      mirror.remembered((state) => state.totals()),
      { projects: 13, queued: 0 },
    );
  }
});

t.test('a pause does not wait for an upstream that hangs, and what arrived is kept', async (t) => {
  const index = new SampleIndex();
  const files = { 'large/data.bin': pseudoRandomBytes('large', 3 * megabyte) };
  const { path, content } = index.publish(makeWheel({ name: 'large', version: '1.0', files }));
  const mirror = await openTestMirror(t, { index });
  const pause = new AbortController();
  mirror.server.faults.add({ do: 'stall', after: 2 * megabyte, match: /\.whl$/, times: 1 });
  let arrived = 0;
  const running = mirror.run({
    signal: pause.signal,
    report: (event) => {
      if (event.type !== 'bytes') return;
      arrived += event.bytes;
      if (arrived === 2 * megabyte) pause.abort();
    },
  });
  await t.rejects(running, PausedError);
  t.same(treeOf(`${mirror.web}/packages`), []);
  await mirror.run();
  t.match(
    mirror.server.requests.filter((request) => request.path === path),
    [{ status: 206, headers: { range: `bytes=${2 * megabyte}-` } }],
  );
  t.same(mirror.problems(), []);
  t.equal(
    mirror.eventsOf('bytes').reduce((sum, { bytes }) => sum + bytes, 0),
    content.length,
  );
});

t.test('a run can be paused while it waits for old pages', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.server.faults.freeze('alpha');
  mirror.index.addRole('alpha', 'somebody');
  const pause = new AbortController();
  const running = mirror.run({ signal: pause.signal, report: ({ type }) => type === 'waiting' && pause.abort() });
  await t.rejects(running, PausedError);
});

for (const [what, match] of [
  ['the changelog', /^POST/],
  ['the list', /^GET \/simple\/$/],
] as const) {
  t.test(`a run can be paused while upstream does not send ${what}`, async (t) => {
    const mirror = await openTestMirror(t);
    mirror.server.faults.add({ do: 'stall', match });
    const pause = new AbortController();
    const running = mirror.run({ signal: pause.signal });
    const rejected = t.rejects(running, PausedError);
    while (!mirror.server.requests.some((request) => match.test(`${request.method} ${request.path}`))) {
      await new Promise(setImmediate);
    }
    pause.abort();
    await rejected;
    mirror.server.faults.clear();
    await mirror.run();
    t.same(mirror.problems(), []);
  });
}

t.test('a run that is paused before it begins sends no request', async (t) => {
  const mirror = await openTestMirror(t);
  await t.rejects(mirror.run({ signal: AbortSignal.abort() }), PausedError);
  t.same(mirror.server.requests, []);
});
