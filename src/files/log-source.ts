/** The port to access logs: files that grow, are renamed and compressed, and may end anywhere. */
import type { ScannedLines } from '../formats/log-scanner.ts';

/** An open log. It stays the same one when it is renamed meanwhile. */
export interface OpenLog {
  readonly path: string;
  /** Its first bytes, uncompressed, as far as there are so many. */
  head(bytes: number): Promise<Buffer>;
  /**
   * Its bytes from `position` on, uncompressed, as far as there are any now; each chunk is valid until the next one is
   * asked for. Where a compressed log was cut off it ends as an uncompressed one would. Throws UnreadableLogError.
   */
  read(position: number): AsyncIterable<Buffer>;
  /**
   * What its lines say from `position` on, as far as there are any now, in the order of the log; in pieces that may be
   * cut anywhere between two lines. What stands before a place that cannot be read comes before the UnreadableLogError.
   */
  scan(position: number): AsyncIterable<ScannedLines>;
  close(): Promise<void>;
}

export interface LogSource {
  /** Throws UnreadableLogError. */
  open(path: string): Promise<OpenLog>;
  /** What the log at `path` was called before it was rotated: its absolute path without `.1`, `-20260304`, `.gz`. */
  series(path: string): string;
  /** The paths of all logs of a series that are there, rotated or not. */
  rotated(series: string): Promise<string[]>;
}
