/**
 * Folders below `web/` may be mounts of their own: other disks, or bind mounts. Nothing can be renamed from one mount
 * into another. Files that are staged for such a folder, or removed from it, therefore lie on its own mount:
 *
 *     web/packages/.pep381client/staging/   instead of TARGET/staging/
 *     web/packages/.pep381client/trash/     instead of TARGET/trash/
 *
 * The folder `.pep381client` has mode 0700, so that no web server shows its files.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { hasCode } from '../../core/caught-error.ts';
import { refuseLinks } from './refuse-links.ts';

const hidden = '.pep381client';

/** Names at the top of a mount that are not part of the tree. A fresh disk has `lost+found`. */
export const notOfTheTree: ReadonlySet<string> = new Set([hidden, 'lost+found']);

/** A folder in the target. */
interface Folder {
  readonly isFolder: boolean;
  readonly device: number;
  /** The mount point in the target that it is below, if there is one and the kernel tells it. */
  readonly mount: string | undefined;
}

export class Mounts {
  readonly #target: string;
  readonly #web: string;
  /**
   * The tops of mounts by the name of a home folder (`staging`, `trash`). Mounts do not change while a program runs.
   */
  readonly #tops = new Map<string, readonly string[]>();
  #topsBelowWeb: readonly string[] | undefined;
  readonly #folders = new Map<string, Folder>();
  #mountPoints: readonly string[] | undefined;

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
    if (dirname(from) === home || this.#isSameMount(dirname(from), home)) return from;
    const copy = join(home, basename(from));
    rmSync(copy, { recursive: true, force: true });
    cpSync(from, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    rmSync(from, { recursive: true });
    return copy;
  }

  #topsOf(name: string): readonly string[] {
    const known = this.#tops.get(name);
    if (known !== undefined) return known;
    const home = existsSync(join(this.#target, name)) ? join(this.#target, name) : this.#target;
    this.#topsBelowWeb ??= this.#findTopsBelowWeb();
    const tops = [...(this.#isSameMount(home, this.#web) ? [] : [this.#web]), ...this.#topsBelowWeb];
    this.#tops.set(name, tops);
    return tops;
  }

  #findTopsBelowWeb(): string[] {
    const packages = join(this.#web, 'packages');
    const days = ['local-stats', 'local-stats/days'];
    const inWeb = ['simple', 'packages', ...days].map((folder) => join(this.#web, folder));
    const folders = [...inWeb, ...namesIn(packages).map((folder) => join(packages, folder))];
    return folders.filter((folder) => !this.#isSameMount(dirname(folder), folder));
  }

  /** Returns true if files can be renamed from one of two folders into the other, or if one of them is missing. */
  #isSameMount(one: string, other: string): boolean {
    const [from, to] = [this.#inspect(one), this.#inspect(other)];
    if (from === undefined || to === undefined || !to.isFolder) return true;
    if (from.device !== to.device) return false;
    return this.#mountPoints === undefined ? canRename(one, other) : from.mount === to.mount;
  }

  /** Returns what is known of a folder in the target, or undefined if it is missing. */
  #inspect(folder: string): Folder | undefined {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const found = statSync(folder, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    this.#mountPoints ??= mountPointsBelow(this.#target);
    const inspected = { device: found.dev, isFolder: found.isDirectory(), mount: this.#mountOf(folder) };
    this.#folders.set(folder, inspected);
    return inspected;
  }

  /** Returns the mount point in the target that a folder of it is below. */
  #mountOf(folder: string): string | undefined {
    return this.#mountPoints?.findLast((point) => folder === point || folder.startsWith(point + sep));
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

/**
 * Returns the mount points below the folder `target`, the longest last, or undefined where the kernel does not list
 * them in /proc.
 */
function mountPointsBelow(target: string): readonly string[] | undefined {
  try {
    const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
    const real = withSlash(realpathSync(target));
    const points = lines.map((line) => decodeOctal(line.split(' ')[4] ?? '')).filter((point) => point.startsWith(real));
    return points
      .map((point) => join(target, point.slice(real.length)))
      .sort((one, other) => one.length - other.length);
  } catch {
    return undefined;
  }
}

function withSlash(folder: string): string {
  return folder.endsWith(sep) ? folder : folder + sep;
}

/** Returns the text with its `\040` and the like decoded, as /proc writes spaces. */
function decodeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Returns true if files can be renamed from one folder into the other, which has the same device number. */
function canRename(one: string, other: string): boolean {
  try {
    // A bind mount has the device number of its disk. The kernel compares mounts before it looks for the file.
    renameSync(join(one, '.no-such-file'), join(other, '.no-such-file'));
    return true;
  } catch (error) {
    return !hasCode(error, 'EXDEV');
  }
}
