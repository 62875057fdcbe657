/**
 * Paths that seem unreferenced. A run publishes files before it records them, so each path is inspected again while the
 * lock of runs is held.
 */
import { StorageError } from '../core/errors.ts';
import { projectName } from '../core/names.ts';
import { filenameOf, type WebPath } from '../core/paths.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import { notAFile } from './inspect-file.ts';
import { isAccountedFor, isFileOrSidecarName, isKnownProject } from './path-owner.ts';
import { expectStore, readOrFinding } from './read-or-finding.ts';

/** A path that seems unreferenced. */
export interface SuspectPath {
  readonly path: WebPath;
  readonly kind: 'unreferenced' | 'unknown-project' | 'not-a-file' | 'empty-folder';
}

const atATime = 1000;
/**
 * Limits on unknown projects. If the state does not know this much of the tree, the state is more likely wrong than the
 * tree.
 */
const maxUnknownProjects = 100;
const maxUnknownShare = 0.1;

export class UnreferencedPaths {
  readonly #check: Check;
  #waiting: SuspectPath[] = [];
  #isReported = false;
  /** The reason why nothing is deleted, if any. */
  #doubt: string | undefined;
  #unknownProjects = 0;

  /** With a `doubt` nothing is deleted. */
  constructor(check: Check, doubt: string | undefined) {
    this.#check = check;
    this.#doubt = doubt;
    if (check.settings.deleteUnreferenced && doubt !== undefined) check.report({ type: 'kept', why: doubt });
  }

  async add(candidate: SuspectPath): Promise<void> {
    this.#waiting.push(candidate);
    if (this.#waiting.length >= atATime) await this.settle();
  }

  /** Decides about all paths added so far. */
  async settle(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const candidates = this.#waiting;
    this.#waiting = [];
    const release = await this.#check.lock.take();
    if (release === undefined) {
      if (!this.#isReported) this.#check.report({ type: 'tree-unjudged' });
      this.#isReported = true;
      return;
    }
    try {
      const confirmed: SuspectPath[] = [];
      for (const candidate of candidates) if (await this.#confirm(candidate)) confirmed.push(candidate);
      await this.#delete(confirmed);
    } finally {
      release();
    }
  }

  /** Reports the path if it is still unreferenced. Returns true if it may be deleted. */
  async #confirm(candidate: SuspectPath): Promise<boolean> {
    const { path, kind } = candidate;
    const { report } = this.#check;
    const still = await readOrFinding(path, undefined, () => this.#isStill(candidate));
    if (still === false) return false;
    if (still !== true) await expectStore(this.#check, [still]);
    if (still !== true) report({ type: 'finding', finding: still });
    else if (kind === 'empty-folder') report({ type: 'empty-folder', path });
    else report({ type: 'finding', finding: findingOf(candidate) });
    if (kind === 'unknown-project') this.#unknownProjects += 1;
    return still === true && (kind !== 'not-a-file' || isFileOrSidecarName(path));
  }

  async #isStill({ path, kind }: SuspectPath): Promise<boolean | Finding> {
    const { state } = this.#check;
    const files = this.#check.objects?.live ?? this.#check.files;
    const stat = await files.stat(path);
    const name = filenameOf(path);
    if (stat === undefined) return name.includes('\ufffd') && unreadableName(path);
    if (stat.kind !== expectedKinds[kind]) return false;
    if (kind === 'not-a-file' && !isFileOrSidecarName(path)) return !(await this.#leadsToFolder(path));
    if (kind === 'empty-folder') return (await firstOf(files.entries(path))) === undefined;
    if (kind === 'unknown-project') {
      const project = projectName(name);
      return project === undefined || project !== name || !isKnownProject(state, project);
    }
    if (!path.startsWith('packages/')) return true;
    return !isAccountedFor(state, path);
  }

  /** Returns true if the path is a link to a folder, as used to spread the tree over several disks. */
  async #leadsToFolder(path: WebPath): Promise<boolean> {
    try {
      return (await firstOf(this.#check.files.entries(path))) !== undefined;
    } catch (error) {
      if (error instanceof StorageError) return false;
      throw error;
    }
  }

  async #delete(confirmed: readonly SuspectPath[]): Promise<void> {
    const { settings, files, report, state } = this.#check;
    if (!settings.deleteUnreferenced || this.#doubt !== undefined || confirmed.length === 0) return;
    if (this.#unknownProjects > Math.max(maxUnknownProjects, state.totals().projects * maxUnknownShare)) {
      this.#doubt = `state.db does not know ${this.#unknownProjects} project pages or more; pep381checkfiles --rebuild reads the tree anew`;
      report({ type: 'kept', why: this.#doubt });
      return;
    }
    const isFile = ({ kind }: SuspectPath): boolean => kind === 'unreferenced';
    await files.discard(pathsOf(confirmed.filter(isFile)));
    await files.discardFolders(pathsOf(confirmed.filter((suspect) => !isFile(suspect))));
    for (const { path } of confirmed) report({ type: 'discarded', path });
  }
}

const expectedKinds = {
  unreferenced: 'file',
  'not-a-file': 'other',
  'unknown-project': 'folder',
  'empty-folder': 'folder',
} as const;

function pathsOf(suspects: readonly SuspectPath[]): WebPath[] {
  return suspects.map(({ path }) => path);
}

function findingOf({ path, kind }: SuspectPath & { kind: Finding['kind'] | 'empty-folder' }): Finding {
  if (kind === 'not-a-file') return { path, project: undefined, ...notAFile('other') };
  return { kind: kind === 'unknown-project' ? kind : 'unreferenced', path, project: undefined };
}

/** Returns a finding for a name that Node cannot represent, so that the file cannot be accessed. */
function unreadableName(path: WebPath): Finding {
  return { kind: 'unreadable', path, project: undefined, found: 'its name is not UTF-8' };
}

async function firstOf<T>(all: AsyncIterable<T>): Promise<T | undefined> {
  for await (const one of all) return one;
  return undefined;
}
