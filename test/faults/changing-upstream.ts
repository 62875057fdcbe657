/** An upstream of a few small projects that changes at random, in every way in which PyPI can change. */
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { pseudoRandomBytes } from '../sample/pseudo-random.ts';
import type { SampleIndex } from '../sample/sample-index.ts';
import type { SampleProject } from '../sample/sample-model.ts';

type Random = () => number;

/** Returns a random one of `items`, which must not be empty. */
export function oneOf<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** Makes random changes to an index. No version is ever used twice. */
export class ChangingUpstream {
  readonly #index: SampleIndex;
  readonly #random: Random;
  #versions = 0;

  constructor(index: SampleIndex, random: Random) {
    this.#index = index;
    this.#random = random;
  }

  /** Publishes projects with files of each kind. */
  begin(): void {
    for (const name of ['fault-one', 'fault-two', 'fault-three']) {
      for (let files = 0; files < 3; files += 1) this.#publish(name);
    }
  }

  /**
   * Ends all quarantines. A mirror that held a quarantined project goes on to show its name, which a new mirror never
   * discovers.
   */
  settle(): void {
    for (const { name, quarantined } of this.#index.projects()) if (quarantined) this.#index.clearQuarantine(name);
  }

  /** Publishes or yanks something: a change that may happen at any moment of a run. */
  grow(): void {
    const name = `fault-${oneOf(['one', 'two', 'three', 'four', 'five', 'six'], this.#random)}`;
    const project = this.#index.find(name);
    const version = project && [...project.releases.keys()].at(0);
    if (version !== undefined && this.#random() < 0.25) this.#index.yank(name, version, `reason ${this.#versions}`);
    else this.#publish(name);
  }

  /** Makes any change. */
  change(): void {
    const project = oneOf([undefined, ...this.#index.projects()], this.#random);
    const choice = this.#random();
    if (project === undefined || choice < 0.5) this.grow();
    else if (choice < 0.75) this.#removeSome(project);
    else if (choice < 0.85) this.#index.removeProject(project.name);
    else if (project.quarantined) this.#index.clearQuarantine(project.name);
    else this.#index.quarantine(project.name);
  }

  #removeSome({ name, files, releases }: SampleProject): void {
    const filename = [...files.keys()].at(-1);
    const version = [...releases.keys()].at(0);
    if (filename !== undefined && this.#random() < 0.6) this.#index.removeFile(name, filename);
    else if (version !== undefined) this.#index.removeRelease(name, version);
  }

  #publish(name: string): void {
    this.#versions += 1;
    const version = `1.${this.#versions}`;
    const kind = this.#random();
    if (kind < 0.3) this.#index.publish(makeSdist({ name, version }));
    else if (kind < 0.9) this.#index.publish(makeWheel({ name, version }), { provenance: kind < 0.5 });
    else {
      // A file larger than what is kept in memory before it is written.
      const files = { 'data.bin': pseudoRandomBytes(`${name} ${version}`, 3 << 19) };
      this.#index.publish(makeWheel({ name, version, files }));
    }
  }
}
