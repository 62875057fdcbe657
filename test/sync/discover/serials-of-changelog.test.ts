/** Serials that fall, jump or stand still. The names of the attacks are those of The Update Framework. */
import t from 'tap';
import { NonsenseError } from '../../../src/core/errors.ts';
import { mirrorState } from '../../fixtures/mirror-state.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { fingerprint } from '../../fixtures/reader-check.ts';
import { smallIndex } from '../../fixtures/small-index.ts';
import { openTestMirror, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';
import type { JournalRow } from '../../sample/sample-model.ts';
import { answerXmlRpc } from '../../sample/xml-rpc.ts';

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;
const far = 999_999_999_999_999;

/** From now on the changelog says that `serial` is the newest, and `rows` are all that is new. Returns the way back. */
function claim({ server }: TestMirror, serial: number, rows: readonly JournalRow[] = []): () => void {
  const index = { serial, changesSince: () => rows, projects: () => [] };
  const off = ['changelog_last_serial', 'changelog_since_serial'].map((method) => {
    const call = `<methodName>${method}</methodName><param><value><int>0</int></value></param>`;
    return server.faults.add({ do: 'body', body: answerXmlRpc(call, index), match: new RegExp(method) });
  });
  return () => {
    for (const end of off) end();
  };
}

const serialOf = (mirror: TestMirror) => mirror.remembered((state) => mirrorState(state).serial);
const release = (mirror: TestMirror, name: string, version: string) =>
  mirror.index.publish(makeWheel({ name, version }));

t.test(
  'rollback: a serial that went back is refused, and nothing is changed, until somebody says that it is right',
  async (t) => {
    const mirror = await openTestMirror(t);
    await mirror.run();
    const right = serialOf(mirror);
    const before = fingerprint(mirror.web);
    const off = claim(mirror, 900);
    await mirror.runLater();
    for (let day = 0; day < 3; day += 1) {
      mirror.clock.advance(dayMs);
      await t.rejects(mirror.run(), NonsenseError);
      await t.rejects(mirror.run(), /the serial went back from 10\d\d to 900, and nothing was changed .*--reconcile/);
    }
    t.equal(serialOf(mirror), right);
    t.same({ ...fingerprint(mirror.web), 'last-modified': '' }, { ...before, 'last-modified': '' });
    off();
    release(mirror, 'beta', '2.0');
    await mirror.run();
    t.same(mirror.page('beta').versions, ['1.0', '2.0'], 'what was only an attack is over when it ends');
  },
);

t.test('rollback recovery: --reconcile follows an upstream that was restored from a backup', async (t) => {
  const backup = smallIndex();
  const mirror = await openTestMirror(t, { index: smallIndex() });
  release(mirror, 'alpha', '2.0');
  release(mirror, 'alpha', '3.0');
  await mirror.run();
  const { serial } = mirror.index;
  const project = mirror.index.find('alpha');
  const old = backup.find('alpha');
  if (project === undefined || old === undefined) throw new Error('alpha is missing');
  const { serial: oldSerial, releases, files } = old;
  Object.assign(project, { serial: oldSerial, releases, files });
  const off = claim(mirror, backup.serial);
  await mirror.runLater({ settings: { reconcile: true } });
  t.same(mirror.page('alpha').versions, ['1.0']);
  t.equal(mirror.page('alpha').meta['_last-serial'], oldSerial);
  t.ok((serialOf(mirror) ?? serial) < serial);
  t.same(mirror.parkings(), []);
  t.same(mirror.problems(), []);
  off();
});

t.test('rollback of a project: its page stays, and after a day an alarm is raised', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const before = fingerprint(mirror.web);
  mirror.index.addStrayRow('alpha', null, 'update');
  mirror.alterPage('alpha', (page) => ({ ...page, meta: { ...page.meta, '_last-serial': 1 } }));
  await mirror.run();
  t.match(mirror.eventsOf('project-parked')[0], { name: 'alpha', expected: true }, 'a cache may be old');
  mirror.clock.advance(dayMs);
  for (let day = 0; day < 2; day += 1) {
    await mirror.run();
    t.match(mirror.eventsOf('project-parked'), [
      { name: 'alpha', expected: false, reason: /page went back from serial 10\d\d to 1, and ours stays/ },
    ]);
    mirror.clock.advance(2 * dayMs);
  }
  const pages = (tree: Record<string, string>) => Object.entries(tree).filter(([path]) => /alpha/.test(path));
  t.same(pages(fingerprint(mirror.web)), pages(before));
});

t.test('fast-forward: a changelog that jumps is not believed, and the changes after it are not missed', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  const right = serialOf(mirror);
  const off = claim(mirror, far, [['alpha', null, 0, 'update', far]]);
  await t.rejects(mirror.runLater(), NonsenseError);
  await t.rejects(mirror.runLater(), /the changelog: the serial jumps from 10\d\d to 999999999999999/);
  t.equal(serialOf(mirror), right);
  off();
  release(mirror, 'beta', '2.0');
  await mirror.runLater();
  t.same(mirror.page('beta').versions, ['1.0', '2.0']);
  t.same(mirror.problems(), []);
});

t.test('fast-forward: a mirror that began with it raises an alarm after a day, and --reconcile cures it', async (t) => {
  const mirror = await openTestMirror(t);
  const off = claim(mirror, far);
  const list = JSON.stringify({
    meta: { 'api-version': '1.1', '_last-serial': far },
    projects: [{ name: 'alpha', '_last-serial': far }],
  });
  const contentType = 'application/vnd.pypi.simple.v1+json';
  const offList = mirror.server.faults.add({ do: 'body', body: list, contentType, match: /^GET \/simple\/$/ });
  mirror.alterPage('alpha', (page) => ({ ...page, meta: { ...page.meta, '_last-serial': far } }));
  await mirror.run();
  t.equal(serialOf(mirror), far);
  off();
  offList();
  mirror.server.faults.clear();
  mirror.clock.advance(dayMs);
  await t.rejects(mirror.run(), /the serial went back from 999999999999999 to 10\d\d/);
  await mirror.run({ settings: { reconcile: true } });
  t.equal(serialOf(mirror), mirror.index.serial);
  t.equal(mirror.page('alpha').meta['_last-serial'], mirror.index.find('alpha')?.serial);
  t.same(mirror.parkings(), []);
  release(mirror, 'alpha', '2.0');
  await mirror.runLater();
  t.same(mirror.page('alpha').versions, ['1.0', '2.0']);
  t.same(mirror.problems(), []);
});

t.test('fast-forward of a project: a page from the far future is not published', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.addRole('alpha', 'somebody');
  const off = mirror.alterPage('alpha', (page) => ({ ...page, meta: { ...page.meta, '_last-serial': far } }));
  await mirror.runLater();
  t.match(mirror.parkings(), [/the serial jumps from 10\d\d to 999999999999999, and is not believed/]);
  off();
  mirror.clock.advance(dayMs);
  await mirror.run();
  t.equal(mirror.page('alpha').meta['_last-serial'], mirror.index.find('alpha')?.serial);
  t.same(mirror.problems(), []);
});

t.test('fast-forward by the list, where there is no changelog, is not believed either', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'xmlrpc-off' });
  await mirror.run();
  const right = serialOf(mirror);
  const body = JSON.stringify({ meta: { 'api-version': '1.1', '_last-serial': far }, projects: [{ name: 'alpha' }] });
  const contentType = 'application/vnd.pypi.simple.v1+json';
  mirror.server.faults.add({ do: 'body', body, contentType, match: /^GET \/simple\/$/ });
  await t.rejects(mirror.runLater(), /the list of projects: the serial jumps/);
  t.equal(serialOf(mirror), right);
  t.equal(
    mirror.remembered((state) => state.totals().queued),
    0,
  );
});

t.test('freeze: a busy index that stands still is a warning, once a day, and the run is right', async (t) => {
  const index = new SampleIndex({ serial: 5_000_000 });
  index.publish(makeWheel({ name: 'alpha', version: '1.0' }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  const began = new Date(mirror.clock.now()).toISOString();
  const told: string[] = [];
  for (let hour = 1; hour <= 72; hour += 12) {
    mirror.clock.advance(12 * hourMs);
    t.equal((await mirror.run()).parked.size, 0);
    told.push(...mirror.warnings());
  }
  t.match(told, Array(3).fill(/no change after serial 50000\d\d since .*; is it an old copy\?$/));
  t.match(told[2], began);
  release(mirror, 'alpha', '2.0');
  await mirror.runLater();
  await mirror.runLater();
  t.same(mirror.warnings(), []);
});

t.test('a small index may stand still', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.clock.advance(30 * dayMs);
  await mirror.run();
  t.same(mirror.warnings(), []);
});

t.test('rollback recovery where the rules name the projects', async (t) => {
  const mirror = await openTestMirror(t);
  const policy = policyFrom('projects = ["alpha"]');
  release(mirror, 'alpha', '2.0');
  await mirror.run({ policy });
  const project = mirror.index.find('alpha');
  if (project === undefined) throw new Error('alpha is missing');
  project.serial = 1002;
  project.releases.delete('2.0');
  project.files.delete('alpha-2.0-py3-none-any.whl');
  claim(mirror, 1005);
  await mirror.runLater({ policy, settings: { reconcile: true } });
  t.same(mirror.page('alpha').versions, ['1.0']);
  t.equal(serialOf(mirror), 1005);
  t.same(mirror.parkings(), []);
});
