/**
 * The index of the demonstration and of most tests: a dozen small projects, one for each case that a mirror can meet.
 */

import { type Distribution, makeSdist, makeWheel } from './distributions.ts';
import { pseudoRandomBytes } from './pseudo-random.ts';
import { SampleIndex, type SampleIndexOptions } from './sample-index.ts';

/** Returns a new index with all sample projects. Every call gives the same content. */
export const sampleIndex = (options: SampleIndexOptions = {}): SampleIndex => {
  const index = new SampleIndex(options);
  for (const fill of projects) fill(index);
  return index;
};

const versions = (index: SampleIndex, name: string, ...wanted: string[]): void => {
  for (const version of wanted) {
    const options = { name, version, requiresPython: '>=3.7' };
    index.publish(makeSdist(options));
    index.publish(makeWheel(options));
  }
};

const platforms = [
  'cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64',
  'cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64',
  'cp311-cp311-musllinux_1_1_x86_64',
  'cp311-cp311-macosx_10_9_universal2',
  'cp311-cp311-win_amd64',
];

let large: Distribution | undefined;

const makeLarge = (): Distribution => {
  const data = pseudoRandomBytes('sample-large', 3 * 1024 * 1024);
  const files = { 'sample_large/__init__.py': '', 'sample_large/data.bin': data };
  return makeWheel({ name: 'sample-large', version: '1.0', files });
};

const projects: readonly ((index: SampleIndex) => void)[] = [
  // Other projects depend on this one.
  (index) => versions(index, 'sample-base', '1.0', '1.9', '1.10'),
  // Depends on another sample project.
  (index) => index.publish(makeWheel({ name: 'sample-app', version: '1.0', requires: ['sample-base>=1.9'] })),
  // Has an extra that needs another sample project.
  (index) => {
    const extras = { colour: ['sample-pure'], all: ['sample-pure', 'sample-base'] };
    index.publish(makeWheel({ name: 'sample-extras', version: '2.1.0', requiresPython: '>=3.8', extras }));
  },
  // A plain wheel without an sdist.
  (index) => index.publish(makeWheel({ name: 'sample-pure', version: '0.3', tag: 'py2.py3-none-any' })),
  // A yanked release with a reason, another without one.
  (index) => {
    versions(index, 'sample-yanked', '1.0', '1.1', '1.2');
    index.yank('sample-yanked', '1.1', 'breaks "everything" & <more>');
    index.yank('sample-yanked', '1.2');
  },
  // Archived by its owner.
  (index) => {
    versions(index, 'sample-archived', '4.0');
    index.archive('sample-archived');
  },
  // Quarantined by the administrators.
  (index) => {
    versions(index, 'sample-quarantined', '1.0');
    index.quarantine('sample-quarantined');
  },
  // A name without files.
  (index) => index.create('sample-empty'),
  // A name that is not normalized.
  (index) => {
    index.publish(makeWheel({ name: 'Sample.Camel_Case', version: '1.0.post1' }));
    index.addRole('sample-camel-case', 'someone');
  },
  // Prereleases.
  (index) => versions(index, 'sample-pre', '1.0', '2.0.dev3', '2.0a1', '2.0rc1'),
  // Wheels for several platforms.
  (index) => {
    const options = { name: 'sample-platform', version: '1.5.0', requiresPython: '>=3.11' };
    for (const tag of platforms) index.publish(makeWheel({ ...options, tag }));
    index.publish(makeSdist(options));
  },
  // A large file.
  (index) => {
    large ??= makeLarge();
    index.publish(large);
  },
  // Only an sdist.
  (index) => index.publish(makeSdist({ name: 'sample-sdist', version: '0.9', requires: ['sample-base'] })),
  // Files with provenance.
  (index) => {
    index.publish(makeSdist({ name: 'sample-provenance', version: '1.0' }), { provenance: true });
    index.publish(makeWheel({ name: 'sample-provenance', version: '1.0' }), { provenance: true });
  },
];
