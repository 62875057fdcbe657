/** Recognizes the target of another mirror program, and makes room for our mirror. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasCode } from '../../core/caught-error.ts';
import { isJsonObject } from '../../formats/json.ts';
import type { OldTarget } from '../old-target.ts';
import { type MirrorProgram, mirrorPrograms } from './mirror-programs.ts';
import { refuseLinks } from './refuse-links.ts';
import { guardStorage, isThere } from './storage-errors.ts';
import { hasProjects } from './tree-presence.ts';

const asideFolder = 'old-state';

/** Returns the old target at `root` if a known program left it. Throws StorageError and DamagedFileError. */
export function findOldTarget(root: string): OldTarget | undefined {
  return guardStorage(root, () => {
    for (const kind of mirrorPrograms) {
      const detail = kind.describe(root);
      if (detail !== undefined) return oldTarget(root, kind, `${kind.program} (${detail})`, undefined);
    }
    if (!hasProjects(join(root, 'web'))) return undefined;
    const ownUpstream = upstreamOf(join(root, 'web', 'mirror-status.json'));
    const from = ownUpstream === undefined ? 'an unknown program' : 'pep381client 2, whose state was lost';
    // A tree of ours may serve the legacy JSON, so web/pypi stays: the next run knows if it is still served.
    const kind = ownUpstream === undefined ? treeAlone : { ...treeAlone, state: treeAlone.state.filter(isForeign) };
    return oldTarget(root, kind, from, ownUpstream);
  });
}

/** Moves the old state that was set aside into `trash`: the mirror is complete without it. Throws StorageError. */
export function dropOldState(root: string, trash: string): void {
  const from = join(root, asideFolder);
  guardStorage(from, () => {
    if (!isThere(from)) return;
    const to = join(trash, asideFolder);
    refuseLinks(root, trash);
    mkdirSync(trash, { recursive: true });
    rmSync(to, { recursive: true, force: true });
    renameSync(from, to);
  });
}

/** A tree that was copied without the state beside it. */
const treeAlone: Pick<MirrorProgram, 'state' | 'treeAtRoot'> = {
  state: ['web/serversig', 'web/json', 'web/pypi', 'web/simple/index.v1_html'],
  treeAtRoot: false,
};

function isForeign(path: string): boolean {
  return path !== 'web/pypi';
}

function oldTarget(
  root: string,
  { state, treeAtRoot }: Pick<MirrorProgram, 'state' | 'treeAtRoot'>,
  from: string,
  ownUpstream: string | undefined,
): OldTarget {
  const move = (path: string, to: string): void => {
    guardStorage(join(root, path), () => {
      if (!isThere(join(root, path))) return;
      if (to.startsWith(asideFolder)) refuseLinks(root, dirname(join(root, to)));
      mkdirSync(dirname(join(root, to)), { recursive: true });
      renameSync(join(root, path), join(root, to));
    });
  };
  return {
    from,
    ownUpstream,
    moveTree() {
      if (!treeAtRoot) return;
      for (const folder of ['simple', 'packages']) {
        guardStorage(join(root, folder), () => moveFolder(root, folder, move));
      }
    },
    setStateAside() {
      for (const path of state) move(path, join(asideFolder, path));
    },
  };
}

/** Moves `folder` of the root into web/. An empty folder there, which a new mirror has, is replaced. */
function moveFolder(root: string, folder: string, move: (path: string, to: string) => void): void {
  const to = join('web', folder);
  const hasOld = isThere(join(root, folder));
  if (hasOld && isThere(join(root, to)) && readdirSync(join(root, to)).length === 0) {
    rmSync(join(root, to), { recursive: true });
  }
  move(folder, to);
}

function upstreamOf(status: string): string | undefined {
  // Reading a pipe would block.
  if (statSync(status, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  try {
    const json: unknown = JSON.parse(readFileSync(status, 'utf8'));
    return isJsonObject(json) && typeof json.upstream === 'string' ? json.upstream : undefined;
  } catch (error) {
    // No status file, or not one of ours: it is not our tree.
    if (error instanceof SyntaxError || hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
