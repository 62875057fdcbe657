/** The port to whatever scans pieces of logs at the same time. */
import type { ScannedLines } from '../formats/logs/log-scanner.ts';

/** A piece of a file that is open in this process; it ends with a line. */
export interface LogPiece {
  /** Another number for each scan of a log: what scanners remember of one is of no use in another. */
  readonly scan: number;
  readonly descriptor: number;
  readonly from: number;
  /** Infinity for all that there is. */
  readonly to: number;
}

export interface PieceScanner {
  /** How many pieces are scanned at the same time. */
  readonly atOnce: number;
  /** What the lines of a piece say. Rejects when it cannot be read. */
  scan(piece: LogPiece): Promise<ScannedLines>;
}
