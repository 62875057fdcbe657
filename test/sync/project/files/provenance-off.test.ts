/** Provenance that upstream has switched off, while its pages go on announcing it. */
import t from 'tap';
import { openTestMirror } from '../../../fixtures/test-mirror.ts';
import { makeWheel } from '../../../sample/distributions.ts';
import { SampleIndex } from '../../../sample/sample-index.ts';

t.test('provenance that upstream switched off: one warning a run, no pause, and all files are held', async (t) => {
  const index = new SampleIndex();
  for (let at = 0; at < 25; at += 1) index.publish(makeWheel({ name: `p${at}`, version: '1.0' }), { provenance: true });
  const mirror = await openTestMirror(t, { index });
  const body = '{"message":"Attestations are temporarily disabled"}';
  const headers = { 'Content-Type': 'application/json' };
  mirror.server.faults.add({ do: 'status', status: 403, body, headers, match: /^GET \/integrity\// });
  const before = mirror.clock.now();
  for (const found of [25, 1]) {
    if (found === 1) index.publish(makeWheel({ name: 'p1', version: '2.0' }), { provenance: true });
    const { parked } = await mirror.run();
    t.equal(parked.size, 0);
    t.match(mirror.warnings(), [
      /^\S+\/provenance: upstream serves no provenance now \(403\); files are held without it$/,
    ]);
    t.equal(mirror.warnings().length, 1);
  }
  t.ok(mirror.clock.now() - before < 1000, 'nobody waited');
  t.equal(mirror.page().projects.length, 25);
  t.equal(mirror.filenames('p1').length, 2);
  t.same(mirror.problems(), []);
});
