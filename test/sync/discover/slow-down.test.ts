import t from 'tap';
import { UnreachableError } from '../../../src/core/errors.ts';
import { indexOfMany } from '../../fixtures/index-of-many.ts';
import { fingerprint } from '../../fixtures/reader-check.ts';
import { syncedCopies } from '../../fixtures/synced-copies.ts';
import { openTestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';
import { openSampleServer } from '../../sample/sample-server.ts';

const openSynced = syncedCopies(t);

const minuteMs = 60_000;

/** An index of many small projects, without files: p0, p1, … */
function manyProjects(count: number): SampleIndex {
  const index = new SampleIndex();
  for (let at = 0; at < count; at += 1) index.create(`p${at}`);
  return index;
}

for (const status of [403, 406, 429, 503]) {
  t.test(`a single ${status} is tried again, makes no run long, and deletes nothing`, async (t) => {
    const mirror = await openSynced(t);
    mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
    mirror.index.addRole('beta', 'somebody');
    mirror.server.faults.add({ do: 'status', status, match: /\/simple\/alpha\/$/, times: 1 });
    const started = mirror.clock.now();
    const result = await mirror.run();
    t.equal(result.parked.size, 0);
    t.ok(mirror.clock.now() - started < 1000);
    t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
    t.same(mirror.problems(), []);
  });

  t.test(`a project that is always answered ${status} with a long Retry-After costs itself`, async (t) => {
    const mirror = await openTestMirror(t, { index: manyProjects(30) });
    mirror.server.faults.add({ do: 'status', status, retryAfter: '86400', match: /\/simple\/p7\/$/ });
    const started = mirror.clock.now();
    const result = await mirror.run();
    t.same([[...result.parked], result.done], [['p7'], 29]);
    t.ok(mirror.clock.now() - started < 5 * 1000);
    t.match(
      mirror.remembered((state) => state.totals()),
      { projects: 29, queued: 1 },
    );
    const [parked] = mirror.eventsOf('project-parked');
    const waits = (parked?.nextTry ?? 0) - started;
    t.ok(waits >= 60 * minuteMs && waits < 61 * minuteMs, 'no longer than an hour');
    t.same(mirror.problems(), []);
  });
}

t.test('one project that asks for pauses again and again delays a run by a minute in all', async (t) => {
  const index = manyProjects(30);
  for (let at = 0; at < 40; at += 1) index.publish(makeWheel({ name: 'p7', version: `1.${at}` }));
  const mirror = await openTestMirror(t, { index });
  mirror.server.faults.add({ do: 'status', status: 503, retryAfter: '30', match: /\/p7-1\.\d+-|integrity\/p7\// });
  const started = mirror.clock.now();
  const result = await mirror.run();
  t.same([[...result.parked], result.done], [['p7'], 29]);
  const seconds = (mirror.clock.now() - started) / 1000;
  // The fake clock adds up what is waited for at the same time, which is two files here.
  t.ok(seconds < 70, `${seconds} s`);
  t.same(mirror.problems(), []);
});

t.test('files behind a firewall make no run long', async (t) => {
  const index = new SampleIndex();
  for (let at = 0; at < 40; at += 1) index.publish(makeWheel({ name: `p${at}`, version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  mirror.server.faults.add({ do: 'status', status: 403, match: /\/p(?:3|31)-1\.0/ });
  const started = mirror.clock.now();
  const result = await mirror.run();
  t.same([...result.parked].sort(), ['p3', 'p31']);
  // The fake clock adds up what is waited for at the same time.
  t.ok(mirror.clock.now() - started < 10_000);
  t.same(mirror.problems(), []);
});

for (const retryAfter of [undefined, '86400']) {
  const what = retryAfter === undefined ? '' : ', even for a day';
  t.test(`files of one project that are refused${what} are those of one, whatever their names`, async (t) => {
    const index = manyProjects(30);
    const wheels = Array.from({ length: 30 }, (_, at) => makeWheel({ name: `other${at}`, version: '1.0' }));
    for (const wheel of wheels) index.publish({ ...wheel, name: 'p10' });
    const mirror = await openTestMirror(t, { index });
    mirror.server.faults.add({
      do: 'status',
      status: 403,
      match: /\/other\d+-1\.0/,
      ...(retryAfter && { retryAfter }),
    });
    const result = await mirror.run();
    t.same([[...result.parked], result.done], [['p10'], 29]);
    t.same(mirror.problems(), []);
  });
}

t.test('where many projects are refused, those that were not tried yet come first in the next run', async (t) => {
  const mirror = await openTestMirror(t, { index: manyProjects(60) });
  mirror.server.faults.add({ do: 'status', status: 403, retryAfter: '86400', match: /\/simple\/p[1-3]\d\/$/ });
  for (let run = 0; run < 11; run += 1) {
    await mirror.run({ workers: 1 }).catch((error: unknown) => t.match(error, /wants no request before/));
    mirror.clock.advance(61 * minuteMs);
  }
  t.equal(mirror.remembered((state) => state.totals()).projects, 30, 'all that are not refused');
});

t.test('an upstream of which every tenth answer is a 503 makes no run long', async (t) => {
  const mirror = await openTestMirror(t, { index: manyProjects(100) });
  let answers = 0;
  mirror.server.faults.decideBy((line) => {
    answers += line.startsWith('GET /simple/p') ? 1 : 0;
    return answers % 10 === 5 && line.startsWith('GET /simple/p') ? { do: 'status', status: 503 } : undefined;
  });
  const started = mirror.clock.now();
  await mirror.run();
  t.match(
    mirror.remembered((state) => state.totals()),
    { projects: 100, queued: 0 },
  );
  t.ok(mirror.clock.now() - started < 10_000);
});

t.test('no request is sent while upstream refuses several projects', async (t) => {
  const mirror = await openTestMirror(t, { index: manyProjects(30) });
  const { server, clock } = mirror;
  server.faults.add({ do: 'status', status: 429, retryAfter: '40', match: /\/simple\/p\d+\/$/, times: 3 });
  const started = clock.now();
  await mirror.run({ workers: 1 });
  t.ok(clock.now() - started >= 40_000);
  t.equal(mirror.requested().filter((path) => /\/simple\/p\d+\/$/.test(path)).length, 33);
  t.same(mirror.problems(), []);
});

t.test('a pause named as a date is kept too', async (t) => {
  const mirror = await openTestMirror(t);
  const until = new Date(mirror.clock.now() + 50_000).toUTCString();
  mirror.server.faults.add({ do: 'status', status: 503, retryAfter: until, match: /\/simple\/alpha\/$/, times: 1 });
  await mirror.run();
  t.ok(mirror.clock.now() >= Date.parse(until));
  t.same(mirror.problems(), []);
});

t.test('a pause of more than two minutes ends the run, and projects that were not requested stay due', async (t) => {
  const mirror = await openTestMirror(t, { index: manyProjects(30) });
  const off = mirror.server.faults.add({ do: 'status', status: 429, retryAfter: '600', match: /\/simple\/p\d+\/$/ });
  const started = mirror.clock.now();
  await t.rejects(mirror.run({ workers: 1 }), UnreachableError);
  t.ok(mirror.clock.now() - started < minuteMs, 'it does not sit and wait');
  t.equal(mirror.requested().filter((path) => /\/simple\/p/.test(path)).length, 3);
  t.match(
    mirror.remembered((state) => state.totals()),
    { projects: 0, queued: 30, parked: 3 },
  );
  t.equal(mirror.eventsOf('project-parked').length, 3);
  off();
  mirror.clock.advance(11 * minuteMs);
  await mirror.run();
  t.same(mirror.problems(), []);
  t.match(
    mirror.remembered((state) => state.totals()),
    { projects: 30, queued: 0 },
  );
});

t.test(
  'if only the host of the files wants a pause, projects without new files are synced, and the rest stays due',
  async (t) => {
    const index = new SampleIndex();
    for (let at = 0; at < 8; at += 1) index.publish(makeWheel({ name: `p${at}`, version: '1.0' }));
    const files = await openSampleServer({ index });
    t.teardown(() => files.close());
    const { host } = new URL(files.url);
    const mirror = await openTestMirror(t, { index });
    const elsewhere = ({ url, ...file }: { url: string }) => ({
      ...file,
      url: `http://${host}${new URL(url).pathname}`,
    });
    for (let at = 0; at < 8; at += 1) mirror.alterFile(`p${at}`, elsewhere);
    files.faults.add({ do: 'status', status: 503, retryAfter: '86400' });
    for (let at = 8; at < 20; at += 1) index.create(`p${at}`);
    await t.rejects(mirror.run({ workers: 1, fileHosts: [host] }), /wants no request before/);
    t.match(
      mirror.remembered((state) => state.totals()),
      { projects: 12, queued: 8, parked: 3 },
    );
    files.faults.clear();
    mirror.clock.advance(61 * minuteMs);
    await mirror.run({ fileHosts: [host] });
    t.match(
      mirror.remembered((state) => state.totals()),
      { projects: 20, queued: 0 },
    );
    t.same(mirror.problems(), []);
  },
);

t.test('twenty-five projects that fail are not taken for an upstream that is down', async (t) => {
  const mirror = await openTestMirror(t, { index: manyProjects(60) });
  mirror.server.faults.add({ do: 'status', status: 500, match: /\/simple\/p1?\d\/$|\/simple\/p2[0-4]\/$/ });
  const result = await mirror.run();
  t.same([result.parked.size, result.done], [25, 35]);
  t.same(mirror.problems(), []);
});

t.test('an upstream that goes down during a run ends it early, and the rest stays queued', async (t) => {
  const mirror = await openTestMirror(t, { index: manyProjects(200) });
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
  // It gives up after 100 requests, and some are under way then.
  t.ok(failed < 110, `asked ${failed} times in vain, though more projects were under way`);
  const { projects, queued } = mirror.remembered((state) => state.totals());
  t.equal(projects + queued, 200);
  mirror.server.faults.clear();
  mirror.clock.advance(10 * minuteMs);
  await mirror.run();
  t.same(mirror.problems(), []);
  t.equal(mirror.page().projects.length, 200);
});

t.test('an upstream that cannot be reached changes nothing', async (t) => {
  const mirror = await openSynced(t);
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

t.test('an HTML answer with status 200 is not taken for a page', async (t) => {
  const mirror = await openSynced(t);
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

t.test('an HTML answer with status 200 is not taken for the list', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'html-200', match: /^GET \/simple\/$/ });
  await t.rejects(mirror.run(), /expected application\/vnd.pypi.simple.v1\+json, found text\/html$/);
});

t.test('a quarantined project is hidden although upstream refuses all other requests', async (t) => {
  const mirror = await openTestMirror(t, { index: indexOfMany(40) });
  await mirror.run();
  for (let at = 0; at < 30; at += 1) mirror.index.publish(makeSdist({ name: `many-${at}`, version: '2.0' }));
  mirror.index.quarantine('many-39');
  mirror.index.quarantineRelease('many-38', '1.0');
  mirror.server.faults.add({ do: 'status', status: 429, retryAfter: '86400', match: /many[_-]\d+-2\.0/ });
  const [error] = await Promise.allSettled([mirror.runLater()]);
  t.match(mirror.page('many-39'), { files: [], 'project-status': { status: 'quarantined' } }, error.status);
  t.same(mirror.filenames('many-38'), []);
});
