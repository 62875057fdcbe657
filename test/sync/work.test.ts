import t from 'tap';
import { openTestMirror } from '../fixtures/test-mirror.ts';
import { makeWheel } from '../sample/distributions.ts';

const minuteMs = 60_000;

t.test('a request that arrives during a run causes one more pass', async (t) => {
  const mirror = await openTestMirror(t);
  let flag = false;
  const takeRequest = (): boolean => {
    const was = flag;
    flag = false;
    return was;
  };
  await mirror.run({
    takeRequest,
    report: ({ type }) => {
      if (type !== 'root-index' || mirror.eventsOf(type).length > 1) return;
      flag = true;
      mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
    },
  });
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.same(mirror.problems(), []);
  t.equal(mirror.requested().filter((path) => path === 'changelog_since_serial').length, 1);
});

t.test('a request from before the run causes no other pass', async (t) => {
  const mirror = await openTestMirror(t);
  let flag = true;
  const takeRequest = (): boolean => {
    const was = flag;
    flag = false;
    return was;
  };
  await mirror.run({ takeRequest });
  t.notOk(mirror.requested().includes('changelog_since_serial'));
});

t.test('a project that is parked in the first pass is still named after another one', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'html-200', match: /simple\/alpha\/$/ });
  let asked = 0;
  const takeRequest = (): boolean => {
    asked += 1;
    return asked === 2;
  };
  const result = await mirror.run({ takeRequest });
  t.same([...result.parked], ['alpha']);
  t.equal(result.done, 2);
});

t.test('the serial moves and the others are published although one project is parked', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  mirror.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  mirror.server.faults.add({ do: 'status', status: 500, match: /simple\/alpha\/$/ });
  const result = await mirror.runLater();
  t.same([...result.parked], ['alpha']);
  t.equal(result.done, 1);
  t.same([mirror.page('alpha').versions, mirror.page('beta').versions], [['1.0'], ['1.0', '2.0']]);
  t.equal(mirror.page().meta['_last-serial'], mirror.index.serial);
  t.same(mirror.problems(), []);
  t.match(
    mirror.remembered((state) => state.queue.parked(10)),
    [{ due: { name: 'alpha', attempts: 1 }, reason: /upstream answers 500$/ }],
  );
});

t.test('a parked project is tried again when its time has come: after 5, 10, 20 minutes, up to a day', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  mirror.server.faults.add({ do: 'body', body: '[]', contentType: 'application/json', match: /simple\/alpha\/$/ });
  await mirror.run();
  for (const minutes of [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]) {
    t.equal((mirror.eventsOf('project-parked')[0]?.nextTry ?? 0) - mirror.clock.now(), minutes * minuteMs);
    mirror.clock.advance(minutes * minuteMs - 1);
    await mirror.run();
    t.notOk(mirror.requested().includes('/simple/alpha/'), `not before ${minutes} minutes`);
    mirror.clock.advance(1);
    await mirror.run();
    t.equal(mirror.parkings().length, 1, `after ${minutes} minutes`);
  }
  mirror.server.faults.clear();
  mirror.clock.advance(1440 * minuteMs);
  await mirror.run();
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.match(
    mirror.remembered((state) => state.totals()),
    { queued: 0, parked: 0 },
  );
});

t.test('a change of a parked project makes it due at once', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  mirror.server.faults.add({ do: 'status', status: 404, match: /alpha-2\.0.*\.whl$/ });
  await mirror.run();
  mirror.server.faults.clear();
  mirror.index.addRole('alpha', 'somebody');
  await mirror.run();
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.same(mirror.problems(), []);
});

t.test('removals are worked through before anything is fetched', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  mirror.index.removeProject('gamma');
  await mirror.run({ workers: 1 });
  t.same(
    mirror.eventsOf('project-done').map(({ name }) => name),
    ['gamma', 'alpha'],
  );
});

t.test('projects are worked through in the order of their names', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  t.same(
    mirror.eventsOf('project-started').map(({ name }) => name),
    ['alpha', 'beta', 'gamma'],
  );
  t.match(mirror.eventsOf('queued'), [{ projects: 3 }]);
});
