/** A run that works for long does not keep anything else waiting. */
import t from 'tap';
import { openTestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';

const minuteMs = 60_000;

for (const [minutes, done] of [
  [4, ['alpha published']],
  [5, ['beta removed', 'delta published', 'gamma published', 'alpha published']],
] as const) {
  t.test(`removals by upstream are read ${minutes} minutes later, while a slow download goes on`, async (t) => {
    const mirror = await openTestMirror(t);
    await mirror.run();
    const { index, clock } = mirror;
    index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
    mirror.server.faults.add({ do: 'drip', everyMs: 8, match: /alpha-2\.0.*\.whl$/ });
    let isBegun = false;
    await mirror.run({
      report: ({ type }) => {
        if (type !== 'project-planned' || isBegun) return;
        isBegun = true;
        index.publish(makeWheel({ name: 'delta', version: '1.0' }));
        index.quarantine('gamma');
        index.removeProject('beta');
        clock.advance(minutes * minuteMs);
      },
    });
    const found = mirror.eventsOf('project-done').map(({ name, outcome }) => `${name} ${outcome}`);
    t.equal(found.at(-1), 'alpha published');
    t.same(found.sort(), [...done].sort());
    const isRead = done.length > 1;
    t.equal(mirror.filenames('gamma').length, isRead ? 0 : 1);
    t.same(
      mirror.page().projects.map(({ name }) => name),
      isRead ? ['alpha', 'delta', 'gamma'] : ['alpha', 'beta', 'gamma'],
    );
    t.same(mirror.problems(), []);
  });
}

t.test('a project that changes while it is synced is synced again in the same run', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const { index, clock } = mirror;
  index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  mirror.server.faults.add({ do: 'drip', everyMs: 8, match: /alpha-2\.0.*\.whl$/ });
  let isGone = false;
  const result = await mirror.run({
    report: ({ type }) => {
      if (type !== 'project-planned' || isGone) return;
      isGone = true;
      index.removeProject('alpha');
      clock.advance(5 * minuteMs);
    },
  });
  t.same([...result.parked], []);
  t.same(
    mirror.page().projects.map(({ name }) => name),
    ['beta', 'gamma'],
  );
});

t.test('a changelog that does not answer during a run is a warning, and the work goes on', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  await mirror.run({
    report: ({ type }) => {
      if (type !== 'project-planned') return;
      mirror.server.faults.add({ do: 'xmlrpc-fault', code: -32403, text: 'server error; please try later' });
      mirror.clock.advance(6 * minuteMs);
    },
  });
  t.match(mirror.warnings(), [/^the changelog could not be read again during the run: .*server error/]);
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
});

t.test('a file of 1,200 bytes a second is given up in time, and goes on from there later', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const { index, clock } = mirror;
  const files = { 'alpha/data.bin': Buffer.alloc(4_000_000, 'x') };
  index.publish(makeWheel({ name: 'alpha', version: '2.0', files }));
  const started = clock.now();
  const result = await mirror.run({
    report: (event) => {
      if (event.type === 'bytes' && event.bytes > 0) clock.advance(Math.round(event.bytes / 1.2));
    },
  });
  t.same([...result.parked], ['alpha']);
  t.match(mirror.parkings(), [
    /^alpha: \S+alpha-2\.0\S+: too slow: \d+ bytes in \d+ s; they are kept, .*goes on from there$/,
  ]);
  t.ok(clock.now() - started < 25 * minuteMs);
  clock.advance(5 * minuteMs);
  await mirror.run();
  t.ok(mirror.server.requests.some(({ headers }) => headers.range !== undefined));
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.same(mirror.problems(), []);
});
