/**
 * The programs whose targets are recognized, and the files that each leaves in a target:
 *
 *     pep381client 1.5  status (a pickle), files (SQLite), web/ with serversig/
 *     bandersnatch      status (a serial), generation, todo, .lock, web/ with json/ and pypi/
 *     shadowmire        local.db, local.json, and the tree itself, which is not below web/
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseStatus15, type Status15 } from '../../formats/migration/status-1.5.ts';

export interface MirrorProgram {
  readonly program: string;
  /**
   * Returns the program's own summary of its mirror. Returns undefined if another program made the target at `root`.
   */
  describe(root: string): string | undefined;
  /** Paths below the target that only the program needs. The files that it is recognized by come last. */
  readonly state: readonly string[];
  /** True if the tree lies in the target itself instead of `web/`. */
  readonly treeAtRoot: boolean;
}

const pickleStart = Buffer.from([0x80, 0x02]);

const client15: MirrorProgram = {
  program: 'pep381client 1.5',
  describe(root) {
    const path = join(root, 'status');
    const bytes = isFolder(root, 'web') ? bytesOf(path) : undefined;
    if (bytes === undefined || !bytes.subarray(0, 2).equals(pickleStart)) return undefined;
    return describeStatus(parseStatus15(bytes, path));
  },
  state: ['files', 'web/serversig', 'status'],
  treeAtRoot: false,
};

const bandersnatch: MirrorProgram = {
  program: 'bandersnatch',
  describe(root) {
    if (!isFolder(root, 'web')) return undefined;
    const serial = /^\d{1,15}\s*$/.exec(bytesOf(join(root, 'status'))?.toString('latin1') ?? '')?.[0].trim();
    if (serial !== undefined) return `up to serial ${serial}`;
    return isFile(root, 'todo') || isFile(root, 'generation') ? 'interrupted in its first run' : undefined;
  },
  state: ['web/json', 'web/pypi', 'web/simple/index.v1_html', '.lock', 'todo', 'generation', 'status'],
  treeAtRoot: false,
};

const shadowmire: MirrorProgram = {
  program: 'shadowmire',
  describe(root) {
    if (!isFile(root, 'local.db') || !(isFolder(root, 'simple') || isFolder(root, 'web/simple'))) return undefined;
    const serial = bytesOf(join(root, 'local.db.serial'))?.toString('latin1').trim();
    return serial === undefined || !/^\d+$/.test(serial) ? 'interrupted in its first run' : `up to serial ${serial}`;
  },
  state: [
    'local.json',
    'plan.json',
    'remote.json',
    'remote_excluded.json',
    'json',
    'pypi',
    'web/simple/index.v1_html',
    'local.db.serial',
    'local.db-wal',
    'local.db-shm',
    'local.db',
  ],
  treeAtRoot: true,
};

/** Every program whose target can be adopted. */
export const mirrorPrograms: readonly MirrorProgram[] = [client15, bandersnatch, shadowmire];

function describeStatus({ lastCompleted, completeProjects, projectsToDo }: Status15): string {
  const completed =
    lastCompleted === 0 ? 'never completed' : `completed ${new Date(lastCompleted * 1000).toISOString()}`;
  const left = projectsToDo.length === 0 ? '' : `, ${projectsToDo.length} still to do`;
  return `${completed}, ${completeProjects.length} projects${left}`;
}

function isFolder(root: string, path: string): boolean {
  return statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() === true;
}

function isFile(root: string, path: string): boolean {
  return statSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true;
}

/** Returns the content of a file, or undefined if there is no such file. */
function bytesOf(path: string): Buffer | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(path) : undefined;
}
