/** The port to scanning several pieces of logs at the same time. */
import type { ScannedLines } from '../formats/logs/log-scanner.ts';

/** A piece of a file that is open in this process. It ends with a line. */
export interface LogPiece {
  /** A number for each scan of a log. Scanners must not reuse what they remember of another scan. */
  readonly scan: number;
  readonly descriptor: number;
  readonly from: number;
  /** Infinity for everything up to the end of the file. */
  readonly to: number;
}

export interface PieceScanner {
  /** Number of pieces that are scanned at the same time. */
  readonly atOnce: number;
  /** Scans the lines of a piece. Rejects if it cannot be read. */
  scan(piece: LogPiece): Promise<ScannedLines>;
}
