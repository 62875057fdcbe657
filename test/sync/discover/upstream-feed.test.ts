/** Mirrors of mirrors: what the change feed tells, what it costs, and what is believed of it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { comeAndGo } from '../../fixtures/come-and-go.ts';
import { mirrorState } from '../../fixtures/mirror-state.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { type ServedMirror, serveMirror } from '../../fixtures/served-mirror.ts';
import { openTestMirror, type RunOptions, TestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

/** A mirror below another one. */
interface Below {
  readonly mirror: TestMirror;
  /** What it mirrors from. */
  readonly served: ServedMirror;
  /** A run, an hour after the one before. Returns what it asked for. */
  pull(options?: RunOptions): Promise<string[]>;
}

async function below(t: Test, above: TestMirror, name: string): Promise<Below> {
  const served = await serveMirror(t, above.web);
  const target = join(above.target, name);
  mkdirSync(target);
  const mirror = new TestMirror(target, above.server);
  const pull: Below['pull'] = async (options = {}) => {
    served.asked.length = 0;
    served.sent = 0;
    mirror.clock.advance(60 * 60_000);
    await mirror.run({ ...options, settings: { upstream: served.url, ...options.settings } });
    return [...served.asked];
  };
  return { mirror, served, pull };
}

/** An index, A that mirrors from it, and B that mirrors from A, each after its first run. */
async function openPair(t: Test, index = indexOfSome()) {
  const a = await openTestMirror(t, { index });
  await a.run();
  const b = await below(t, a, 'b');
  await b.pull();
  return { a, b };
}

/** These, and C that mirrors from B. */
async function openChain(t: Test, index: SampleIndex) {
  const { a, b } = await openPair(t, index);
  const c = await below(t, b.mirror, 'c');
  await c.pull();
  return { a, b, c };
}

/** Projects with one file each, too many for the deletion limit to be met by one or two. */
function indexOfSome(count = 6): SampleIndex {
  const index = new SampleIndex();
  for (let at = 0; at < count; at += 1) index.publish(makeWheel({ name: `project-${at}`, version: '1.0' }));
  return index;
}

function pathsOf(asked: readonly string[]): string[] {
  return asked.map((path) => path.replace(/\/packages\/.*\//, '')).sort();
}

function isWhole(t: Test, ...mirrors: readonly TestMirror[]): void {
  for (const mirror of mirrors) t.same([mirror.problems(), mirror.warnings(), mirror.parkings()], [[], [], []]);
}

t.test('a chain of mirrors', async (t) => {
  // Each of these tests leaves every mirror with what the one above it has, all of them within a day.
  const index = indexOfSome(15);
  for (const version of ['2.0', '3.0', '4.0']) index.publish(makeWheel({ name: 'project-6', version }));
  const { a, b, c } = await openChain(t, index);

  await t.test('without changes one small request is sent', async (t) => {
    await a.runLater();
    const before = readFileSync(join(a.web, 'changes.json'));
    for (const { pull } of [b, c]) await pull();
    t.same(await b.pull(), ['/changes.json']);
    t.equal(b.served.sent, 0);
    t.same(await c.pull(), ['/changes.json']);
    t.equal(c.served.sent, 0);
    t.same(readFileSync(join(a.web, 'changes.json')), before);
    isWhole(t, a, b.mirror, c.mirror);
  });

  await t.test('a removal reaches every mirror after one run of each', async (t) => {
    a.index.removeProject('project-3');
    await a.runLater();
    t.same(await b.pull(), ['/changes.json', '/simple/project-3/']);
    t.same(await c.pull(), ['/changes.json', '/simple/project-3/']);
    for (const { mirror } of [b, c]) {
      t.notOk(mirror.page().projects.some(({ name }) => name === 'project-3'));
      t.same(
        mirror.remembered((state) => state.removals.latest(1)).map(({ project, why }) => [project, why]),
        [['project-3', 'removed upstream']],
      );
    }
    isWhole(t, a, b.mirror, c.mirror);
  });

  await t.test('a new release costs its page and its files', async (t) => {
    a.index.publish(makeWheel({ name: 'project-4', version: '2.0' }));
    await a.runLater();
    for (const { mirror, pull, served } of [b, c]) {
      const files = ['project_4-2.0-py3-none-any.whl', 'project_4-2.0-py3-none-any.whl.metadata'];
      t.same(pathsOf(await pull()), ['/changes.json', '/simple/project-4/', ...files]);
      t.same(mirror.page('project-4').versions, ['1.0', '2.0']);
      t.ok(served.sent < 10_000, `${served.sent} bytes`);
    }
    isWhole(t, a, b.mirror, c.mirror);
  });

  await t.test(
    'projects that the rules of a mirror exclude are removed from the mirrors below it, and come back',
    async (t) => {
      const policy = policyFrom('[[rule]]\nprojects = ["project-5"]\nhold = "none"\n');
      await a.runLater({ policy });
      for (const { mirror, pull } of [b, c]) {
        t.same(await pull(), ['/changes.json', '/simple/project-5/']);
        t.notOk(mirror.page().projects.some(({ name }) => name === 'project-5'));
      }
      await a.runLater();
      for (const { mirror, pull } of [b, c]) {
        await pull();
        t.match(mirror.filenames('project-5'), { length: 1 }, 'although its serial is what it was');
      }
      isWhole(t, a, b.mirror, c.mirror);
    },
  );

  await t.test('the quarantine of a project or a release is passed on, and so is its end', async (t) => {
    const keep = { settings: { keepRemoved: true } };
    const quarantined: readonly string[] = ['project-1', 'project-6'];
    a.index.quarantine('project-1');
    a.index.quarantineRelease('project-6', '3.0');
    await a.runLater();
    for (const { mirror, pull } of [b, c]) {
      await pull();
      t.equal(mirror.page('project-1')['project-status'].status, 'quarantined');
      t.same(mirror.filenames('project-1'), []);
      t.same(mirror.page('project-6').versions, ['1.0', '2.0', '4.0']);
      const gone = mirror
        .remembered((state) => state.removals.latest(9))
        .filter(({ project }) => quarantined.includes(project))
        .map(({ why }) => why);
      t.same([...new Set(gone)], ['quarantined upstream'], 'it does not count for the brake');
    }
    a.index.clearQuarantine('project-1');
    a.index.clearReleaseQuarantine('project-6', '3.0');
    await a.runLater();
    for (const { mirror, pull } of [b, c]) {
      await pull();
      t.match(mirror.filenames('project-1'), { length: 1 });
      t.match(mirror.filenames('project-6'), { length: 4 });
    }
    a.index.quarantineRelease('project-6', '2.0');
    await a.runLater();
    const path = a.pathOf('project-6', 'project_6-2.0-py3-none-any.whl');
    for (const { mirror, pull } of [b, c]) {
      await pull(keep);
      t.notOk(
        mirror.remembered((state) => state.held.file(path as never)),
        'it does not stay where removed files do',
      );
    }
    isWhole(t, a, b.mirror, c.mirror);
  });

  await t.test('local files of a mirror are passed on to the mirrors below it', async (t) => {
    const policy = policyFrom('[[rule]]\nprojects = ["acme-core"]\nhold = "local"');
    const folder = join(a.web, 'packages/ours');
    mkdirSync(folder);
    for (const version of ['1.0', '2.0']) {
      const { filename, content } = makeWheel({ name: 'acme-core', version });
      writeFileSync(join(folder, filename), content);
      await a.runLater({ policy });
      await b.pull();
      await c.pull();
      for (const { mirror } of [b, c]) {
        t.same(mirror.page('acme-core').versions.at(-1), version);
        t.match(mirror.page('acme-core').files.at(-1)?.url, /^\.\.\/\.\.\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\//);
        t.same([mirror.eventsOf('alarm'), mirror.problems()], [[], []]);
      }
    }
    rmSync(folder, { recursive: true });
    await a.runLater({ policy });
    await b.pull();
    t.notOk(b.mirror.page().projects.some(({ name }) => name === 'acme-core'));
    b.served.asked.length = 0;
    await b.pull({ policy: policyFrom('[releases]\nprereleases = false') });
    t.same(b.served.asked, ['/changes.json'], 'where all other files lie is known as before');
  });
});

t.test('a mirror that is some hundred changes behind reads the pieces between', async (t) => {
  const { a, b } = await openPair(t);
  for (const at of [0, 1, 2]) {
    a.index.publish(makeWheel({ name: `project-${at}`, version: '2.0' }));
    await a.runLater();
    comeAndGo(a, at < 2 ? 126 : 5);
  }
  a.index.removeProject('project-3');
  // What is gone counts for the deletion limit.
  await a.runLater({ allowDeletions: 1 });
  const told = (path: string): string[] =>
    JSON.parse(a.text(path)).changes.map(({ project }: { project: string }) => project);
  const names = ['project-0', 'project-1', 'project-2', 'project-3'];
  const isNamed = (project: string): boolean => names.includes(project);
  const pieces = ['changes/0.json', 'changes/1.json', 'changes.json'];
  t.same(
    pieces.map((path) =>
      told(path)
        .filter(isNamed)
        .slice(path === 'changes/0.json' ? -1 : 0),
    ),
    [['project-0'], ['project-1'], ['project-2', 'project-3']],
  );
  const asked = await b.pull();
  t.same(asked.slice(0, 3), ['/changes.json', '/changes/0.json', '/changes/1.json']);
  t.same(
    asked.filter((path) => path.startsWith('/simple/project-')).sort(),
    names.map((name) => `/simple/${name}/`),
  );
  t.equal(asked.filter((path) => path.startsWith('/simple/gone-')).length, 257);
  t.same(
    b.mirror.page().projects.map(({ name }) => name),
    a.page().projects.map(({ name }) => name),
  );
  t.same(await b.pull(), ['/changes.json']);
  isWhole(t, a, b.mirror);
});

/** What B asks for when it has to compare the list, and then. */
const byList = ['/changes.json', '/simple/'];

t.test('if the feed does not go on, the list is compared once, and the feed is followed from there', async (t) => {
  const { a, b } = await openPair(t);
  const backup = readFileSync(join(a.target, 'state.db'));
  const release = (version: string): void => {
    a.index.publish(makeWheel({ name: 'project-3', version }));
  };
  const pullByList = async (why: RegExp): Promise<void> => {
    const asked = await b.pull();
    t.same(asked.slice(0, byList.length), byList, String(why));
    t.match(b.mirror.warnings(), [why]);
    t.match(b.mirror.filenames('project-3'), { length: a.filenames('project-3').length });
    release(`${a.filenames('project-3').length}.1`);
    await a.runLater();
    const next = await b.pull();
    t.match([next.includes('/simple/'), b.mirror.warnings()], [false, []], 'then the feed is followed');
    t.same(b.mirror.problems(), []);
  };
  release('2.0');
  await a.runLater();
  await b.pull();
  release('3.0');
  await a.runLater();
  for (const [change, why] of [
    [
      { feed: '0123456789abcdef'.repeat(2) },
      /changes\.json: it began anew; the list of projects was compared instead$/,
    ],
    [{ version: 2 }, /expected a change feed of version 1, found another one; the list/],
    [{ last: 1 }, /expected the changes from 1 to 1, found others; the list/],
  ] as const) {
    const text = a.text('changes.json');
    b.served.alter = (path, body) =>
      path === '/changes.json' ? Buffer.from(JSON.stringify({ ...JSON.parse(text), ...change })) : body;
    t.same((await b.pull()).slice(0, byList.length), byList);
    t.match(b.mirror.warnings(), [why]);
    b.served.alter = (_path, body) => body;
    if ('feed' in change) await pullByList(/it began anew/);
  }
  // A's state is lost, then it is an old one.
  rmSync(join(a.target, 'state.db'));
  release('4.0');
  await a.runLater();
  await pullByList(/it began anew/);
  for (const suffix of ['-wal', '-shm', '']) rmSync(join(a.target, `state.db${suffix}`), { force: true });
  writeFileSync(join(a.target, 'state.db'), backup);
  release('5.0');
  await a.runLater();
  await pullByList(/it began anew/);
  b.served.alter = (path, body) => (path === '/changes.json' ? undefined : body);
  t.same((await b.pull()).slice(0, byList.length), byList);
  t.match(b.mirror.warnings(), [/changes\.json: is not there any more; the list/]);
  t.same(await b.pull(), ['/simple/'], 'and not asked for again on the same day');
  t.same(b.mirror.warnings(), []);
});

t.test('a removal in the feed removes nothing while upstream still serves the page', async (t) => {
  const { a, b } = await openPair(t);
  a.index.publish(makeWheel({ name: 'project-3', version: '2.0' }));
  await a.runLater();
  const told = JSON.parse(a.text('changes.json'));
  const tellAll = (extra: object): void => {
    const changes = told.changes.map((change: object) => ({ ...change, ...extra }));
    b.served.alter = (path, body) =>
      path === '/changes.json' ? Buffer.from(JSON.stringify({ ...told, changes })) : body;
  };
  tellAll({ removed: 'removed upstream' });
  await b.pull();
  t.equal(b.mirror.page().projects.length, 6);
  t.match(b.mirror.parkings(), [/^project-3: upstream's page has serial \d+, from before its removal at \d+$/]);
  t.same(b.mirror.problems(), []);
});

t.test('a feed that would empty the mirror meets the deletion limit', async (t) => {
  const { a, b } = await openPair(t, indexOfSome(12));
  for (let at = 0; at < 12; at += 1) a.index.removeProject(`project-${at}`);
  await a.runLater({ allowDeletions: 12 });
  t.equal(a.page().projects.length, 0);
  await b.pull();
  t.ok(b.mirror.page().projects.length > 9, 'most of it stays');
  t.ok(b.mirror.eventsOf('deletions-held-back').length > 0);
});

t.test('a feed whose serial jumps is not believed', async (t) => {
  const { a, b } = await openPair(t);
  a.index.publish(makeWheel({ name: 'project-3', version: '2.0' }));
  await a.runLater();
  const before = b.mirror.remembered((state) => mirrorState(state).serial);
  const told = JSON.parse(a.text('changes.json'));
  b.served.alter = (path, body) =>
    path === '/changes.json' ? Buffer.from(JSON.stringify({ ...told, serial: told.serial + 1e9 })) : body;
  await b.pull();
  t.match(b.mirror.warnings(), [
    /the change feed: the serial jumps from \d+ to \d+, and is not believed .*; the list of/,
  ]);
  t.match(b.mirror.filenames('project-3'), { length: 2 }, 'the list tells it');
  t.ok((b.mirror.remembered((state) => mirrorState(state).serial) ?? 0) < (before ?? 0) + 100);
});

t.test('an upstream with a changelog is not asked for a feed', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  await mirror.runLater();
  t.same(mirror.requested(), ['changelog_since_serial']);
});

t.test('a removal is passed on while a long run of the mirror above is still at work', async (t) => {
  const { a, b } = await openPair(t);
  for (const name of ['project-1', 'project-2']) a.index.publish(makeWheel({ name, version: '2.0' }));
  let removed = false;
  const told: unknown[] = [];
  await a.runLater({
    workers: 1,
    report: ({ type }) => {
      if (type === 'project-done' && !removed) {
        removed = true;
        a.index.removeProject('project-5');
        a.clock.advance(6 * 60_000);
      }
      if (type === 'root-index')
        told.push(...JSON.parse(a.text('changes.json')).changes.filter((c: { removed?: string }) => c.removed));
    },
  });
  t.match(told, [{ project: 'project-5', removed: 'removed upstream' }]);
  await b.pull();
  t.notOk(b.mirror.page().projects.some(({ name }) => name === 'project-5'));
  isWhole(t, a, b.mirror);
});
