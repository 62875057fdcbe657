/**
 * Keeps root from writing into the target of another user, who could neither change nor remove what root leaves there.
 */
import { spawnSync } from 'node:child_process';
import { type Stats, statSync } from 'node:fs';
import { StorageError } from '../../core/errors.ts';
import { shellQuote } from '../../core/shell-quote.ts';

/**
 * Throws StorageError if this process is root and the target belongs to another user. The message names that user, and
 * the command to type instead.
 */
export function refuseRoot({ root, state }: { readonly root: string; readonly state: string }): void {
  if (process.geteuid?.() !== 0) return;
  const owners = [state, root].map((path) => statSync(path, { throwIfNoEntry: false }));
  const owner = owners.find((found) => found !== undefined && found.uid !== 0);
  if (owner === undefined) return;
  const first = owners.some((found) => found?.uid === 0)
    ? `chown -R ${userName(owner.uid)} ${shellQuote(root)} && `
    : '';
  throw new StorageError(
    `${root}: belongs to ${userName(owner.uid)}, who could not change what root leaves there; ` +
      `run ${first}${asUser(owner)} ${process.argv.slice(1).map(shellQuote).join(' ')}`,
  );
}

/** Returns the name of the user with the number `uid`, or the number if it has no name. */
export function userName(uid: number): string {
  const { status, stdout } = spawnSync('id', ['-nu', String(uid)], { encoding: 'utf8' });
  const name = stdout?.trim() ?? '';
  return status === 0 && name !== '' ? name : String(uid);
}

function asUser({ uid, gid }: Stats): string {
  const name = userName(uid);
  if (name !== String(uid)) return `runuser -u ${name} --`;
  return `setpriv --reuid=${uid} --regid=${gid} --clear-groups`;
}
