/** The port to access logs: files that grow, are renamed and compressed, and may end anywhere. */
import type { ScannedLines } from '../formats/logs/log-scanner.ts';

/** An open log. It stays the same log if the file is renamed meanwhile. */
export interface OpenLog {
  readonly path: string;
  /**
   * Returns the first `bytes` uncompressed bytes, or fewer if the log is shorter. Zeros at the beginning are left out:
   * see `LineSplitter`.
   */
  head(bytes: number): Promise<Buffer>;
  /** Returns the `bytes` uncompressed bytes before `position`, or fewer if the log begins or ends in that range. */
  before(position: number, bytes: number): Promise<Buffer>;
  /** Returns the last `bytes` uncompressed bytes, or fewer if the log is shorter now. */
  end(bytes: number): Promise<Buffer>;
  /**
   * Yields the uncompressed bytes from `position` to the present end. Each chunk is valid until the next one is
   * requested. A compressed log that was cut off ends like an uncompressed one. Throws UnreadableLogError.
   */
  read(position: number): AsyncIterable<Buffer>;
  /**
   * Yields the content of the lines from `position` to the present end, in the order of the log, in pieces that may be
   * cut between any two lines. Throws UnreadableLogError, after everything before the unreadable place was yielded.
   */
  scan(position: number): AsyncIterable<ScannedLines>;
  /** Returns true if the log is compressed, was read to its end, and was cut off there. */
  isCut(): boolean;
  close(): Promise<void>;
}

/** A log that was not opened. */
export interface FoundPath {
  readonly path: string;
  /** Time of the last modification, in seconds since 1970. */
  readonly modified: number;
}

export interface LogSource {
  /** Opens the log at `path`. Throws UnreadableLogError. */
  open(path: string): Promise<OpenLog>;
  /**
   * Returns the name of the log at `path` before rotation: its absolute path without `.1`, `-20260304`, `.gz`, and
   * without folders that are dates.
   */
  series(path: string): string;
  /** Returns all existing logs of a series, rotated or not. Throws UnreadableLogError. */
  rotated(series: string): Promise<FoundPath[]>;
}
