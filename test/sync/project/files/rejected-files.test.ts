/** A rejected file costs itself, and no other: neither its project, nor later releases, nor the exit code for ever. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { sidecarPath, type WebPath } from '../../../../src/core/paths.ts';
import { policyFrom } from '../../../fixtures/policy-from.ts';
import { treeOf } from '../../../fixtures/reader-check.ts';
import { syncedCopies } from '../../../fixtures/synced-copies.ts';
import { openMirrorAt, openTestMirror, type TestMirror } from '../../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../../sample/distributions.ts';
import type { FileEntry } from '../../../sample/pages.ts';
import { SampleIndex } from '../../../sample/sample-index.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const place = (digit: string): string => `packages/aa/bb/${digit.repeat(60)}`;

/** An index whose project `demo` has some releases, and `other` one. */
function demoIndex(): SampleIndex {
  const index = new SampleIndex();
  publishDemo(index, 'demo');
  index.publish(makeWheel({ name: 'other', version: '1.0' }));
  return index;
}

function publishDemo(index: SampleIndex, name: string): void {
  for (const version of ['1.0', '1.1', '1.2', '1.3']) index.publish(makeWheel({ name, version }));
}

const openSynced = syncedCopies(t, demoIndex);
const rightOf = (name: string): string[] =>
  ['1.0', '1.1', '1.2', '1.3'].map((version) => `${name}-${version}-py3-none-any.whl`);
const right = rightOf('demo');
const alarms = (mirror: TestMirror): string[] => mirror.eventsOf('alarm').map(({ message }) => message);
const oddOnes = (mirror: TestMirror) => mirror.remembered((state) => state.rejectedFiles.latest(99));

/** Reasons to reject a file that is listed beside the right ones, and what is reported of it. */
const oddities: readonly [
  what: string,
  entry: (mirror: TestMirror, file: FileEntry, folder: string) => unknown,
  told: RegExp,
][] = [
  [
    'a character that no file name has',
    ({ server }, file, folder) => ({
      ...file,
      filename: 'demo-1.4#1.zip',
      url: `${server.url}/${folder}/demo-1.4%231.zip`,
    }),
    /^"demo-1\.4#1\.zip": its name has the character # \(U\+0023\); it is left out$/,
  ],
  [
    'a control character',
    ({ server }, file, folder) => ({
      ...file,
      filename: 'demo-1.4\x01.tar.gz',
      url: `${server.url}/${folder}/demo-1.4%01.tar.gz`,
    }),
    /^"demo-1\.4\\u0001\.tar\.gz": its name has the character U\+0001; it is left out$/,
  ],
  [
    'a name of 260 bytes',
    ({ server }, file, folder) => {
      const filename = `demo-${'1'.repeat(248)}.tar.gz`;
      return { ...file, filename, url: `${server.url}/${folder}/${filename}` };
    },
    /its name is 5 bytes longer than the 255 that file systems take/,
  ],
  [
    'no sha256',
    ({ server }, file, folder) => ({
      ...file,
      filename: 'demo-1.4.zip',
      url: `${server.url}/${folder}/demo-1.4.zip`,
      hashes: { md5: '0'.repeat(32), blake2b_256: '1'.repeat(64) },
    }),
    /^"demo-1\.4\.zip": no sha256, so that it could not be verified; it is left out$/,
  ],
  [
    'another host',
    (_, file, folder) => ({ ...file, filename: 'demo-1.4.zip', url: `https://evil.invalid/${folder}/demo-1.4.zip` }),
    /files from https:\/\/evil\.invalid are not allowed \(see file-hosts in mirror\.toml\); it is left out, and tried/,
  ],
  [
    'bytes that upstream does not have',
    ({ server }, file, folder) => ({
      ...file,
      hashes: { sha256: 'd'.repeat(64) },
      filename: 'demo-1.4.zip',
      url: `${server.url}/${folder}/demo-1.4.zip`,
    }),
    /demo-1\.4\.zip: listed, but upstream answers that it does not exist; it is left out, and tried again later$/,
  ],
  ['no entry at all', () => null, /^"\(no name\)": its entry is not an object; it is left out$/],
  [
    'a URL that is no text',
    () => ({ filename: 'demo-1.4.zip', url: {}, hashes: {} }),
    /^"demo-1\.4\.zip": it has no url/,
  ],
  [
    'a name that is no text',
    ({ server }, _, folder) => ({ filename: {}, url: `${server.url}/${folder}/demo-1.4.zip?x`, hashes: {} }),
    /^"demo-1\.4\.zip": it has no filename/,
  ],
];

type More = (mirror: TestMirror, file: FileEntry) => readonly unknown[];

/** A mirror of it in which demo's page lists `more` besides. */
async function openOdd(t: Test, more: More): Promise<TestMirror> {
  const mirror = await openTestMirror(t, { index: demoIndex() });
  list(mirror, more);
  return mirror;
}

function list(mirror: TestMirror, more: More, name = 'demo'): () => void {
  return mirror.alterPage(name, (page) => {
    const [first] = page.files;
    const added = first === undefined ? [] : more(mirror, first);
    return { ...page, versions: [...page.versions, '1.4'], files: [...added, ...page.files] };
  });
}

/** The entries of the first `count` oddities. */
const firstOdd =
  (count: number): More =>
  (mirror, file) =>
    oddities.slice(0, count).map(([, entry], at) => entry(mirror, file, place(String(at))));

t.test('a rejected file alone is left out, and reported once', async (t) => {
  const index = new SampleIndex();
  const mirror = await openTestMirror(t, { index });
  const odd = oddities.map(([what, entry, told], at) => {
    const name = `demo${at}`;
    publishDemo(index, name);
    return { what, name, told, more: (file: FileEntry) => [entry(mirror, file, place(String(at)))] };
  });
  const several = 'several';
  publishDemo(index, several);
  const listAll = (): void => {
    mirror.server.faults.clear();
    for (const { name, more } of odd) list(mirror, (_, file) => more(file), name);
    list(mirror, firstOdd(3), several);
  };
  const alarmsOf = (name: string): string[] =>
    alarms(mirror).flatMap((text) => (text.startsWith(`${name}: `) ? [text.slice(name.length + 2)] : []));
  listAll();
  t.equal((await mirror.run()).parked.size, 0);
  t.equal(alarms(mirror).length, odd.length + 3);
  t.equal(alarmsOf(several).length, 3, 'several at once');
  for (const { what, name, told } of odd) t.match(alarmsOf(name), [told], what);
  for (const name of [...odd.map(({ name }) => name), several]) {
    t.same(mirror.filenames(name).sort(), rightOf(name));
    t.same(mirror.page(name).versions, ['1.0', '1.1', '1.2', '1.3'], 'no version without a file');
  }
  t.same(mirror.problems(), []);

  for (const { name } of odd) index.publish(makeWheel({ name, version: '2.0' }));
  listAll();
  for (let later = 0; later < 3; later += 1) {
    mirror.clock.advance(24 * hourMs);
    t.equal((await mirror.run()).parked.size, 0);
    t.same(alarms(mirror), [], 'it does not keep the exit code from being 0');
    for (const { what, name } of odd) t.same(mirror.filenames(name).length, 5, `${what} keeps no later release away`);
  }
  const remembered = oddOnes(mirror).map(({ project }) => project as string);
  t.same(remembered.sort(), [...odd.map(({ name }) => name), several, several, several]);
  mirror.server.faults.clear();
  for (const { name } of odd) index.removeProject(name);
  await mirror.runLater({ allowDeletions: odd.length });
  t.same(
    oddOnes(mirror).map(({ project }) => project),
    [several, several, several],
    'and forgotten with its project',
  );
});

t.test('a removal and a yank wait for no rejected file, no failing file, and no room', async (t) => {
  /** By project; each has an odd name on its page, too. */
  const troubles: Record<string, (mirror: TestMirror) => void> = {
    odd: () => {},
    absent: ({ server }) => {
      server.faults.add({ do: 'status', status: 404, match: /absent-2\.0/ });
    },
    down: ({ server }) => {
      server.faults.add({ do: 'reset', match: /down-2\.0/ });
    },
    wrong: ({ server }) => {
      server.faults.add({ do: 'corrupt', match: /wrong-2\.0/ });
    },
  };
  const index = new SampleIndex();
  for (const name of Object.keys(troubles)) publishDemo(index, name);
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  for (const [name, makeTrouble] of Object.entries(troubles)) {
    index.removeFile(name, `${name}-1.1-py3-none-any.whl`);
    index.yank(name, '1.2', 'malware');
    index.archive(name);
    index.publish(makeWheel({ name, version: '2.0' }));
    makeTrouble(mirror);
    list(mirror, firstOdd(1), name);
  }
  await mirror.runLater();
  const removalsOf = (project: string) =>
    mirror.remembered((state) => state.removals.latest(99)).filter((removal) => removal.project === project);
  for (const name of Object.keys(troubles)) {
    const names = mirror.filenames(name);
    t.notOk(names.includes(`${name}-1.1-py3-none-any.whl`), name);
    t.same(
      treeOf(mirror.web).filter((path) => path.includes(`${name}-1.1-`)),
      [],
      name,
    );
    t.match(
      mirror.page(name).files.find(({ filename }) => filename.includes('-1.2-')),
      { yanked: 'malware' },
      name,
    );
    t.equal(mirror.page(name)['project-status'].status, 'archived', name);
    t.equal(names.includes(`${name}-2.0-py3-none-any.whl`), name === 'odd', name);
    t.match(removalsOf(name), [{ path: new RegExp(`${name}-1\\.1-`) }], name);
  }
  t.same(mirror.problems(), []);
  mirror.server.faults.clear();
  for (const name of Object.keys(troubles)) index.addRole(name, 'x');
  mirror.clock.advance(24 * hourMs);
  await mirror.run();
  for (const name of Object.keys(troubles)) {
    t.ok(mirror.filenames(name).includes(`${name}-2.0-py3-none-any.whl`), `${name}, once that is over`);
    t.equal(removalsOf(name).length, 1, 'it was removed once');
  }
  t.same(oddOnes(mirror).length, 0);
  t.same(mirror.problems(), []);
});

t.test('a removal does not wait for room', async (t) => {
  const mirror = await openSynced(t);
  mirror.index.removeFile('demo', 'demo-1.1-py3-none-any.whl');
  mirror.index.publish(makeWheel({ name: 'demo', version: '2.0', files: { 'demo/x': Buffer.alloc(1 << 20, 'abc') } }));
  const policy = policyFrom('[budget]\nsize = "10kB"\n[[rule]]\nprojects = ["*"]');
  const result = await mirror.runLater({ policy });
  t.same([...result.parked], ['demo']);
  t.match(mirror.parkings(), [/needs [\d.]+ [KM]?i?B more/]);
  t.same(mirror.filenames('demo').length, 3);
  t.same(
    treeOf(mirror.web).filter((path) => path.includes('demo-1.1-')),
    [],
  );
  t.same(mirror.problems(), []);
});

t.test(
  'a quarantine counts from a page whose serial is behind, and stays open until the promised one comes',
  async (t) => {
    const mirror = await openSynced(t);
    mirror.index.quarantine('demo');
    const behind = mirror.alterPage('demo', (page) => ({ ...page, meta: { ...page.meta, '_last-serial': 1001 } }));
    const result = await mirror.runLater();
    t.same([...result.parked], ['demo']);
    t.same(mirror.filenames('demo'), []);
    t.equal(mirror.page('demo')['project-status'].status, 'quarantined');
    t.same(
      treeOf(mirror.web).filter((path) => /packages.*demo/.test(path)),
      [],
    );
    behind();
    t.equal((await mirror.runLater()).parked.size, 0);
    mirror.index.clearQuarantine('demo');
    t.equal((await mirror.runLater()).parked.size, 0);
    t.same(mirror.filenames('demo').sort(), right);
    t.same(mirror.problems(), []);
  },
);

t.test('a file that fails is tried again with growing pauses, and taken once it is right', async (t) => {
  const mirror = await openTestMirror(t, { index: demoIndex() });
  mirror.server.faults.add({ do: 'status', status: 404, match: /demo-1\.3.*whl$/ });
  await mirror.run();
  const isAskedAfter = async (minutes: number): Promise<boolean> => {
    mirror.clock.advance(minutes * minuteMs);
    await mirror.run();
    t.same(alarms(mirror), []);
    return mirror.requested().some((path) => path.endsWith('demo-1.3-py3-none-any.whl'));
  };
  const pauses = [5, 10, 20, 40];
  for (const minutes of pauses) {
    t.notOk(await isAskedAfter(minutes - 1), `before ${minutes} minutes`);
    t.ok(await isAskedAfter(2), `after ${minutes} minutes`);
  }
  t.match(oddOnes(mirror), [{ project: 'demo', filename: 'demo-1.3-py3-none-any.whl', attempts: 1 + pauses.length }]);
  mirror.server.faults.clear();
  mirror.clock.advance(24 * hourMs);
  t.equal((await mirror.run()).parked.size, 0);
  t.same(mirror.filenames('demo').sort(), right);
  t.same(oddOnes(mirror), []);
  t.same(mirror.problems(), []);
});

t.test(
  'if most entries of a page are rejected, published files stay as they are, and an alarm is raised',
  async (t) => {
    const mirror = await openSynced(t);
    const entries = () => [...mirror.page('demo').files].sort((one, other) => (one.filename < other.filename ? -1 : 1));
    const before = entries();
    mirror.index.publish(makeWheel({ name: 'demo', version: '2.0' }));
    mirror.alterPage('demo', (page) => ({
      ...page,
      files: page.files.map((file, at) => (at < 3 ? { ...file, filename: `\x01${at}` } : file)),
    }));
    for (let day = 0; day < 2; day += 1) {
      mirror.clock.advance(24 * hourMs);
      t.same([...(await mirror.run()).parked], ['demo']);
      t.match(mirror.parkings(), [
        /3 of 5 files cannot be taken, such as "\\u00010": its name .*; nothing new is taken/,
      ]);
      t.same(entries(), before);
      t.same(mirror.problems(), []);
    }
    mirror.server.faults.clear();
    mirror.clock.advance(24 * hourMs);
    t.equal((await mirror.run()).parked.size, 0);
    t.equal(mirror.filenames('demo').length, 5);
  },
);

t.test(
  'files that a page with many rejected entries does not mention at all are removed, and so are quarantined ones',
  async (t) => {
    const mirror = await openSynced(t);
    mirror.index.removeFile('demo', 'demo-1.0-py3-none-any.whl');
    const garble = (status: string) =>
      mirror.alterPage('demo', (page) => ({
        ...page,
        'project-status': { status },
        files: page.files.map((file, at) => ({ ...file, filename: `\x01${at}` })),
      }));
    const off = garble('active');
    t.same([...(await mirror.runLater()).parked], ['demo']);
    t.same(mirror.filenames('demo').sort(), right.slice(1));
    off();
    mirror.index.addRole('demo', 'x');
    garble('quarantined');
    t.equal((await mirror.runLater()).parked.size, 0);
    t.same(mirror.filenames('demo'), []);
    t.same(mirror.problems(), []);
  },
);

t.test('files of which most cannot be fetched are reported until they can, and the others are held', async (t) => {
  const mirror = await openTestMirror(t, { index: demoIndex() });
  mirror.server.faults.add({ do: 'status', status: 404, match: /demo-1\.[012].*whl$/ });
  t.same([...(await mirror.run()).parked], ['demo']);
  t.match(mirror.parkings(), [/3 of 4 files cannot be taken, such as "demo-1\.0/]);
  t.same(mirror.filenames('demo'), right.slice(3));
  mirror.server.faults.clear();
  mirror.clock.advance(24 * hourMs);
  t.equal((await mirror.run()).parked.size, 0);
  t.same(mirror.filenames('demo').sort(), right);
});

t.test('of a page of thousands of missing files a thousand are requested at a time', async (t) => {
  const index = demoIndex();
  const mirror = await openTestMirror(t, { index });
  const { content } = makeSdist({ name: 'large', version: '0' });
  for (let number = 0; number < 1050; number += 1) {
    index.publish({ name: 'large', version: `${number}`, filename: `large-${number}.tar.gz`, content });
  }
  mirror.server.faults.add({ do: 'status', status: 404, match: /large-\d.*\.tar\.gz$/ });
  t.same([...(await mirror.run()).parked], ['large']);
  const asked = mirror.requested().flatMap((path) => /\/large-(\d+)\.tar\.gz$/.exec(path)?.[1] ?? []);
  t.equal(asked.length, 1000);
  t.match(mirror.parkings(), [/^large: .*of 1050 files cannot be taken|^large: 1000 of 1000 files cannot be had/]);
  t.same(mirror.filenames('demo'), right);
  mirror.server.faults.clear();
  mirror.clock.advance(24 * hourMs);
  t.equal((await mirror.run()).parked.size, 0);
  t.equal(mirror.filenames('large').length, 1050, 'and later the others, too');
});

t.test('a held file whose address a rejected entry has stays, however the address is encoded', async (t) => {
  const index = new SampleIndex();
  index.publish(makeWheel({ name: 'demo', version: '1.0+local' }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  const held = mirror.filenames('demo');
  index.addRole('demo', 'somebody');
  const spoiled = ({ url }: FileEntry) => ({ filename: 'demo#.zip', url: `${url.replace('%2B', '+')}?x=1#y` });
  mirror.alterFile('demo', spoiled);
  await mirror.runLater();
  t.same(mirror.filenames('demo'), held);
  t.same(mirror.problems(), []);
});

t.test('a file that is listed twice as two is left out, or stays as it is held', async (t) => {
  const mirror = await openTestMirror(t, { index: demoIndex() });
  const twice = (mirror: TestMirror, file: FileEntry) => [
    { ...file, hashes: { sha256: 'e'.repeat(64) } },
    mirror && file,
  ];
  list(mirror, (mirror, file) => twice(mirror, file).slice(0, 1));
  await mirror.run();
  t.match(alarms(mirror), [/"demo-1\.0-py3-none-any\.whl": it is listed twice, and not as the same; it is left out$/]);
  t.same(mirror.filenames('demo').sort(), right.slice(1));
  mirror.server.faults.clear();
  mirror.index.addRole('demo', 'x');
  await mirror.runLater();
  t.same(mirror.filenames('demo').sort(), right);
  mirror.index.addRole('demo', 'y');
  list(mirror, (mirror, file) => twice(mirror, file).slice(0, 1));
  await mirror.runLater();
  t.same(mirror.filenames('demo').sort(), right, 'what is held stays');
  mirror.server.faults.clear();
  mirror.index.addRole('demo', 'z');
  list(mirror, (_, file) => [file, file]);
  await mirror.runLater();
  t.same(alarms(mirror), [], 'twice the same is once');
  t.same(mirror.filenames('demo').sort(), right);
  t.same(mirror.problems(), []);
});

t.test('hashes in capitals and names of 250 characters are taken', async (t) => {
  const index = new SampleIndex();
  const name = `demo${'-long'.repeat(30)}`;
  const version = `1.${'0'.repeat(250 - name.length - '-1.-py3-none-any.whl'.length)}`;
  const wheel = index.publish(makeWheel({ name, version }), { provenance: true });
  t.equal(wheel.filename.length, 250);
  const mirror = await openTestMirror(t, { index });
  mirror.alterPage(name, (page) => ({
    ...page,
    files: page.files.map((file) => ({ ...file, hashes: { sha256: file.hashes.sha256.toUpperCase() } })),
  }));
  t.equal((await mirror.run()).parked.size, 0);
  t.same(alarms(mirror), []);
  t.match(mirror.page(name).files, [
    { filename: wheel.filename, hashes: { sha256: wheel.sha256 }, 'core-metadata': false, provenance: /^http/ },
  ]);
  t.match(mirror.text(`simple/${name}/index.html`), `#sha256=${wheel.sha256}"`);
  t.same(mirror.problems(), []);
  const { mirror: opened, close } = openMirrorAt(mirror.target, mirror.server.url, mirror.clock);
  const path = wheel.path.slice(1) as WebPath;
  t.equal(
    await opened.files.stat(sidecarPath(path, 'metadata')),
    undefined,
    'what is beside it is absent, and no error',
  );
  t.equal(await opened.files.read(sidecarPath(path, 'provenance')), undefined);
  await opened.files.discard([sidecarPath(path, 'metadata')]);
  t.same(await opened.files.restore([sidecarPath(path, 'provenance')]), []);
  await close();
  mirror.server.faults.clear();
  mirror.index.removeProject(name);
  t.equal((await mirror.runLater()).parked.size, 0);
  t.match(treeOf(join(mirror.target, 'trash')), [new RegExp(`^\\S*${wheel.filename}$`), /./, /./]);
});

t.test(
  'a wrong size is a hint if the sha256 is right: the file is held with its true size, and that is reported once',
  async (t) => {
    for (const size of [1, 10_000_000]) {
      const mirror = await openTestMirror(t, { index: demoIndex() });
      const off = mirror.alterPage('demo', (page) => ({
        ...page,
        files: page.files.map((file) => ({ ...file, size })),
      }));
      t.equal((await mirror.run()).parked.size, 0);
      t.same(mirror.filenames('demo').sort(), right);
      t.equal(
        mirror.warnings().filter((text) => /expected \d+ bytes, found \d+ with the right sha256/.test(text)).length,
        4,
      );
      const bytes = readFileSync(join(mirror.web, mirror.pathOf('demo', right[0] ?? ''))).length;
      t.match(mirror.page('demo').files[0], { size: bytes });
      mirror.index.addRole('demo', 'x');
      off();
      mirror.alterPage('demo', (page) => ({ ...page, files: page.files.map((file) => ({ ...file, size })) }));
      await mirror.runLater();
      t.same(mirror.warnings(), []);
      t.same(mirror.problems(), []);
    }
  },
);

t.test('a rejected file takes the place of no other file under the rules, and is linked nowhere', async (t) => {
  for (const unmirrored of ['hide', 'upstream']) {
    const policy = policyFrom(`unmirrored = "${unmirrored}"\n[releases]\nkeep = 1`);
    const mirror = await openTestMirror(t, { index: demoIndex() });
    mirror.server.faults.add({ do: 'status', status: 404, match: /demo-1\.3.*whl$/ });
    list(mirror, firstOdd(1));
    t.equal((await mirror.run({ policy })).parked.size, 0);
    const held = treeOf(mirror.web).filter((path) => /packages.*demo.*whl$/.test(path));
    t.match(held, [/demo-1\.2-/], unmirrored);
    t.equal(held.length, 1);
    const linked = unmirrored === 'hide' ? right.slice(2, 3) : right.slice(0, 3);
    t.same(mirror.filenames('demo').sort(), linked);
    t.same(mirror.problems(), []);
    const looser = policyFrom(`unmirrored = "${unmirrored}"\n[releases]\nkeep = 2`);
    t.equal((await mirror.run({ policy: looser })).parked.size, 0);
    t.notOk(
      mirror.requested().some((path) => path.startsWith('/simple/demo')),
      'replanned without upstream',
    );
    t.same(treeOf(mirror.web).filter((path) => /packages.*demo.*whl$/.test(path)).length, 2);
    t.same(alarms(mirror), []);
    t.equal(oddOnes(mirror).length, 2);
  }
});

t.test('an index-only mirror links to no rejected file', async (t) => {
  const mirror = await openOdd(t, (mirror, file) => firstOdd(4)(mirror, file).slice(1));
  const settings = { indexOnly: true };
  t.equal((await mirror.run({ settings })).parked.size, 0);
  t.same(mirror.filenames('demo').sort(), right);
  t.equal(alarms(mirror).length, 3);
  t.notMatch(mirror.text('simple/demo/index.html'), /demo-1\.4/);
});

t.test('with keep-removed a rejected file is not taken for one that upstream removed', async (t) => {
  const mirror = await openTestMirror(t, { index: demoIndex() });
  const settings = { keepRemoved: true };
  await mirror.run({ settings });
  mirror.index.removeFile('demo', 'demo-1.0-py3-none-any.whl');
  mirror.alterPage('demo', (page) => ({
    ...page,
    files: page.files.map((file, at) => (at === 0 ? { ...file, url: 'https://evil.invalid/x' } : file)),
  }));
  t.equal((await mirror.runLater({ settings })).parked.size, 0);
  t.same(mirror.filenames('demo').sort(), right.slice(1));
  t.match(
    mirror.remembered((state) => state.removals.latest(9)),
    [{ path: /demo-1\.0-/ }],
  );
  t.equal(mirror.remembered((state) => state.removals.latest(9)).length, 1);
});

t.test('a single file that cannot be reached does not keep a new project away for ever', async (t) => {
  const mirror = await openTestMirror(t, { index: demoIndex() });
  mirror.server.faults.add({ do: 'status', status: 500, match: /demo-1\.3.*whl$/ });
  t.same([...(await mirror.run()).parked], ['demo']);
  t.notOk(
    treeOf(mirror.web).some((path) => path.startsWith('simple/demo')),
    'it may be the network',
  );
  for (let day = 0; day < 2; day += 1) {
    mirror.clock.advance(24 * hourMs);
    t.same([...(await mirror.run()).parked], ['demo']);
  }
  t.same(mirror.filenames('demo').sort(), right.slice(0, 3));
  mirror.server.faults.clear();
  mirror.clock.advance(24 * hourMs);
  t.equal((await mirror.run()).parked.size, 0);
  t.same(mirror.filenames('demo').sort(), right);
  t.same(mirror.problems(), []);
});

t.test('a rejected file is taken once the page is right', async (t) => {
  const mirror = await openTestMirror(t, { index: demoIndex() });
  mirror.index.publish(makeSdist({ name: 'demo', version: '1.3' }));
  const off = mirror.alterPage('demo', (page) => ({
    ...page,
    files: page.files.map((file) => (file.filename.endsWith('.gz') ? { ...file, hashes: {} } : file)),
  }));
  await mirror.run();
  t.match(alarms(mirror), [/"demo-1\.3\.tar\.gz": no sha256/]);
  off();
  mirror.index.addRole('demo', 'x');
  await mirror.runLater();
  t.ok(mirror.filenames('demo').includes('demo-1.3.tar.gz'));
  t.same(oddOnes(mirror), []);
});
