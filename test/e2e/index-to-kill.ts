/** A small index with everything that a page or a file can be made of, and everything that can happen to it. */
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { pseudoRandomBytes } from '../sample/pseudo-random.ts';
import { SampleIndex } from '../sample/sample-index.ts';

/** A few projects. */
export function indexToKill(): SampleIndex {
  const index = new SampleIndex();
  for (const version of ['1.0', '1.1'])
    index.publish(makeWheel({ name: 'kill-many', version, requiresPython: '>=3.8' }));
  index.publish(makeSdist({ name: 'kill-many', version: '1.1' }));
  index.publish(makeWheel({ name: 'kill-provenance', version: '1.0' }), { provenance: true });
  const files = { 'kill_large/data.bin': pseudoRandomBytes('kill-large', 3 << 19) };
  index.publish(makeWheel({ name: 'kill-large', version: '1.0', files }));
  return index;
}

/** Everything that can happen to its projects. */
export function changeEverything(index: SampleIndex): void {
  index.publish(makeWheel({ name: 'kill-many', version: '1.2' }));
  index.yank('kill-many', '1.0', 'late');
  index.removeFile('kill-many', 'kill_many-1.1.tar.gz');
  index.removeProject('kill-provenance');
  index.quarantine('kill-large');
  index.publish(makeWheel({ name: 'kill-new', version: '1.0' }));
}
