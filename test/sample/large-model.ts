/**
 * A synthetic index of any size. Names, sizes, bytes and times are computed from the numbers of a project and a file,
 * so only digests and serials are stored. Files are pseudo-random bytes behind a unique head; they cannot be installed.
 */

import { createHash } from 'node:crypto';
import { escapedName } from './names.ts';
import type { FileEntry, ProjectPage } from './pages.ts';
import { pseudoRandomBytes, pseudoRandomNumbers } from './pseudo-random.ts';
import type { JournalRow } from './sample-model.ts';
import type { Changelog } from './xml-rpc.ts';

/** The size of a large index. */
export interface LargeIndexOptions {
  /** The number of projects, which are named `project-000000...`. */
  readonly projects: number;
  readonly filesPerProject: number;
  /** The mean size in bytes. Sizes are exponentially distributed, up to eight times as much. */
  readonly meanFileSize: number;
  /** The number of projects that each project requires, spread over all of them. */
  readonly requires?: number;
  /** The number of further projects without files, which are named `listed-000000...`. */
  readonly listOnlyNames?: number;
}

/** A row in the list of projects. */
export interface ListedProject {
  readonly displayName: string;
  readonly serial: number;
}

const firstSerial = 31_000_000;
const startTime = Date.UTC(2026, 0, 5, 9);
const headLength = 32;
const shiftRange = 65_536;

/** The content of a large index. */
export class LargeModel implements Changelog {
  readonly #options: Required<LargeIndexOptions>;
  readonly #pool: Buffer;
  /** 32 bytes for each file, in the order of files. */
  readonly #digests: Buffer[] = [];
  readonly #serials: number[] = [];
  /** Changed projects in the order of their serials. */
  readonly #touched: number[] = [];
  #bytes = 0;

  constructor(options: LargeIndexOptions) {
    this.#options = { listOnlyNames: 0, requires: 0, ...options };
    this.#pool = pseudoRandomBytes('large index', options.meanFileSize * 8 + headLength + shiftRange);
    for (let project = 0; project < options.projects; project += 1) {
      const files = Array.from({ length: options.filesPerProject }, (_, file) => this.#digest(project, file));
      this.#digests.push(Buffer.concat(files));
      this.#serials.push(firstSerial + 1 + project);
    }
  }

  /** The number of projects with files. They are numbered from 0. */
  get count(): number {
    return this.#options.projects;
  }

  get serial(): number {
    return firstSerial + this.count + this.#touched.length;
  }

  /** The total size of all files in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Gives the next `count` projects one more file each, and returns their numbers. */
  touch(count: number): number[] {
    return Array.from({ length: count }, () => {
      const project = this.#touched.length % this.count;
      const digests = this.#digests[project] ?? Buffer.alloc(0);
      this.#digests[project] = Buffer.concat([digests, this.#digest(project, digests.length / 32)]);
      this.#touched.push(project);
      this.#serials[project] = this.serial;
      return project;
    });
  }

  /** Returns the number of a project by its normalized name. List-only projects have negative numbers, from -1 on. */
  find(name: string): number | undefined {
    const [, kind, digits = ''] = /^(listed|project)-(\d{6})/.exec(name) ?? [];
    const number = kind === 'listed' ? -1 - Number(digits) : Number(digits);
    const known = kind === 'listed' ? -number <= this.#options.listOnlyNames : number < this.count;
    return kind !== undefined && known && nameOf(number) === name ? number : undefined;
  }

  /** Returns the serial of a project. That of a list-only project is older than the journal. */
  serialOf(project: number): number {
    return this.#serials[project] ?? firstSerial / 2 - project;
  }

  /** Yields all projects, ordered by normalized name. */
  *projects(): Generator<ListedProject> {
    yield* this.listOnlyProjects();
    yield* this.fullProjects();
  }

  /** Yields the projects without files. */
  *listOnlyProjects(): Generator<ListedProject> {
    for (let project = -1; -project <= this.#options.listOnlyNames; project -= 1) yield this.#listed(project);
  }

  /** Yields the projects with files. */
  *fullProjects(): Generator<ListedProject> {
    for (let project = 0; project < this.count; project += 1) yield this.#listed(project);
  }

  changesSince(serial: number, limit: number): JournalRow[] {
    const first = Math.max(serial, firstSerial) + 1;
    const count = Math.max(0, Math.min(limit, this.serial + 1 - first));
    return Array.from({ length: count }, (_, at) => this.#journalRow(first + at));
  }

  /** Returns the current page of a project. */
  page(project: number, origin: string): ProjectPage {
    const count = (this.#digests[project]?.length ?? 0) / 32;
    const files = Array.from({ length: count }, (_, file) => this.#fileEntry(project, file, origin));
    return {
      files,
      meta: { '_last-serial': this.serialOf(project), 'api-version': '1.4' },
      name: nameOf(project),
      'project-status': { status: 'active' },
      versions: files.map((_, file) => versionOf(file)),
    };
  }

  /** Returns the bytes at a `/packages/...` path, which may end with `.metadata`. */
  blob(path: string): Buffer | undefined {
    const [, digest, digits, minor, metadata] =
      /^\/packages\/(..\/..\/[^/]{60})\/project_(\d{6})[^/]*-1\.(\d+)(?:-py3-none-any\.whl(\.metadata)?|\.tar\.gz)$/.exec(
        path,
      ) ?? [];
    if (digest === undefined) return undefined;
    const [project, file] = [Number(digits), Number(minor)];
    if (this.#hexDigest(project, file) !== digest.replaceAll('/', '')) return undefined;
    return metadata === undefined ? this.#content(project, file) : this.#metadata(project, file);
  }

  #listed(project: number): ListedProject {
    return { displayName: displayName(project), serial: this.serialOf(project) };
  }

  #journalRow(serial: number): JournalRow {
    const at = serial - firstSerial - 1;
    const project = this.#touched[at - this.count] ?? at;
    const action = at < this.count ? 'create' : 'new release';
    return [displayName(project), action === 'create' ? null : '1.0', startTime / 1000 + at, action, serial];
  }

  #fileEntry(project: number, file: number, origin: string): FileEntry {
    const sha256 = this.#hexDigest(project, file);
    const filename = filenameOf(project, file);
    const core = isWheel(file) && { sha256: createHash('sha256').update(this.#metadata(project, file)).digest('hex') };
    return {
      'core-metadata': core,
      'data-dist-info-metadata': core,
      filename,
      hashes: { sha256 },
      provenance: null,
      'requires-python': '>=3.8',
      size: this.#sizeOf(project, file),
      'upload-time': new Date(startTime + project * 1000 + file).toISOString().replace('Z', '000Z'),
      url: `${origin}/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}`,
      yanked: false,
    };
  }

  #metadata(project: number, file: number): Buffer {
    const { requires } = this.#options;
    const targets = Array.from({ length: requires }, (_, at) => (project * requires + at + 1) % this.count);
    const lines = targets.map((target) => `Requires-Dist: ${nameOf(target)}>=1\n`).join('');
    return Buffer.from(`${metadataOf(project, file)}${lines}`);
  }

  #hexDigest(project: number, file: number): string {
    return this.#digests[project]?.toString('hex', file * 32, file * 32 + 32) ?? '';
  }

  #digest(project: number, file: number): Buffer {
    this.#bytes += this.#sizeOf(project, file);
    return createHash('sha256').update(this.#content(project, file)).digest();
  }

  #sizeOf(project: number, file: number): number {
    const spread = Math.min(8, -Math.log(1 - randomOf(project, file)()));
    return headLength + Math.floor(this.#options.meanFileSize * spread);
  }

  #content(project: number, file: number): Buffer {
    const start = (project * 31 + file * 17) % shiftRange;
    const head = `${filenameOf(project, 0).slice(0, 14)} ${file}`.padEnd(headLength - 1);
    const rest = this.#pool.subarray(start, start + this.#sizeOf(project, file) - headLength);
    return Buffer.concat([Buffer.from(`${head}\n`), rest]);
  }
}

/** Returns the normalized name of a project, of 13 to about 30 characters. */
export const nameOf = (project: number): string => {
  const random = randomOf(project, 0);
  const length = Math.floor(random() ** 2 * 17);
  const letters = Array.from({ length }, () => 'etaoinshrdlucmfw'.charAt(Math.floor(random() * 16))).join('');
  const number = String(project < 0 ? -1 - project : project).padStart(6, '0');
  return `${project < 0 ? 'listed' : 'project'}-${number}${length === 0 ? '' : `-${letters}`}`;
};

const displayName = (project: number): string => (project % 10 === 3 ? escapedName(nameOf(project)) : nameOf(project));

const randomOf = (project: number, file: number) => pseudoRandomNumbers(Math.imul(project, 0x9e3779b1) + file);

const isWheel = (file: number): boolean => file % 2 === 0;

const versionOf = (file: number): string => `1.${file}`;

const filenameOf = (project: number, file: number): string =>
  `${escapedName(nameOf(project))}-${versionOf(file)}${isWheel(file) ? '-py3-none-any.whl' : '.tar.gz'}`;

const metadataOf = (project: number, file: number): string =>
  `Metadata-Version: 2.1\nName: ${displayName(project)}\nVersion: ${versionOf(file)}\nRequires-Python: >=3.8\n`;
