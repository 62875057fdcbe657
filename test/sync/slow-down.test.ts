import t from 'tap';
import { UnreachableError } from '../../src/core/errors.ts';
import { fingerprint } from '../fixtures/reader-check.ts';
import { openTestMirror } from '../fixtures/test-mirror.ts';
import { makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';

const minuteMs = 60_000;

/** An index of many small projects, without files: p0, p1, … */
function manyProjects(count: number): SampleIndex {
  const index = new SampleIndex();
  for (let at = 0; at < count; at += 1) index.create(`p${at}`);
  return index;
}

for (const status of [403, 406, 429, 503]) {
  t.test(`${status} slows the whole run down, and deletes nothing`, async (t) => {
    const mirror = await openTestMirror(t);
    await mirror.run();
    mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
    mirror.index.addRole('beta', 'somebody');
    mirror.server.faults.add({ do: 'status', status, match: /\/simple\/alpha\/$/, times: 1 });
    const started = mirror.clock.now();
    const result = await mirror.run();
    t.equal(result.parked.size, 0);
    t.ok(mirror.clock.now() - started >= 5000, 'five seconds when upstream does not say how long');
    t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
    t.same(mirror.problems(), []);
  });
}

t.test('nobody asks anything while upstream wants a pause', async (t) => {
  const mirror = await openTestMirror(t, { index: manyProjects(30) });
  const { server, clock } = mirror;
  server.faults.add({ do: 'status', status: 429, retryAfter: '40', match: /\/simple\/p7\/$/, times: 1 });
  const started = clock.now();
  await mirror.run({ workers: 1 });
  t.ok(clock.now() - started >= 40_000);
  const paths = mirror.requested();
  t.equal(paths.filter((path) => path === '/simple/p7/').length, 2);
  t.same(mirror.problems(), []);
});

t.test('a pause named as a date is kept too', async (t) => {
  const mirror = await openTestMirror(t);
  const until = new Date(mirror.clock.now() + 90_000).toUTCString();
  mirror.server.faults.add({ do: 'status', status: 503, retryAfter: until, match: /\/simple\/alpha\/$/, times: 1 });
  await mirror.run();
  t.ok(mirror.clock.now() >= Date.parse(until));
  t.same(mirror.problems(), []);
});

t.test('a pause of more than two minutes ends the run, and the rest stays queued', async (t) => {
  const mirror = await openTestMirror(t, { index: manyProjects(30) });
  const off = mirror.server.faults.add({ do: 'status', status: 429, retryAfter: '600', match: /\/simple\/p1\/$/ });
  const started = mirror.clock.now();
  await t.rejects(mirror.run(), UnreachableError);
  t.ok(mirror.clock.now() - started < minuteMs, 'it does not sit and wait');
  t.equal(mirror.requested().filter((path) => path === '/simple/p1/').length, 1);
  const { projects, queued } = mirror.remembered((state) => state.totals());
  t.equal(projects + queued, 30);
  t.ok(queued > 0);
  off();
  mirror.clock.advance(11 * minuteMs);
  await mirror.run();
  t.same(mirror.problems(), []);
  t.match(
    mirror.remembered((state) => state.totals()),
    { projects: 30, queued: 0 },
  );
});

t.test('an upstream that goes down in mid-run ends it early, and the rest stays queued', async (t) => {
  const mirror = await openTestMirror(t, { index: manyProjects(800) });
  let done = 0;
  await t.rejects(
    mirror.run({
      report: (event) => {
        if (event.type !== 'project-done') return;
        done += 1;
        if (done === 20) mirror.server.faults.add({ do: 'status', status: 502 });
      },
    }),
    UnreachableError,
  );
  const failed = mirror.server.requests.filter(({ status }) => status === 502).length;
  t.ok(failed < 200, `asked ${failed} times in vain, though hundreds of projects were under way`);
  const { projects, queued } = mirror.remembered((state) => state.totals());
  t.equal(projects + queued, 800);
  mirror.server.faults.clear();
  mirror.clock.advance(10 * minuteMs);
  await mirror.run();
  t.same(mirror.problems(), []);
  t.equal(mirror.page().projects.length, 800);
});

t.test('an upstream that cannot be reached changes nothing', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const before = fingerprint(mirror.web);
  mirror.server.faults.add({ do: 'reset' });
  await t.rejects(mirror.runLater(), UnreachableError);
  t.same(fingerprint(mirror.web), before);
  mirror.server.faults.clear();
  await mirror.runLater();
  t.same(mirror.problems(), []);
});

t.test('a list that is refused once is asked for again', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'status', status: 503, match: /^GET \/simple\/$/, times: 2 });
  await mirror.run();
  t.same(mirror.problems(), []);
});

t.test('a page in HTML with status 200 is no page', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const before = fingerprint(`${mirror.web}/simple/alpha`);
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  mirror.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  mirror.server.faults.add({ do: 'html-200', match: /\/simple\/alpha\/$/ });
  const result = await mirror.run();
  t.same([...result.parked], ['alpha']);
  t.match(mirror.parkings(), [/expected application\/vnd.pypi.simple.v1\+json, found text\/html$/]);
  t.same(fingerprint(`${mirror.web}/simple/alpha`), before);
  t.same(mirror.page('beta').versions, ['1.0', '2.0']);
});

t.test('a list in HTML with status 200 is no list', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'html-200', match: /^GET \/simple\/$/ });
  await t.rejects(mirror.run(), /expected application\/vnd.pypi.simple.v1\+json, found text\/html$/);
});
