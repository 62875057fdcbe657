/** Compresses a `.bz2` file as several members, which every reader joins. Members can be compressed concurrently. */
import { setImmediate } from 'node:timers/promises';

/** The size of a member in bytes, or a little more. Smaller members would compress less. */
const memberBytes = 1 << 19;

/**
 * Compresses each member with `compressMember` while the next one is collected. A file of a single member is compressed
 * with `compressAlone`.
 */
export async function compressMembers(
  pieces: Iterable<Buffer>,
  compressMember: (bytes: Buffer) => Promise<Uint8Array>,
  compressAlone: (bytes: Buffer) => Promise<Uint8Array>,
): Promise<Buffer> {
  const members: Promise<Uint8Array>[] = [];
  let held: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    if (bytes >= memberBytes) {
      members.push(compressMember(Buffer.concat(held)));
      held = [];
      bytes = 0;
      // Otherwise nobody would hear which threads are done.
      await setImmediate();
    }
    held.push(piece);
    bytes += piece.length;
  }
  members.push((members.length === 0 ? compressAlone : compressMember)(Buffer.concat(held)));
  return Buffer.concat(await Promise.all(members));
}
