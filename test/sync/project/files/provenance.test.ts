/** What a run makes of the provenance of files, by `provenance` and `provenance-policy`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { SyncSettings } from '../../../../src/sync/mirror.ts';
import { ask } from '../../../cli/inspect/opened-reader.ts';
import { policyFrom } from '../../../fixtures/policy-from.ts';
import { sampleVerifier } from '../../../fixtures/sample-verifier.ts';
import { openTestMirror, type RunOptions, type TestMirror } from '../../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../../sample/distributions.ts';
import { makeProvenance } from '../../../sample/provenance.ts';
import { SampleIndex } from '../../../sample/sample-index.ts';

const good = 'pkg-1.0-py3-none-any.whl';
const forged = 'pkg-2.0-py3-none-any.whl';
const bare = 'pkg-1.0.tar.gz';
const otherFile = makeProvenance('other-1.0.tar.gz', '0'.repeat(64));

/** `pkg`: one wheel with provenance, one with that of another file, and a source distribution without any. */
async function openAttested(t: Parameters<typeof openTestMirror>[0]): Promise<TestMirror> {
  const index = new SampleIndex();
  index.publish(makeWheel({ name: 'pkg', version: '1.0' }), { provenance: true });
  index.publish(makeSdist({ name: 'pkg', version: '1.0' }));
  index.publish(makeWheel({ name: 'pkg', version: '2.0' }), { provenance: otherFile });
  return openTestMirror(t, { index });
}

function verifying(provenancePolicy: SyncSettings['provenancePolicy'] = 'warn'): RunOptions {
  return { settings: { provenance: 'verify', provenancePolicy }, verifier: sampleVerifier };
}

/** Raises the serial of `pkg`, so that the next run looks at it. */
function touch(mirror: TestMirror): void {
  mirror.index.addRole('pkg', 'somebody');
}

/** From now on upstream's page of `pkg`, as it is now, announces no provenance. */
function withoutProvenance(mirror: TestMirror): void {
  mirror.alterPage('pkg', (page) => ({
    ...page,
    files: page.files.map((file) => ({ ...file, provenance: null })),
  }));
}

function alarms(mirror: TestMirror): string[] {
  return mirror.eventsOf('alarm').map(({ message }) => message);
}

function totals(mirror: TestMirror): object {
  return mirror.remembered((state) => state.provenance.totals());
}

function isOnDisk(mirror: TestMirror, filename: string, suffix = ''): boolean {
  return existsSync(join(mirror.web, mirror.pathOf('pkg', filename) + suffix));
}

const none = { absent: 0, unchecked: 0, verified: 0, failed: 0, lost: 0, leftOut: 0 };
const failedText = `pkg: ${forged}: its provenance failed: about another file`;

t.test('warn holds everything, and reports once what failed', async (t) => {
  const mirror = await openAttested(t);
  await mirror.run(verifying());
  t.same(mirror.filenames('pkg').sort(), [bare, forged, good].sort());
  t.same(mirror.warnings(), [failedText]);
  t.same(alarms(mirror), []);
  t.same(totals(mirror), { ...none, absent: 1, verified: 1, failed: 1 });
  t.ok(isOnDisk(mirror, forged, '.provenance'), 'the object is kept as it is');
  touch(mirror);
  await mirror.runLater(verifying());
  t.same(mirror.warnings(), [], 'not told again');
  t.equal(mirror.requested().filter((path) => path.includes(good)).length, 0, 'what is verified is not fetched again');
  t.same(mirror.problems(), []);
});

t.test('a provenance object that failed is verified again, and passes once upstream has corrected it', async (t) => {
  const mirror = await openAttested(t);
  await mirror.run(verifying('refuse-failed'));
  mirror.index.attest('pkg', forged);
  touch(mirror);
  await mirror.runLater(verifying('refuse-failed'));
  t.same(totals(mirror), { ...none, absent: 1, verified: 2 });
  t.ok(mirror.filenames('pkg').includes(forged));
  t.same(alarms(mirror), []);
});

t.test('refuse-failed leaves out files that failed, with a single alarm', async (t) => {
  const mirror = await openAttested(t);
  await mirror.run(verifying('refuse-failed'));
  t.same(mirror.filenames('pkg').sort(), [bare, good].sort());
  t.same(mirror.page('pkg').versions, ['1.0'], 'nor does the page name its version');
  t.notOk(isOnDisk(mirror, forged) || isOnDisk(mirror, forged, '.provenance'));
  t.same(alarms(mirror), [`${failedText}; it is left out`]);
  t.same(totals(mirror), { ...none, absent: 1, verified: 1, leftOut: 1 });
  t.same(
    mirror.remembered((state) => state.queue.parked(9)),
    [],
    'the project itself is finished',
  );
  touch(mirror);
  await mirror.runLater(verifying('refuse-failed'));
  t.same(alarms(mirror), []);
  const path = `/${mirror.pathOf('pkg', forged)}`;
  t.notOk(mirror.requested().includes(path), 'the file itself is not fetched again only to be left out');
  t.same(mirror.problems(), []);
});

t.test('a file that was left out comes back once it verifies, although the rules changed meanwhile', async (t) => {
  const mirror = await openAttested(t);
  await mirror.run(verifying('refuse-failed'));
  const policy = policyFrom('[releases]\nyanked = false');
  await mirror.runLater({ ...verifying('refuse-failed'), policy });
  t.same(mirror.filenames('pkg').sort(), [bare, good].sort());
  t.match(totals(mirror), { leftOut: 1 }, 'nor is it forgotten');
  const verifier = { verify: () => ({ outcome: 'verified' as const, publishers: [] }) };
  mirror.clock.advance(31 * 24 * 60 * 60_000);
  await mirror.run({ ...verifying('refuse-failed'), verifier, policy });
  t.same(mirror.filenames('pkg').sort(), [bare, forged, good].sort());
  t.match(totals(mirror), { leftOut: 0 });
  t.same(mirror.problems(), []);
});

t.test('require leaves out what has no provenance, too', async (t) => {
  const mirror = await openAttested(t);
  await mirror.run(verifying('require'));
  t.same(mirror.filenames('pkg'), [good]);
  t.notOk(mirror.requested().includes(`/${mirror.pathOf('pkg', bare)}`), 'and it is not even fetched');
  t.same(alarms(mirror).length, 1, 'which is no alarm');
  mirror.index.publish(makeSdist({ name: 'pkg', version: '3.0' }), { provenance: true });
  mirror.server.faults.add({ do: 'status', status: 404, match: /integrity\/pkg\/3\.0/ });
  await mirror.runLater(verifying('require'));
  t.same(mirror.filenames('pkg'), [good], 'nor what upstream only announces');
  t.same(mirror.problems(), []);
});

t.test('a stricter policy removes what is held, and a laxer one brings it back', async (t) => {
  const mirror = await openAttested(t);
  await mirror.run();
  t.same(totals(mirror), { ...none, absent: 1, unchecked: 2 }, 'stored only');
  await mirror.runLater(verifying('refuse-failed'));
  t.same(mirror.filenames('pkg').sort(), [bare, good].sort());
  t.notOk(isOnDisk(mirror, forged));
  t.notOk(
    mirror.requested().some((path) => path.includes(good)),
    'what is stored is verified without asking upstream',
  );
  await mirror.runLater(verifying('require'));
  t.same(mirror.filenames('pkg'), [good]);
  await mirror.runLater();
  t.same(mirror.filenames('pkg').length, 3);
  t.match(totals(mirror), { leftOut: 0 });
  t.same(mirror.problems(), []);
});

t.test('a file that had provenance and lost it is an alarm once, and our object stays', async (t) => {
  const mirror = await openAttested(t);
  await mirror.run(verifying('require'));
  touch(mirror);
  withoutProvenance(mirror);
  await mirror.runLater(verifying('require'));
  t.same(alarms(mirror), [`pkg: ${good}: had provenance, and upstream has none of it any more`]);
  t.ok(isOnDisk(mirror, good, '.provenance'));
  t.same(mirror.filenames('pkg'), [good], 'it was proven when it came');
  t.match(totals(mirror), { verified: 0, lost: 1 });
  touch(mirror);
  withoutProvenance(mirror);
  await mirror.runLater(verifying('require'));
  t.same(alarms(mirror), []);
});

t.test('a file under the old name at another address, without provenance, is an alarm', async (t) => {
  const mirror = await openAttested(t);
  await mirror.run(verifying());
  touch(mirror);
  const moved = `/packages/ff/ff/${'0'.repeat(60)}/${good}`;
  mirror.alterPage('pkg', (page) => ({
    ...page,
    files: page.files.map((file) =>
      file.filename === good ? { ...file, url: new URL(moved, file.url).href, provenance: null } : file,
    ),
  }));
  await mirror.runLater(verifying());
  t.same(alarms(mirror), [`pkg: ${good}: had provenance, and upstream has none of it any more`]);
});

t.test('off fetches no provenance, and links upstream’s', async (t) => {
  const mirror = await openAttested(t);
  await mirror.run({ settings: { provenance: 'off' } });
  t.notOk(mirror.requested().some((path) => path.startsWith('/integrity/')));
  t.match(mirror.page('pkg').files.find(({ filename }) => filename === good)?.provenance, /\/integrity\/pkg\/1\.0\//);
  t.same(totals(mirror), { ...none, absent: 3 });
});

t.test('--why tells what provenance has to do with each file', async (t) => {
  const mirror = await openAttested(t);
  await mirror.run(verifying('refuse-failed'));
  const settings = { provenance: 'verify', provenancePolicy: 'refuse-failed' } as const;
  const { why: told, text } = await ask(mirror, undefined, 'pkg', settings);
  const why = (name: string): object | undefined => told.files.find(({ filename }) => filename === name);
  t.match(why(good), { state: 'held', provenance: 'verified' });
  t.match(why(bare), { state: 'held', provenance: undefined });
  t.match(why(forged), {
    state: 'left out',
    because: { text: 'provenance-policy = "refuse-failed"', detail: 'its provenance failed: about another file' },
  });
  t.match(text.join('\n'), /left out +\? +pkg-2\.0\S+ +provenance-policy = "refuse-failed": its provenance failed: /);
  t.match(text.join('\n'), /held +\d+ B +pkg-1\.0\S+whl +everything is held; provenance verified/);
});
