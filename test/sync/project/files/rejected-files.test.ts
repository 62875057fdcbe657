/** A rejected file costs itself, and no other: neither its project, nor later releases, nor the exit code for ever. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { sidecarPath, type WebPath } from '../../../../src/core/paths.ts';
import { policyFrom } from '../../../fixtures/policy-from.ts';
import { treeOf } from '../../../fixtures/reader-check.ts';
import { openMirrorAt, openTestMirror, type TestMirror } from '../../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../../sample/distributions.ts';
import type { FileEntry } from '../../../sample/pages.ts';
import { SampleIndex } from '../../../sample/sample-index.ts';

const hourMs = 60 * 60_000;
const place = (letter: string): string => `packages/aa/bb/${letter.repeat(60)}`;

/** An index whose project `demo` has some releases, and `other` one. */
function demoIndex(): SampleIndex {
  const index = new SampleIndex();
  for (const version of ['1.0', '1.1', '1.2', '1.3']) index.publish(makeWheel({ name: 'demo', version }));
  index.publish(makeWheel({ name: 'other', version: '1.0' }));
  return index;
}

const right = ['1.0', '1.1', '1.2', '1.3'].map((version) => `demo-${version}-py3-none-any.whl`);
const alarms = (mirror: TestMirror): string[] => mirror.eventsOf('alarm').map(({ message }) => message);
const oddOnes = (mirror: TestMirror) => mirror.remembered((state) => state.rejectedFiles.latest(99));

/** Reasons to reject a file that is listed beside the right ones, and what is reported of it. */
const oddities: readonly [what: string, entry: (mirror: TestMirror, file: FileEntry) => unknown, told: RegExp][] = [
  [
    'a character that no file name has',
    ({ server }, file) => ({
      ...file,
      filename: 'demo-1.4#1.zip',
      url: `${server.url}/${place('c')}/demo-1.4%231.zip`,
    }),
    /^demo: "demo-1\.4#1\.zip": its name has the character # \(U\+0023\); it is left out$/,
  ],
  [
    'a control character',
    ({ server }, file) => ({
      ...file,
      filename: 'demo-1.4\x01.tar.gz',
      url: `${server.url}/${place('c')}/demo-1.4%01.tar.gz`,
    }),
    /^demo: "demo-1\.4\\u0001\.tar\.gz": its name has the character U\+0001; it is left out$/,
  ],
  [
    'a name of 260 bytes',
    ({ server }, file) => {
      const filename = `demo-${'1'.repeat(248)}.tar.gz`;
      return { ...file, filename, url: `${server.url}/${place('c')}/${filename}` };
    },
    /its name is 5 bytes longer than the 255 that file systems take/,
  ],
  [
    'no sha256',
    ({ server }, file) => ({
      ...file,
      filename: 'demo-1.4.zip',
      url: `${server.url}/${place('c')}/demo-1.4.zip`,
      hashes: { md5: '0'.repeat(32), blake2b_256: '1'.repeat(64) },
    }),
    /^demo: "demo-1\.4\.zip": no sha256, so that it could not be verified; it is left out$/,
  ],
  [
    'another host',
    (_, file) => ({ ...file, filename: 'demo-1.4.zip', url: `https://evil.invalid/${place('c')}/demo-1.4.zip` }),
    /files from https:\/\/evil\.invalid are not allowed \(see file-hosts in mirror\.toml\); it is left out, and tried/,
  ],
  [
    'bytes that upstream does not have',
    ({ server }, file) => ({
      ...file,
      hashes: { sha256: 'd'.repeat(64) },
      filename: 'demo-1.4.zip',
      url: `${server.url}/${place('c')}/demo-1.4.zip`,
    }),
    /demo-1\.4\.zip: listed, but upstream answers that it does not exist; it is left out, and tried again later$/,
  ],
  ['no entry at all', () => null, /^demo: "\(no name\)": its entry is not an object; it is left out$/],
  [
    'a URL that is no text',
    () => ({ filename: 'demo-1.4.zip', url: {}, hashes: {} }),
    /"demo-1\.4\.zip": it has no url/,
  ],
  [
    'a name that is no text',
    ({ server }) => ({ filename: {}, url: `${server.url}/${place('c')}/demo-1.4.zip?x`, hashes: {} }),
    /"demo-1\.4\.zip": it has no filename/,
  ],
];

/** A mirror of it in which demo's page lists `more` besides. */
async function openOdd(
  t: Test,
  more: (mirror: TestMirror, file: FileEntry) => readonly unknown[],
): Promise<TestMirror> {
  const mirror = await openTestMirror(t, { index: demoIndex() });
  list(mirror, more);
  return mirror;
}

function list(mirror: TestMirror, more: (mirror: TestMirror, file: FileEntry) => readonly unknown[]): () => void {
  return mirror.alterPage('demo', (page) => {
    const [first] = page.files;
    const added = first === undefined ? [] : more(mirror, first);
    return { ...page, versions: [...page.versions, '1.4'], files: [...added, ...page.files] };
  });
}

for (const [what, entry, told] of oddities) {
  t.test(`a file with ${what} alone is left out, and reported once`, async (t) => {
    const mirror = await openOdd(t, (mirror, file) => [entry(mirror, file)]);
    t.equal((await mirror.run()).parked.size, 0);
    t.match(alarms(mirror), [told]);
    t.same(mirror.filenames('demo').sort(), right);
    t.same(mirror.page('demo').versions, ['1.0', '1.1', '1.2', '1.3'], 'no version without a file');
    t.same(mirror.problems(), []);
    mirror.index.publish(makeWheel({ name: 'demo', version: '2.0' }));
    mirror.server.faults.clear();
    list(mirror, (mirror, file) => [entry(mirror, file)]);
    for (let later = 0; later < 3; later += 1) {
      mirror.clock.advance(24 * hourMs);
      t.equal((await mirror.run()).parked.size, 0);
      t.same(alarms(mirror), [], 'it does not keep the exit code from being 0');
      t.same(mirror.filenames('demo').length, 5, 'a later release is not kept away');
    }
    t.equal(oddOnes(mirror).length, 1);
    mirror.server.faults.clear();
    mirror.index.removeProject('demo');
    await mirror.runLater();
    t.same(oddOnes(mirror), [], 'and forgotten with its project');
  });
}

t.test('several rejected files at once cost no other file', async (t) => {
  const mirror = await openOdd(t, (mirror, file) => oddities.slice(0, 3).map(([, entry]) => entry(mirror, file)));
  t.equal((await mirror.run()).parked.size, 0);
  t.equal(alarms(mirror).length, 3);
  t.same(mirror.filenames('demo').sort(), right);
  t.same(mirror.problems(), []);
});

t.test('a removal and a yank wait for no rejected file, no failing file, and no room', async (t) => {
  const troubles: Record<string, (mirror: TestMirror) => void> = {
    'an odd name': () => {},
    'a file that is not there': ({ server }) => {
      server.faults.add({ do: 'status', status: 404, match: /demo-2\.0/ });
    },
    'a network that is down': ({ server }) => {
      server.faults.add({ do: 'reset', match: /demo-2\.0/ });
    },
    'wrong bytes': ({ server }) => {
      server.faults.add({ do: 'corrupt', match: /demo-2\.0/ });
    },
  };
  for (const [what, makeTrouble] of Object.entries(troubles)) {
    const mirror = await openTestMirror(t, { index: demoIndex() });
    await mirror.run();
    mirror.index.removeFile('demo', 'demo-1.1-py3-none-any.whl');
    mirror.index.yank('demo', '1.2', 'malware');
    mirror.index.archive('demo');
    mirror.index.publish(makeWheel({ name: 'demo', version: '2.0' }));
    makeTrouble(mirror);
    const [entry] = oddities;
    list(mirror, (mirror, file) => (entry === undefined ? [] : [entry[1](mirror, file)]));
    await mirror.runLater();
    const names = mirror.filenames('demo');
    t.notOk(names.includes('demo-1.1-py3-none-any.whl'), what);
    t.same(
      treeOf(mirror.web).filter((path) => path.includes('demo-1.1-')),
      [],
      what,
    );
    t.match(
      mirror.page('demo').files.find(({ filename }) => filename.includes('-1.2-')),
      { yanked: 'malware' },
      what,
    );
    t.equal(mirror.page('demo')['project-status'].status, 'archived', what);
    t.equal(names.includes('demo-2.0-py3-none-any.whl'), what === 'an odd name', what);
    t.same(mirror.problems(), [], what);
    t.match(
      mirror.remembered((state) => state.removals.latest(9)),
      [{ path: /demo-1\.1-/ }],
      what,
    );
    mirror.server.faults.clear();
    mirror.index.addRole('demo', 'x');
    mirror.clock.advance(24 * hourMs);
    await mirror.run();
    t.ok(mirror.filenames('demo').includes('demo-2.0-py3-none-any.whl'), `${what}, once that is over`);
    t.equal(mirror.remembered((state) => state.removals.latest(9)).length, 1, 'it was removed once');
    t.same(oddOnes(mirror).length, 0);
    t.same(mirror.problems(), []);
  }
});

t.test('a removal does not wait for room', async (t) => {
  const mirror = await openTestMirror(t, { index: demoIndex() });
  await mirror.run();
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
    const mirror = await openTestMirror(t, { index: demoIndex() });
    await mirror.run();
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
  const asks: number[] = [];
  for (let minute = 0; minute < 120; minute += 5) {
    mirror.clock.advance(hourMs / 12);
    await mirror.run();
    if (mirror.requested().some((path) => path.endsWith('demo-1.3-py3-none-any.whl'))) asks.push(minute);
    t.same(alarms(mirror), []);
  }
  t.ok(asks.length >= 3 && asks.length <= 5, `asked ${asks.length} times`);
  t.match(oddOnes(mirror), [{ project: 'demo', filename: 'demo-1.3-py3-none-any.whl', attempts: asks.length + 1 }]);
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
    const mirror = await openTestMirror(t, { index: demoIndex() });
    await mirror.run();
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
    const mirror = await openTestMirror(t, { index: demoIndex() });
    await mirror.run();
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
  for (let number = 0; number < 1050; number += 1) index.publish(makeSdist({ name: 'large', version: `${number}` }));
  mirror.server.faults.add({ do: 'status', status: 404, match: /large-\d.*\.tar\.gz$/ });
  const asked = (): number => mirror.server.requests.filter(({ path }) => /large-\d/.test(path)).length;
  t.same([...(await mirror.run()).parked], ['large']);
  t.equal(asked(), 1000);
  t.match(mirror.parkings(), [/^large: .*of 1050 files cannot be taken|^large: 1000 of 1000 files cannot be had/]);
  t.same(mirror.filenames('demo'), right);
  mirror.server.faults.clear();
  mirror.clock.advance(24 * hourMs);
  t.equal((await mirror.run()).parked.size, 0);
  t.equal(mirror.filenames('large').length, 1050);
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
  const [hash] = oddities;
  for (const unmirrored of ['hide', 'upstream']) {
    const policy = policyFrom(`unmirrored = "${unmirrored}"\n[releases]\nkeep = 1`);
    const mirror = await openTestMirror(t, { index: demoIndex() });
    mirror.server.faults.add({ do: 'status', status: 404, match: /demo-1\.3.*whl$/ });
    list(mirror, (mirror, file) => (hash === undefined ? [] : [hash[1](mirror, file)]));
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
  const mirror = await openOdd(t, (mirror, file) =>
    oddities
      .slice(0, 4)
      .map(([, entry]) => entry(mirror, file))
      .slice(1),
  );
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
