/** The port to access logs: files that grow, are renamed and compressed, and may end anywhere. */
import type { ScannedLines } from '../formats/logs/log-scanner.ts';

/** An open log. It stays the same one when it is renamed meanwhile. */
export interface OpenLog {
  readonly path: string;
  /** Its first bytes, uncompressed, as far as there are so many, and without zeros at the beginning: see `LineSplitter`. */
  head(bytes: number): Promise<Buffer>;
  /** The `bytes` bytes before `position`, uncompressed; fewer where it begins or ends between. */
  before(position: number, bytes: number): Promise<Buffer>;
  /** Its last bytes, uncompressed, as far as there are so many now. */
  end(bytes: number): Promise<Buffer>;
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
  /** Whether it is compressed, was read to its end, and was cut off there. */
  isCut(): boolean;
  close(): Promise<void>;
}

/** A log that was not opened. */
export interface FoundPath {
  readonly path: string;
  /** Seconds since 1970: when it was written to for the last time. */
  readonly modified: number;
}

export interface LogSource {
  /** Throws UnreadableLogError. */
  open(path: string): Promise<OpenLog>;
  /**
   * What the log at `path` is called where it is not rotated: its absolute path without `.1`, `-20260304`, `.gz`, and
   * without folders that are dates.
   */
  series(path: string): string;
  /** All logs of a series that are there, rotated or not. Throws UnreadableLogError. */
  rotated(series: string): Promise<FoundPath[]>;
}
