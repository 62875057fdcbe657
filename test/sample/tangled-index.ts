/** An index whose projects require each other, and differ in everything that the rules of a partial mirror inspect. */
import { makeSdist, makeWheel } from './distributions.ts';
import { pseudoRandomNumbers } from './pseudo-random.ts';
import { SampleIndex } from './sample-index.ts';

const dayMs = 86_400_000;
const releases = ['0.9', '1.0', '1.0.1', '1.1', '2.0a1', '2.0', '2.1rc1', '10.0', '2.0.post1', '3.0.dev1'];
const tags = [
  'py3-none-any',
  'cp312-cp312-manylinux_2_17_x86_64',
  'cp312-cp312-win_amd64',
  'cp39-abi3-macosx_11_0_arm64',
];
const markers = ['', '', '; python_version < "3.8"', '; sys_platform == "win32"', '; extra == "more"'];

/**
 * Returns `count` projects, `tangled-00` and so on. The same seed gives the same projects. Uploads end before `now`, in
 * milliseconds since 1970.
 */
export function tangledIndex(seed: number, count: number, now: number): SampleIndex {
  const index = new SampleIndex();
  const random = pseudoRandomNumbers(seed);
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(values: readonly T[]): T => values[upTo(values.length)] as T;
  const nameOf = (at: number): string => `tangled-${String(at).padStart(2, '0')}`;
  for (let at = 0; at < count; at += 1) {
    const name = nameOf(at);
    for (const version of releases.filter(() => random() < 0.4)) {
      const uploadTime = new Date(now - upTo(900) * dayMs - 1000 * upTo(80_000));
      const requires = Array.from(
        { length: upTo(3) },
        () => `${nameOf(upTo(count))}${pick(['', '>=1', '<2', '!=1.0'])}${pick(markers)}`,
      );
      const options = { name, version, requires, requiresPython: pick(['>=3.7', '>=3.9']) };
      const provenance = random() < 0.2;
      for (const tag of tags.filter(() => random() < 0.4))
        index.publish(makeWheel({ ...options, tag }), { uploadTime, provenance });
      if (random() < 0.6 || index.find(name)?.releases.has(version) !== true) {
        index.publish(makeSdist(options), { uploadTime });
      }
      if (random() < 0.15) index.yank(name, version, random() < 0.5 ? 'because' : '');
    }
    if (index.find(name) === undefined) index.create(name);
    if (random() < 0.08) index.archive(name);
  }
  return index;
}
