/** Remembers and reports the rejected files: the files of a page that alone are left out of it. */
import { oneLine } from '../../../core/errors.ts';
import { sha256Hex } from '../../../core/hash.ts';
import type { ProjectName } from '../../../core/names.ts';
import { isWaiting, parkDelayMs } from '../../../core/retry.ts';
import { renderJson } from '../../../formats/json.ts';
import type { RejectedFile } from '../../../state/rejected-files.ts';
import type { Mirror } from '../../mirror.ts';
import type { SelectedProject } from '../../selection/selected-project.ts';
import type { Problem } from './plan-project.ts';

/** Maximum number of rejected files reported per project and run. A hostile page may have thousands. */
const maxReported = 10;
const maxNameLength = 300;

/** A rejected file, as it was found on the page or when it was fetched. */
export interface Rejection extends Problem {
  /** Undefined if the page does not tell. */
  readonly filename: string | undefined;
  /** The digest of its entry on the page. */
  readonly entryDigest: string;
  /** The entry on the page. */
  readonly json: unknown;
  /** True if other bytes are or were held under the same name. A person has to decide then. */
  readonly isChange?: boolean;
}

/** The rejected files of one project: those that the state remembers, and those found now. */
export class ProjectRejections {
  readonly #mirror: Pick<Mirror, 'state' | 'clock' | 'report'>;
  readonly #name: ProjectName;
  readonly #hasNewerSerial: boolean;
  readonly #known: ReadonlyMap<string, RejectedFile>;
  readonly #reported = new Set<string>();
  readonly #found = new Map<string, { readonly rejection: Rejection; readonly waits: boolean }>();

  /** If upstream announced a newer serial of the project, no file waits for its next try. */
  constructor(mirror: Pick<Mirror, 'state' | 'clock' | 'report'>, { due, held }: SelectedProject) {
    const { name } = due;
    this.#mirror = mirror;
    this.#name = name;
    this.#hasNewerSerial = due.serial > (held.serial ?? 0);
    this.#known = new Map(mirror.state.rejectedFiles.of(name).map((file) => [file.filename, file]));
  }

  get count(): number {
    return this.#found.size;
  }

  /** True if the next try of a rejected file is due. */
  get isDue(): boolean {
    const now = this.#mirror.clock.now();
    return [...this.#known.values()].some((file) => file.nextTry !== undefined && !isWaiting(file.nextTry, now));
  }

  /** The names of the rejected files on the page. */
  get filenames(): ReadonlySet<string | undefined> {
    return new Set([...this.#found.values()].map(({ rejection }) => rejection.filename));
  }

  get all(): readonly Rejection[] {
    return [...this.#found.values()].map(({ rejection }) => rejection);
  }

  add(rejection: Rejection): void {
    const filename = printable(rejection.filename);
    if (!this.#found.has(filename))
      this.#found.set(filename, { rejection: { ...rejection, problem: oneLine(rejection.problem) }, waits: false });
  }

  /** Returns true, and adds the file, if it was fetched in vain earlier and its next try is not due yet. */
  isWaiting(filename: string, json: unknown): boolean {
    const known = this.#known.get(filename);
    const now = this.#mirror.clock.now();
    if (
      known === undefined ||
      this.#hasNewerSerial ||
      !isWaiting(known.nextTry, now) ||
      known.entryDigest !== entryDigestOf(json)
    )
      return false;
    const { problem, entryDigest } = known;
    this.#found.set(filename, { rejection: { filename, problem, entryDigest, json, mayPass: true }, waits: true });
    return true;
  }

  /** Reports the rejected files that are new. A changed file is reported elsewhere. */
  report(): void {
    const fresh = [...this.#found].filter(([filename, { rejection }]) => {
      const known = this.#known.get(filename);
      const isKnown =
        known?.entryDigest === rejection.entryDigest &&
        (known.problem === rejection.problem || rejection.mayPass === true);
      return !isKnown && rejection.isChange !== true && !this.#reported.has(filename);
    });
    for (const [filename] of fresh) this.#reported.add(filename);
    for (const [filename, { rejection }] of fresh.slice(0, maxReported)) {
      const fate = rejection.mayPass === true ? 'it is left out, and tried again later' : 'it is left out';
      this.#alarm(`${this.#name}: "${filename}": ${rejection.problem}; ${fate}`);
    }
    const more = fresh.length - maxReported;
    if (more > 0) this.#alarm(`${this.#name}: ${more} more files are left out (pep381run --why ${this.#name})`);
  }

  /**
   * Returns the rows to remember. Unless everything was tried (`isTried`), they include the rejected files found
   * earlier.
   */
  rows(isTried: boolean): RejectedFile[] {
    const now = this.#mirror.clock.now();
    const untried = isTried ? [] : [...this.#known.values()].filter(({ filename }) => !this.#found.has(filename));
    const found = [...this.#found].map(([filename, { rejection, waits }]) => {
      const before = this.#known.get(filename);
      const known = before?.entryDigest === rejection.entryDigest ? before : undefined;
      if (known !== undefined && waits) return known;
      const attempts = (known?.attempts ?? 0) + 1;
      const nextTry = rejection.mayPass === true ? now + parkDelayMs(attempts) : undefined;
      const { problem, entryDigest } = rejection;
      return { filename, problem, entryDigest, since: Math.min(known?.since ?? now, now), attempts, nextTry };
    });
    return [...found, ...untried];
  }

  #alarm(message: string): void {
    this.#mirror.report({ type: 'alarm', message });
  }
}

/** Returns the digest that stands for the entry of a file on a page. */
export function entryDigestOf(json: unknown): string {
  return sha256Hex(Buffer.from(renderJson(json, 'an entry of a page') ?? '')).slice(0, 32);
}

function printable(filename: string | undefined): string {
  if (filename === undefined) return '(no name)';
  const text = JSON.stringify(filename.slice(0, maxNameLength)).slice(1, -1);
  // The slash is escaped, so that people can ask for the file as NAME/FILENAME.
  return text.replaceAll(/[^ -.0-~]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
