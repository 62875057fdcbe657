/**
 * Scans logs into numbers and bytes that can be sent to another thread. Lines that do not count are only totalled. Of
 * the others everything is kept that counting needs, in the order of the log, because earlier lines determine whether a
 * part of a file begins a download.
 */
import { type BytePieces, ByteTable } from '../../core/byte-table.ts';
import { daySeconds } from '../../core/durations.ts';
import { sidecars } from '../../core/sidecars.ts';
import { AccessLogReader } from './access-log.ts';
import { LineSplitter, lastOf } from './line-splitter.ts';
import { SentFiles } from './sent-file-rows.ts';
import { type LineCounts, OtherLines } from './uncounted-lines.ts';

/** The result for a range of lines. */
export interface ScannedLines {
  /** The id of the scanner. Each scanner assigns its own numbers. */
  readonly scanner: number;
  /** The position in the log of the first line that was not scanned. */
  readonly position: number;
  /** The bytes before that position, as far as they belong to this range of lines; at most `longestBefore`. */
  readonly before: Uint8Array;
  /** The latest time in the lines, in seconds since 1970; 0 if no line has a time. */
  readonly latest: number;
  readonly others: readonly LineCounts[];
  /** The files and parts of files that were sent, as rows of `sentRow`. */
  readonly sent: Float64Array<ArrayBuffer>;
  /**
   * Paths with new numbers, percent-encoded as they were sent. Earlier numbers stay valid unless the first new number
   * is 0.
   */
  readonly paths: BytePieces;
  /** User agents with new numbers, like `paths`, each with its closing quote: see `unescapeAgent`. */
  readonly agents: BytePieces;
}

/** Bytes of paths or agents after which a scanner starts numbering again. */
const maxTableBytes = 8 << 20;
const metadata = Buffer.from(sidecars.metadata.suffix);

export class LogScanner {
  readonly #id: number;
  readonly #reader = new AccessLogReader();
  #lines = new LineSplitter(
    0,
    () => {},
    () => {},
  );
  readonly #paths = new NewTexts();
  readonly #agents = new NewTexts();
  readonly #sent = new SentFiles();
  readonly #others = new OtherLines();
  #latest = 0;
  /** An unterminated last line, if it was scanned. */
  #last: Buffer = Buffer.alloc(0);

  /** Scanners of the same log need different ids. */
  constructor(id = 0) {
    this.#id = id;
  }

  /** Starts at `position` in the log, which must be the beginning of a line. */
  begin(position: number): void {
    this.#last = Buffer.alloc(0);
    this.#latest = 0;
    this.#lines = new LineSplitter(
      position,
      // An empty line is the rest of a line that was counted before it was terminated.
      (bytes, start, end) => end > start && this.#see(bytes, start, end),
      () => this.#others.see(undefined, 'too-long'),
    );
  }

  /** Scans the lines that end in `chunk`. */
  push(chunk: Buffer): void {
    this.#lines.push(chunk);
  }

  /**
   * Call it at the end of the log. An unterminated last line is scanned if it is complete, because a rotated log may
   * never terminate it.
   */
  end(): void {
    const rest = this.#lines.end();
    if (rest.at(-1) !== 0x22 || rest.at(-2) === 0x5c) return;
    const kind = new AccessLogReader().read(rest, 0, rest.length);
    if (kind !== 'file' && kind !== 'part') return;
    this.#see(rest, 0, rest.length);
    this.#last = rest;
  }

  /** Returns the result for the lines scanned since the last call. */
  take(): ScannedLines {
    return {
      scanner: this.#id,
      position: this.#lines.position + this.#last.length,
      // Copied, because sending a view sends the whole buffer behind it.
      before: new Uint8Array(lastOf(this.#lines.before, this.#last)),
      latest: this.#latest,
      others: this.#others.take(),
      sent: this.#sent.take(),
      paths: this.#paths.take(),
      agents: this.#agents.take(),
    };
  }

  #see(bytes: Buffer, start: number, end: number): void {
    const reader = this.#reader;
    const kind = reader.read(bytes, start, end);
    if (kind === 'unreadable') {
      this.#others.see(undefined, kind);
      return;
    }
    if (reader.seconds > this.#latest) this.#latest = reader.seconds;
    if (kind !== 'file' && kind !== 'part') {
      this.#others.see(Math.floor(reader.seconds / daySeconds), kind);
      return;
    }
    if (isMetadata(bytes, reader.pathEnd)) {
      this.#others.see(Math.floor(reader.seconds / daySeconds), 'no-file');
      return;
    }
    const path = this.#paths.table.number(bytes, reader.pathStart, reader.pathEnd);
    const agent = this.#agents.table.number(bytes, reader.agentStart, reader.agentEnd);
    this.#sent.add(reader.seconds, reader.client, path, agent, reader.size, kind === 'part');
  }
}

/** Numbers texts, and hands each over once. */
class NewTexts {
  readonly table = new ByteTable();
  #handedOver = 0;

  /** Returns the texts that are new since the last call. */
  take(): BytePieces {
    const pieces = this.table.piecesFrom(this.#handedOver);
    if (this.table.bytes > maxTableBytes) this.table.clear();
    this.#handedOver = this.table.size;
    return pieces;
  }
}

/**
 * Returns true if the path that ends at `end` is that of a metadata file. There are as many of these requests as
 * downloads.
 */
function isMetadata(bytes: Buffer, end: number): boolean {
  for (let at = 1; at <= metadata.length; at += 1) {
    if (bytes[end - at] !== metadata[metadata.length - at]) return false;
  }
  return true;
}
