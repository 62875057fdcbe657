/**
 * bzip2 by libbzip2 itself, compiled to WebAssembly. It writes the same bytes on every machine, and needs no installed
 * program.
 */
import type { Library, Result } from 'libbzip2-wasm';
import { NonsenseError } from '../../core/errors.ts';
import type { Bzip2 } from '../../files/bzip2.ts';
import { compressMembers } from './bzip2-members.ts';

/** The largest input of a call in bytes. A call needs four times as much memory. */
const memberBytes = 32 * 1024 * 1024;
/** Blocks of 100 kB. Lines sorted by file resemble their neighbours, so larger blocks cost time and save nothing. */
const level = 1;
const workFactor = 30;

let loading: Promise<{ readonly library: Library }> | undefined;

/** The library, loaded on first use. Above 32 MiB it writes several members, which every reader joins. */
export const bzip2: Bzip2 = {
  async compress(bytes) {
    const { library } = await open();
    const members: Buffer[] = [];
    for (let at = 0; at === 0 || at < bytes.length; at += memberBytes) {
      const member = bytes.subarray(at, at + memberBytes);
      members.push(takeOutput(library, library.compressBZ2(member, level, workFactor)));
    }
    return Buffer.concat(members);
  },
  compressPieces(pieces) {
    return compressMembers(pieces, this.compress, this.compress);
  },
  async decompress(member) {
    const { library } = await open();
    return takeOutput(library, library.decompressBZ2(member, 0));
  },
};

/** Copies the output from the library's memory and frees it there, because the library never does. */
function takeOutput(library: Library, result: Result): Buffer {
  try {
    if (result.error !== 0) throw new NonsenseError(`not valid bzip2 (${result.errorMsg || result.error})`);
    const { output } = result;
    const copy = Buffer.from(output);
    library._free(output.byteOffset);
    return copy;
  } finally {
    result.delete();
  }
}

function open(): Promise<{ readonly library: Library }> {
  loading ??= load();
  return loading;
}

async function load(): Promise<{ readonly library: Library }> {
  const uncaught = process.listeners('uncaughtException');
  const unhandled = process.listeners('unhandledRejection');
  const { default: start } = await import('libbzip2-wasm');
  return new Promise((resolve) => {
    start().then((library) => {
      // The library handles uncaught errors of the whole process by aborting it. Remove these handlers.
      for (const listener of process.listeners('uncaughtException')) {
        if (!uncaught.includes(listener)) process.off('uncaughtException', listener);
      }
      for (const listener of process.listeners('unhandledRejection')) {
        if (!unhandled.includes(listener)) process.off('unhandledRejection', listener);
      }
      // Wrapped, because the library has a method `then` and would be taken for a promise.
      resolve({ library });
    });
  });
}
