/** What one project breaks is broken for that project alone. */
import t from 'tap';
import type { WebPath } from '../../../src/core/paths.ts';
import type { MirrorEvent } from '../../../src/core/report.ts';
import { storageError } from '../../../src/files/filesystem/storage-errors.ts';
import { sync } from '../../../src/sync/sync.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { openMirrorAt, openTestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

t.test('an unexpected error parks its project with an alarm, and the run goes on', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.publish(makeWheel({ name: 'beta', version: '2.0' }), { provenance: true });
  mirror.index.publish(makeWheel({ name: 'gamma', version: '2.0' }));
  const verifier = {
    verify: () => {
      throw new TypeError('cannot read properties of undefined');
    },
  };
  const result = await mirror.run({ settings: { provenance: 'verify' }, verifier });
  t.same([...result.parked], ['beta']);
  t.ok(result.done >= 1);
  const [alarm] = mirror.eventsOf('alarm');
  t.match(alarm?.message, /^beta: .*cannot read properties of undefined.*bug of pep381client.*report/);
  t.match(alarm, { stack: /at .*project-errors\.test\.ts/ });
  t.equal(mirror.page().meta['_last-serial'], mirror.index.serial, 'the root index is published');
  t.equal(mirror.remembered((state) => state.queue.parked(9))[0]?.obstacle, 'failed');
  t.same(mirror.page('gamma').versions, ['1.0', '2.0']);
});

for (const [code, what] of [
  ['ENAMETOOLONG', 'whose name'],
  ['EFBIG', 'whose size'],
] as const)
  t.test(`a file ${what} the file system does not accept costs itself, and no run`, async (t) => {
    const opened = await openTestMirror(t);
    await opened.run();
    opened.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
    opened.index.publish(makeWheel({ name: 'beta', version: '3.0+odd' }));
    opened.index.publish(makeWheel({ name: 'gamma', version: '2.0' }));
    opened.index.removeProject('alpha');
    const events: MirrorEvent[] = [];
    const report = (event: MirrorEvent): void => void events.push(event);
    const { mirror, close } = openMirrorAt(opened.target, opened.server.url, opened.clock, { report });
    const { files } = mirror;
    const publish = files.publish.bind(files);
    files.publish = (writes) => {
      const odd = writes.find(({ path }) => path.includes('odd'));
      if (odd === undefined) return publish(writes);
      throw storageError(odd.path, Object.assign(new Error(`${code}: not taken`), { code }));
    };
    try {
      const result = await sync(mirror);
      t.same([...result.parked], []);
    } finally {
      await close();
    }
    t.same(opened.page('beta').versions, ['1.0', '2.0']);
    t.same(opened.filenames('beta'), ['beta-1.0-py3-none-any.whl', 'beta-2.0-py3-none-any.whl']);
    t.same(opened.page('gamma').versions, ['1.0', '2.0']);
    t.notOk(opened.page().projects.some(({ name }) => name === 'alpha'));
    t.match(
      events.filter(({ type }) => type === 'alarm'),
      [{ message: new RegExp(`^beta: "beta-3.0\\+odd\\S+: .*${code}.*; it is left out, and tried again later`) }],
    );
    t.same(opened.problems(), []);
  });

t.test('one project requires thousands of releases of another one', async (t) => {
  const index = new SampleIndex();
  for (let at = 0; at < 30; at += 1) {
    const requires = Array.from({ length: 4200 }, (_, n) => `victim!=0.${at}.${n}.1`);
    index.publish(makeWheel({ name: 'greedy', version: `1.${at}`, requires }));
  }
  for (const version of ['1.0', '1.1', '1.2']) index.publish(makeWheel({ name: 'victim', version }));
  index.publish(makeWheel({ name: 'other', version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  const policy = policyFrom('projects = ["greedy", "other"]\ndependencies = true\n[releases]\nkeep = 2\n');
  const result = await mirror.run({ policy });
  t.same([...result.parked], []);
  t.same(mirror.eventsOf('alarm'), []);
  t.same(mirror.page('victim').versions, ['1.1', '1.2']);
  t.match(mirror.warnings().join('\n'), /greedy/);
});

t.test('sizes add up beyond what a database can hold', async (t) => {
  const index = new SampleIndex();
  for (let at = 0; at < 3; at += 1) index.publish(makeWheel({ name: 'huge', version: `1.${at}` }));
  for (const name of ['large', 'other']) index.publish(makeWheel({ name, version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  mirror.alterPage('huge', (page) => ({
    ...page,
    files: Array.from({ length: 1100 }, (_, at) => ({
      ...page.files[0],
      filename: `huge-1.${at}-py3-none-any.whl`,
      url: page.files[0]?.url.replace('huge-1.0', `huge-1.${at}`),
      size: Number.MAX_SAFE_INTEGER,
    })),
  }));
  const policy = policyFrom('projects = ["*"]\n[releases]\nkeep = 5000\n');
  const result = await mirror.run({ policy, settings: { indexOnly: true } });
  t.same([...result.parked], []);
  t.equal(mirror.page().projects.length, 3);
  t.ok(mirror.remembered((state) => state.plans.totalsByRule(10)).length > 0);
});

t.test('an error of a project during a replan parks that project alone', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run({ policy: policyFrom('dependencies = true\n[releases]\nkeep = 5\n') });
  const policy = policyFrom('dependencies = true\n[releases]\nkeep = 4\n');
  const events: MirrorEvent[] = [];
  const report = (event: MirrorEvent): void => {
    events.push(event);
  };
  const opened = openMirrorAt(mirror.target, mirror.server.url, mirror.clock, { policy, report });
  t.teardown(opened.close);
  const files = new Proxy(opened.mirror.files, {
    get(store, key) {
      const value: unknown = Reflect.get(store, key);
      if (key === 'read') return (path: WebPath) => (path.includes('/beta/') ? unknown() : store.read(path));
      return typeof value === 'function' ? value.bind(store) : value;
    },
  });
  const result = await sync({ ...opened.mirror, files });
  t.same([...result.parked], ['beta']);
  t.match(
    events.filter(({ type }) => type === 'alarm'),
    [{ message: /^beta: TypeError: out of order/ }],
  );
  t.equal(opened.mirror.state.totals().queued, 1);
});

t.test('an upload time beyond all calendars is accepted', async (t) => {
  const mirror = await openTestMirror(t);
  for (const time of ['+275760-09-13T00:00:00Z', '-271821-04-20T00:00:00Z']) {
    mirror.alterFile('beta', (file) => ({ ...file, 'upload-time': time }));
    const result = await mirror.runLater();
    t.same([...result.parked], []);
    t.same(mirror.problems(), []);
  }
});

function unknown(): never {
  throw new TypeError('out of order');
}
