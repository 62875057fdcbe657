/**
 * Finds the files that somebody has put below `packages/` by hand, for projects that the rules call local. They may be
 * in any folder except those of the mirror itself, whose names have two hexadecimal digits.
 */
import type { ProjectName } from '../../core/names.ts';
import { childPath, filenameOf, isFileName, packagesRoot, type WebPath } from '../../core/paths.ts';
import type { FileStore } from '../../files/file-store.ts';
import { projectCandidates } from '../../formats/file-name.ts';
import { local } from '../../policy/policy.ts';
import type { Selection } from './selection.ts';

const ownFolder = /^packages\/[0-9a-f]{2}$/;
/** Maximum depth of folders that are searched. Nobody sorts files deeper. */
const maxDepth = 8;

export class LocalFiles {
  readonly #files: FileStore;
  readonly #selection: Selection;
  #found: ReadonlyMap<ProjectName, readonly WebPath[]> = new Map();

  constructor(files: FileStore, selection: Selection) {
    this.#files = files;
    this.#selection = selection;
  }

  /** Finds the files that are there now. Returns their projects. Throws StorageError. */
  async scan(): Promise<readonly ProjectName[]> {
    const found = new Map<ProjectName, WebPath[]>();
    if (this.#selection.policy?.rules.some(({ hold }) => hold === local) === true) {
      for await (const path of this.#below(packagesRoot, 0)) {
        const name = projectCandidates(filenameOf(path)).find((name) => this.#selection.sourceOf(name) === local);
        if (name !== undefined) found.set(name, [...(found.get(name) ?? []), path]);
      }
    }
    this.#found = new Map([...found].map(([name, paths]) => [name, paths.sort()]));
    return [...found.keys()];
  }

  /** Returns the files of a project that {@link scan} found. Several may have the same name. */
  of(name: ProjectName): readonly WebPath[] {
    return this.#found.get(name) ?? [];
  }

  async *#below(folder: WebPath, depth: number): AsyncIterable<WebPath> {
    const folders: WebPath[] = [];
    for await (const { name, kind } of this.#files.entries(folder)) {
      const path = childPath(folder, name);
      if (name.startsWith('.')) continue;
      if (kind === 'file' && isFileName(name)) yield path;
      if (kind === 'folder' && depth < maxDepth && !ownFolder.test(path)) folders.push(path);
    }
    for (const path of folders) yield* this.#below(path, depth + 1);
  }
}
