/** A small index that has every feature of pages and files, and a change to each of its projects. */
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { pseudoRandomBytes } from '../sample/pseudo-random.ts';
import { SampleIndex } from '../sample/sample-index.ts';

/** Returns a new index. Every call returns the same content. */
export function faultIndex(): SampleIndex {
  const index = new SampleIndex();
  for (const version of ['1.0', '1.1'])
    index.publish(makeWheel({ name: 'fault-many', version, requiresPython: '>=3.8' }));
  index.publish(makeSdist({ name: 'fault-many', version: '1.1' }));
  index.publish(makeWheel({ name: 'fault-provenance', version: '1.0' }), { provenance: true });
  const files = { 'fault_large/data.bin': pseudoRandomBytes('fault-large', 3 << 19) };
  index.publish(makeWheel({ name: 'fault-large', version: '1.0', files }));
  return index;
}

/** Changes each project of `index`. */
export function changeFaultIndex(index: SampleIndex): void {
  index.publish(makeWheel({ name: 'fault-many', version: '1.2' }));
  index.yank('fault-many', '1.0', 'late');
  index.removeFile('fault-many', 'fault_many-1.1.tar.gz');
  index.removeProject('fault-provenance');
  index.publish(makeSdist({ name: 'fault-large', version: '1.1' }));
  index.removeRelease('fault-large', '1.0');
  index.publish(makeWheel({ name: 'fault-new', version: '1.0' }));
}
