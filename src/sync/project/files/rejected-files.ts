/** What is remembered and told of the files of a page that alone are left out of it. */
import { oneLine } from '../../../core/errors.ts';
import { sha256Hex } from '../../../core/hash.ts';
import type { ProjectName } from '../../../core/names.ts';
import { isWaiting, parkDelayMs } from '../../../core/retry.ts';
import { renderJson } from '../../../formats/json.ts';
import type { RejectedFile } from '../../../state/rejected-files.ts';
import type { Mirror } from '../../mirror.ts';
import type { SelectedProject } from '../../selection/selected-project.ts';
import type { Problem } from './plan-project.ts';

/** Of one project in one run; a hostile page may have thousands. */
const maxReported = 10;
const longestName = 300;

/** An odd file, as it was found on the page or when it was fetched. */
export interface Rejection extends Problem {
  /** Undefined where the page does not tell. */
  readonly filename: string | undefined;
  /** Stands for what the page says of it. */
  readonly entryDigest: string;
  /** Its entry on the page. */
  readonly json: unknown;
  /** Other bytes were held under its name: a person has to decide. */
  readonly isChange?: boolean;
}

/** The odd files of one project: those that are remembered, and those that are found now. */
export class ProjectRejections {
  readonly #mirror: Pick<Mirror, 'state' | 'clock' | 'report'>;
  readonly #name: ProjectName;
  readonly #isNews: boolean;
  readonly #known: ReadonlyMap<string, RejectedFile>;
  readonly #told = new Set<string>();
  readonly #found = new Map<string, { readonly odd: Rejection; readonly waits: boolean }>();

  /** With news of the project, nothing waits for its next try. */
  constructor(mirror: Pick<Mirror, 'state' | 'clock' | 'report'>, { due, held }: SelectedProject) {
    const { name } = due;
    this.#mirror = mirror;
    this.#name = name;
    this.#isNews = due.serial > (held.serial ?? 0);
    this.#known = new Map(mirror.state.rejectedFiles.of(name).map((file) => [file.filename, file]));
  }

  get count(): number {
    return this.#found.size;
  }

  /** Whether something is left out whose time has come. */
  get isDue(): boolean {
    const now = this.#mirror.clock.now();
    return [...this.#known.values()].some((file) => file.nextTry !== undefined && !isWaiting(file.nextTry, now));
  }

  /** The names on the page that are left out. */
  get filenames(): ReadonlySet<string | undefined> {
    return new Set([...this.#found.values()].map(({ odd }) => odd.filename));
  }

  get all(): readonly Rejection[] {
    return [...this.#found.values()].map(({ odd }) => odd);
  }

  add(odd: Rejection): void {
    const filename = printable(odd.filename);
    if (!this.#found.has(filename))
      this.#found.set(filename, { odd: { ...odd, problem: oneLine(odd.problem) }, waits: false });
  }

  /** Whether a file of the page was fetched in vain, and is not tried again yet. It is left out then. */
  isWaiting(filename: string, json: unknown): boolean {
    const known = this.#known.get(filename);
    const now = this.#mirror.clock.now();
    if (
      known === undefined ||
      this.#isNews ||
      !isWaiting(known.nextTry, now) ||
      known.entryDigest !== entryDigestOf(json)
    )
      return false;
    const { problem, entryDigest } = known;
    this.#found.set(filename, { odd: { filename, problem, entryDigest, json, mayPass: true }, waits: true });
    return true;
  }

  /** Tells what was not told before, and that is not told otherwise. */
  report(): void {
    const fresh = [...this.#found].filter(([filename, { odd }]) => {
      const known = this.#known.get(filename);
      const isKnown = known?.entryDigest === odd.entryDigest && (known.problem === odd.problem || odd.mayPass === true);
      return !isKnown && odd.isChange !== true && !this.#told.has(filename);
    });
    for (const [filename] of fresh) this.#told.add(filename);
    for (const [filename, { odd }] of fresh.slice(0, maxReported)) {
      const fate = odd.mayPass === true ? 'it is left out, and tried again later' : 'it is left out';
      this.#alarm(`${this.#name}: "${filename}": ${odd.problem}; ${fate}`);
    }
    const more = fresh.length - maxReported;
    if (more > 0) this.#alarm(`${this.#name}: ${more} more files are left out (pep381run --why ${this.#name})`);
  }

  /** What is to be remembered; before everything was tried, what was found earlier is, too. */
  rows(isTried: boolean): RejectedFile[] {
    const now = this.#mirror.clock.now();
    const untried = isTried ? [] : [...this.#known.values()].filter(({ filename }) => !this.#found.has(filename));
    const found = [...this.#found].map(([filename, { odd, waits }]) => {
      const before = this.#known.get(filename);
      const known = before?.entryDigest === odd.entryDigest ? before : undefined;
      if (known !== undefined && waits) return known;
      const attempts = (known?.attempts ?? 0) + 1;
      const nextTry = odd.mayPass === true ? now + parkDelayMs(attempts) : undefined;
      const { problem, entryDigest } = odd;
      return { filename, problem, entryDigest, since: Math.min(known?.since ?? now, now), attempts, nextTry };
    });
    return [...found, ...untried];
  }

  #alarm(message: string): void {
    this.#mirror.report({ type: 'alarm', message });
  }
}

/** Stands for what a page says of a file. */
export function entryDigestOf(json: unknown): string {
  return sha256Hex(Buffer.from(renderJson(json, 'an entry of a page') ?? '')).slice(0, 32);
}

function printable(filename: string | undefined): string {
  if (filename === undefined) return '(no name)';
  const text = JSON.stringify(filename.slice(0, longestName)).slice(1, -1);
  // Without a slash, so that it can be asked for as NAME/FILENAME.
  return text.replaceAll(/[^ -.0-~]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
