/** A small index that has every feature of pages and files, and every kind of change to them. */
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { pseudoRandomBytes } from '../sample/pseudo-random.ts';
import { SampleIndex } from '../sample/sample-index.ts';

/** Returns an index of a few projects. */
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

/** Applies every kind of change to the projects of `index`. */
export function changeEverything(index: SampleIndex): void {
  index.publish(makeWheel({ name: 'kill-many', version: '1.2' }));
  index.yank('kill-many', '1.0', 'late');
  index.removeFile('kill-many', 'kill_many-1.1.tar.gz');
  index.removeProject('kill-provenance');
  index.quarantine('kill-large');
  index.publish(makeWheel({ name: 'kill-new', version: '1.0' }));
}
