/** What every thread of `StatsThreads` does, and the workers' side, which executes tasks one after the other. */
import { type MessagePort, parentPort, threadId } from 'node:worker_threads';
import { asError } from '../../core/caught-error.ts';
import { scanPiece } from '../../files/logs/log-pieces.ts';
import type { LogPiece } from '../../files/piece-scanner.ts';
import { LogScanner, type ScannedLines } from '../../formats/logs/log-scanner.ts';
import { bzip2 } from './bzip2.ts';
import type { StatsAnswer, StatsTask } from './stats-threads.ts';

/** Answers tasks for as long as this thread lives. */
export function answerStatsTasks(): void {
  let before: Promise<unknown> = Promise.resolve();
  parentPort?.on('message', (task: StatsTask) => {
    before = before.then(() => answer(parentPort as MessagePort, task));
  });
}

async function answer(port: MessagePort, task: StatsTask): Promise<void> {
  try {
    // Messages are copied, not transferred: a thread that ever transferred a buffer checks each access to any buffer.
    port.postMessage({ result: await doStatsTask(task) } satisfies StatsAnswer);
  } catch (error) {
    port.postMessage({ error: asError(error) } satisfies StatsAnswer);
  }
}

/** Returns the `ScannedLines` of a piece, or the compressed bytes. */
export async function doStatsTask(task: StatsTask): Promise<ScannedLines | Uint8Array> {
  return task.kind === 'scan' ? scan(task.piece) : await compress(task.bytes);
}

let scanner = new LogScanner();
let latestScan: number | undefined;

function scan(piece: LogPiece): ScannedLines {
  if (piece.scan !== latestScan) scanner = new LogScanner(threadId);
  latestScan = piece.scan;
  return scanPiece(scanner, piece);
}

async function compress(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await bzip2.compress(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
}
