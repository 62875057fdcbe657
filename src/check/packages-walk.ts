/** The walk of a helper through `packages/`, from its last folder on, while the check goes through the projects. */
import { packagesRoot } from '../core/paths.ts';
import type { Check } from './check-job.ts';
import { readOrFinding } from './read-or-finding.ts';
import { isInSubset } from './subset.ts';

/** Number of folders that the helper is asked for at a time, so that it need not wait for the next one. */
const foldersAhead = 8;

export class PackagesWalk {
  /** Folders that the helper has not begun. */
  readonly #folders: string[];
  /** Folders that the check has come to. */
  readonly #reached = new Set<string>();
  /** Folders that it has begun, and whether all that lies there belongs to something. */
  readonly #begun = new Map<string, Promise<boolean>>();

  private constructor(folders: string[]) {
    this.#folders = folders;
  }

  /** Begins the walk, if the check has a helper. */
  static async begin(check: Check): Promise<PackagesWalk> {
    const { helper } = check;
    if (helper === undefined) return new PackagesWalk([]);
    const walk = new PackagesWalk(await foldersOf(check));
    for (let begun = 0; begun < foldersAhead; begun += 1) void walk.#run((folder) => helper.isAccountedFor(folder));
    return walk;
  }

  /**
   * Resolves with true if the helper found nothing unreferenced in the folder. After false, also of a folder that the
   * helper has not begun, the check walks through it itself.
   */
  async isAccountedFor(folder: string): Promise<boolean> {
    this.#reached.add(folder);
    return (await this.#begun.get(folder)) ?? false;
  }

  async #run(ask: (folder: string) => Promise<boolean>): Promise<void> {
    for (let folder = this.#folders.pop(); folder !== undefined; folder = this.#folders.pop()) {
      if (this.#reached.has(folder)) return;
      const answer = ask(folder);
      this.#begun.set(folder, answer);
      await answer;
    }
  }
}

/** Returns the folders in `packages/`. If they cannot be read, the check reports that when it comes to them. */
async function foldersOf({ files, subset }: Check): Promise<string[]> {
  const folders: string[] = [];
  await readOrFinding(packagesRoot, undefined, async () => {
    for await (const { name, kind } of files.entries(packagesRoot)) {
      if (kind === 'folder' && isInSubset(name, subset)) folders.push(name);
    }
  });
  return folders;
}
