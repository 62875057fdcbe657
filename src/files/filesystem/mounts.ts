/**
 * Folders below `web/` may be mounts of their own: other disks, or bind mounts. Nothing can be renamed from one mount
 * into another. Files that are staged for such a folder, or removed from it, therefore lie on its own mount:
 *
 *     web/packages/.pep381client/staging/   instead of TARGET/staging/
 *     web/packages/.pep381client/trash/     instead of TARGET/trash/
 *
 * The folder `.pep381client` has mode 0700, so that no web server shows its files.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { hasCode } from '../../core/caught-error.ts';
import { refuseLinks } from './refuse-links.ts';

const hidden = '.pep381client';

/** Names at the top of a mount that are not part of the tree. A fresh disk has `lost+found`. */
export const notOfTheTree: ReadonlySet<string> = new Set([hidden, 'lost+found']);

export class Mounts {
  readonly #target: string;
  readonly #web: string;
  /**
   * The tops of mounts by the name of a home folder (`staging`, `trash`). Mounts do not change while a program runs.
   */
  readonly #tops = new Map<string, readonly string[]>();

  /** Finds the mounts below `web/` in the folder `target`. */
  constructor(target: string) {
    this.#target = target;
    this.#web = join(target, 'web');
  }

  /** Returns the folder `name` (`staging`, `trash`) that lies on the same mount as `path`. */
  homeOf(path: string, name: string): string {
    const top = this.#topsOf(name).findLast((top) => path === top || path.startsWith(top + sep));
    return top === undefined ? join(this.#target, name) : join(top, hidden, name);
  }

  /** Returns the folder `name` of every mount. */
  homes(name: string): string[] {
    return [join(this.#target, name), ...this.#topsOf(name).map((top) => join(top, hidden, name))];
  }

  /** Creates the folder `name` on every mount. Returns true if one was missing. Throws the file system's errors. */
  createHomes(name: string): boolean {
    let isNew = false;
    for (const home of this.homes(name)) {
      refuseLinks(home.startsWith(this.#web + sep) ? this.#web : this.#target, home);
      if (basename(dirname(home)) === hidden) mkdirSync(dirname(home), { recursive: true, mode: 0o700 });
      isNew = mkdirSync(home, { recursive: true }) !== undefined || isNew;
    }
    return isNew;
  }

  /** Returns true if the folder at `path` is the top of a mount. */
  isTop(path: string): boolean {
    return ['staging', 'trash'].some((name) => this.#topsOf(name).includes(path));
  }

  /**
   * Returns `from` if it can be renamed to `to`. Otherwise replaces it by a copy on the mount of `to`, and returns the
   * path of that copy.
   */
  bring(from: string, to: string, staging: string): string {
    const home = this.homeOf(to, staging);
    if (dirname(from) === home || isSameMount(dirname(from), home)) return from;
    const copy = join(home, basename(from));
    rmSync(copy, { recursive: true, force: true });
    cpSync(from, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    rmSync(from, { recursive: true });
    return copy;
  }

  #topsOf(name: string): readonly string[] {
    const known = this.#tops.get(name);
    if (known !== undefined) return known;
    const packages = join(this.#web, 'packages');
    const days = ['local-stats', 'local-stats/days'];
    const inWeb = ['simple', 'packages', ...days].map((folder) => join(this.#web, folder));
    const folders = [this.#web, ...inWeb, ...namesIn(packages).map((folder) => join(packages, folder))];
    const home = existsSync(join(this.#target, name)) ? join(this.#target, name) : this.#target;
    const above = (folder: string): string => (folder === this.#web ? home : dirname(folder));
    const tops = folders.filter((folder) => !isSameMount(above(folder), folder));
    this.#tops.set(name, tops);
    return tops;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // The folder does not exist yet or is no folder: writing to it reports that.
    return [];
  }
}

/** Returns true if files can be renamed from one of two folders into the other, or if one of them is missing. */
function isSameMount(one: string, other: string): boolean {
  const [from, to] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  if (from === undefined || to === undefined || !to.isDirectory()) return true;
  if (from.dev !== to.dev) return false;
  try {
    // A bind mount has the device number of its disk. The kernel compares mounts before it looks for the file.
    renameSync(join(one, '.no-such-file'), join(other, '.no-such-file'));
    return true;
  } catch (error) {
    return !hasCode(error, 'EXDEV');
  }
}
