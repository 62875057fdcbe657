/** Tells which of the indexes in requirements and lock files is the upstream. */
import { hostOf, indexKey } from '../core/index-address.ts';
import type { ListedIndex } from '../formats/requirements/listed-requirement.ts';

/** PyPI counts as the same index whatever the upstream is, because most upstreams are mirrors of it. */
const pypi = 'https://pypi.org';
const pypiFiles = 'files.pythonhosted.org';

/** All addresses and hosts of the upstream. */
export class IndexAliases {
  /** The upstream's own address, for messages. */
  readonly address: string;
  readonly #keys: ReadonlySet<string | undefined>;
  readonly #hosts: ReadonlySet<string | undefined>;

  /** `aliases` are other addresses of the index at `address`. `fileHosts` are further hosts of its files. */
  constructor(address: string, aliases: readonly string[], fileHosts: readonly string[]) {
    const all = [address, ...aliases];
    this.address = address;
    this.#keys = new Set(all.map(indexKey));
    this.#hosts = new Set([...all.map(hostOf), ...fileHosts]);
  }

  /** Returns the aliases of a mirror's upstream. They include PyPI, because the upstream most likely mirrors it. */
  static ofMirror(address: string, aliases: readonly string[] = [], fileHosts: readonly string[] = []): IndexAliases {
    return new IndexAliases(address, [pypi, ...aliases], [...fileHosts, pypiFiles]);
  }

  /** Returns true if `index` is the upstream. An index without an address is. */
  has({ address, isOfFiles }: ListedIndex): boolean {
    if (address === undefined) return true;
    const [names, name] = isOfFiles === true ? [this.#hosts, hostOf(address)] : [this.#keys, indexKey(address)];
    return name !== undefined && names.has(name);
  }
}

/** The aliases to use if no upstream is given. */
export const pypiAliases = IndexAliases.ofMirror(pypi);
