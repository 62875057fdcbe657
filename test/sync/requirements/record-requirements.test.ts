/** What one project requires is read and remembered as far as a real one goes. */
import t, { type Test } from 'tap';
import { sidecarPath, type WebPath } from '../../../src/core/paths.ts';
import type { MirrorEvent } from '../../../src/core/report.ts';
import { recordRequirements } from '../../../src/sync/requirements/record-requirements.ts';
import { parseRequirements } from '../../../src/sync/selection/dependencies.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { named, openMirrorAt } from '../../fixtures/test-mirror.ts';

/** What is remembered of so many releases that each require so much. */
async function remembered(
  t: Test,
  releases: number,
  requirement: (release: number, at: number) => string,
  count = 5000,
) {
  const [name] = named('greedy');
  if (name === undefined) throw new Error('no name');
  const warnings: string[] = [];
  const report = (event: MirrorEvent): void => {
    if (event.type === 'warning') warnings.push(event.message);
  };
  const { mirror, close } = openMirrorAt(t.testdir(), 'http://127.0.0.1:9', new FakeClock(), { report });
  t.teardown(close);
  const held = [];
  for (let release = 0; release < releases; release += 1) {
    const path = `packages/aa/bb/${String(release).padStart(60, '0')}/greedy-1.${release}-py3-none-any.whl` as WebPath;
    const lines = Array.from({ length: count }, (_, at) => `Requires-Dist: ${requirement(release, at)}\n`);
    const body = Buffer.from(`Metadata-Version: 2.1\nName: greedy\nVersion: 1.${release}\n${lines.join('')}`);
    await mirror.files.publish([{ path: sidecarPath(path, 'metadata'), body }]);
    held.push({ path, size: 1, sha256: 'a'.repeat(64), metadataSha256: String(release), provenance: false });
  }
  await recordRequirements(mirror, name, held);
  const found = [...mirror.state.requirements.all()];
  return { edges: parseRequirements(found).get(name) ?? [], bytes: found[0]?.edges.length ?? 0, warnings };
}

t.test('megabytes of metadata in each release are read as far as they fit, the newest first', async (t) => {
  const extras = Array.from({ length: 90 }, (_, at) => `extra-${at}`).join(',');
  const { edges, bytes, warnings } = await remembered(t, 8, (release, at) => `victim[${extras}]>=${release}.${at}`);
  t.ok(bytes <= 16 << 20 && bytes > 10 << 20, `${bytes} bytes`);
  t.equal(new Set(edges.map(({ release }) => release)).has('1.7'), true);
  t.equal(new Set(edges.map(({ release }) => release)).has('1.0'), false);
  t.match(warnings, [
    /^greedy: packages\/\S+\.metadata and \d+ others: more than 200000 requirements or 16 MiB of them in all; what goes/,
  ]);
});

t.test('a project requires no more than some thousand others', async (t) => {
  const { edges, warnings } = await remembered(t, 3, (release, at) => `other-${release}-${at}`);
  t.equal(new Set(edges.map(({ target }) => target)).size, 5000);
  t.match(warnings, [/ and \d others: more than 5000 projects are required; what goes beyond that is left out$/]);
  t.equal(warnings.length, 1);
});

t.test('a specifier of hundreds of versions is not compared with anything', async (t) => {
  const long = Array.from({ length: 300 }, (_, at) => `!=1.${at}`).join(',');
  const { edges, warnings } = await remembered(t, 1, (_, at) => (at === 0 ? 'small>=1' : `victim${long}`), 9);
  t.same(
    edges.map(({ target }) => target),
    ['small'],
  );
  t.match(warnings, [/: a specifier of more than 1000 characters; what goes beyond that is left out$/]);
});
