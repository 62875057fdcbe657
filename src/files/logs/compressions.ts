/**
 * The compressions of logs, recognized by the first bytes of a file, not by its name. Logs that neither Node nor our
 * libraries unpack are given to the program that packed them: a machine with logs in xz or zstd has the program that
 * rotated them. A missing program is reported.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { hasCode } from '../../core/caught-error.ts';

export interface Compression {
  readonly name: string;
  /** The first bytes of a packed file, in latin1. */
  readonly start: string;
  /** A program that unpacks its standard input to its standard output. */
  readonly program?: readonly [name: string, ...options: string[]];
}

const compressions: readonly Compression[] = [
  { name: 'gzip', start: '\x1f\x8b' },
  { name: 'bzip2', start: 'BZh' },
  { name: 'xz', start: '\xfd7zXZ\0', program: ['xz', '-dc'] },
  { name: 'lzma', start: '\x5d\0\0', program: ['xz', '-dc'] },
  { name: 'zstd', start: '\x28\xb5\x2f\xfd', program: ['zstd', '-dcq'] },
  { name: 'lz4', start: '\x04\x22\x4d\x18', program: ['lz4', '-dcq'] },
  { name: 'lzip', start: 'LZIP', program: ['lzip', '-dcq'] },
  { name: 'lzop', start: '\x89LZO', program: ['lzop', '-dcq'] },
  { name: 'compress', start: '\x1f\x9d', program: ['gzip', '-dcq'] },
  { name: 'zip', start: 'PK\x03\x04' },
  { name: '7-Zip', start: '7z\xbc\xaf\x27\x1c' },
];

/** Number of bytes at the beginning of a log that are needed to recognize its compression. */
export const signatureBytes = 6;

/** Returns the compression of a log that begins with `bytes`, or undefined if it is plain. */
export function compressionOf(bytes: Buffer): Compression | undefined {
  const start = bytes.toString('latin1');
  return compressions.find((packing) => start.startsWith(packing.start));
}

/** A log could not be unpacked. The message is to be read after the path of the log. */
export class PackedError extends Error {}

/** Unpacks `packed`. Throws PackedError, and the errors of `packed`. */
export async function* unpackedBy(
  { name, program }: Compression,
  packed: AsyncIterable<Buffer>,
): AsyncIterable<Buffer> {
  if (program === undefined) throw new PackedError(`is packed by ${name}: unpack it first`);
  const [command, ...options] = program;
  const child = spawn(command, options, { stdio: 'pipe' });
  const ended = once(child, 'close').then(
    ([code]) => code as number | null,
    (error: Error) => error,
  );
  const complaint = text(child.stderr);
  const source = Readable.from(packed);
  let problem: Error | undefined;
  source.once('error', (error) => {
    problem = error;
    child.kill();
  });
  // The program may end before it has read everything. Its exit code then tells why.
  child.stdin.on('error', () => source.destroy());
  source.pipe(child.stdin);
  try {
    yield* child.stdout;
    const code = await ended;
    if (problem !== undefined) throw problem;
    if (code instanceof Error) throw cannotStart(name, command, code);
    if (code !== 0)
      throw new PackedError(`is packed by ${name}, and ${command} cannot unpack it: ${firstLine(await complaint)}`);
  } finally {
    source.destroy();
    child.kill();
  }
}

function cannotStart(name: string, command: string, cause: Error): PackedError {
  const why = hasCode(cause, 'ENOENT') ? 'is not there: install it' : `does not start: ${cause.message}`;
  return new PackedError(`is packed by ${name}, and the program ${command} that unpacks it ${why}`, { cause });
}

function firstLine(complaint: string): string {
  return complaint.trim().split('\n', 1)[0] ?? '';
}
