/** Which of the indexes that requirements and lock files name is upstream. */
import { hostOf, indexKey } from '../core/index-address.ts';
import type { ListedIndex } from '../formats/requirements/listed-requirement.ts';

/** What is the same index whatever upstream is: mirrors of it are mirrored, too. */
const pypi = 'https://pypi.org';
const pypiFiles = 'files.pythonhosted.org';

/** All that upstream is called. */
export class IndexAliases {
  /** Its own address, for messages. */
  readonly address: string;
  readonly #keys: ReadonlySet<string | undefined>;
  readonly #hosts: ReadonlySet<string | undefined>;

  /** `aliases` are other addresses of it, `fileHosts` the hosts besides that its files come from. */
  constructor(address: string, aliases: readonly string[], fileHosts: readonly string[]) {
    const all = [address, ...aliases];
    this.address = address;
    this.#keys = new Set(all.map(indexKey));
    this.#hosts = new Set([...all.map(hostOf), ...fileHosts]);
  }

  /** All that the upstream of a mirror is called: PyPI is a name of it, as it most likely is a mirror of that. */
  static ofMirror(address: string, aliases: readonly string[] = [], fileHosts: readonly string[] = []): IndexAliases {
    return new IndexAliases(address, [pypi, ...aliases], [...fileHosts, pypiFiles]);
  }

  /** Whether `index` is upstream; one that is not named is. */
  has({ address, isOfFiles }: ListedIndex): boolean {
    if (address === undefined) return true;
    const [names, name] = isOfFiles === true ? [this.#hosts, hostOf(address)] : [this.#keys, indexKey(address)];
    return name !== undefined && names.has(name);
  }
}

/** Where nobody says what upstream is. */
export const pypiAliases = IndexAliases.ofMirror(pypi);
