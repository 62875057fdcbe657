/**
 * Folders below `web/` may be mounts of their own: other disks, or bind mounts. Nothing can be renamed from one mount into
 * another, so what is staged for such a folder, and what is removed from it, lies on its own mount:
 *
 *   web/packages/.pep381client/staging/   instead of TARGET/staging/
 *   web/packages/.pep381client/trash/     instead of TARGET/trash/
 *
 * That folder is 0700, so that no web server shows what lies there.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { hasCode } from '../../core/caught-error.ts';
import { refuseLinks } from './refuse-links.ts';

const hidden = '.pep381client';

/** What lies at the top of a mount and is no part of the tree; a fresh disk has `lost+found`. */
export const notOfTheTree: ReadonlySet<string> = new Set([hidden, 'lost+found']);

export class Mounts {
  readonly #target: string;
  readonly #web: string;
  /** By the name of a home: the folders below which it lies. Mounts do not change while a program works. */
  readonly #tops = new Map<string, readonly string[]>();

  /** The mounts below `web/` in the folder `target`. */
  constructor(target: string) {
    this.#target = target;
    this.#web = join(target, 'web');
  }

  /** The folder `name` (`staging`, `trash`) that lies on the same mount as `path`. */
  homeOf(path: string, name: string): string {
    const top = this.#topsOf(name).findLast((top) => path === top || path.startsWith(top + sep));
    return top === undefined ? join(this.#target, name) : join(top, hidden, name);
  }

  /** That folder of every mount. */
  homes(name: string): string[] {
    return [join(this.#target, name), ...this.#topsOf(name).map((top) => join(top, hidden, name))];
  }

  /** Creates those folders where they are missing; returns whether it did. Throws the file system's errors. */
  createHomes(name: string): boolean {
    let isNew = false;
    for (const home of this.homes(name)) {
      refuseLinks(home.startsWith(this.#web + sep) ? this.#web : this.#target, home);
      if (basename(dirname(home)) === hidden) mkdirSync(dirname(home), { recursive: true, mode: 0o700 });
      isNew = mkdirSync(home, { recursive: true }) !== undefined || isNew;
    }
    return isNew;
  }

  /** Whether the folder at `path` is the top of a mount. */
  isTop(path: string): boolean {
    return ['staging', 'trash'].some((name) => this.#topsOf(name).includes(path));
  }

  /** `from` itself where it can be renamed to `to`, else the place of a copy that can, which replaces it. */
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
    // Not there yet, or not a folder: whoever writes to it says so.
    return [];
  }
}

/** Whether what lies in one of two folders can be renamed into the other; also when one of them is missing. */
function isSameMount(one: string, other: string): boolean {
  const [from, to] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  if (from === undefined || to === undefined || !to.isDirectory()) return true;
  if (from.dev !== to.dev) return false;
  try {
    // A bind mount has the number of its disk. The kernel compares mounts before it looks for the name.
    renameSync(join(one, '.no-such-file'), join(other, '.no-such-file'));
    return true;
  } catch (error) {
    return !hasCode(error, 'EXDEV');
  }
}
