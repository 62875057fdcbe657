/**
 * Scans logs: what the lines say, as numbers and bytes that can go from thread to thread. Lines that count nothing are
 * added up. Of the others all is kept that is needed to count them, in the order of the log, because whether a part of a
 * file begins a download depends on what came before.
 */
import { type BytePieces, ByteTable } from '../../core/byte-table.ts';
import { daySeconds } from '../../core/durations.ts';
import { AccessLogReader } from './access-log.ts';
import { LineSplitter, lastOf } from './line-splitter.ts';
import { SentFiles } from './sent-file-rows.ts';
import { type LineCounts, OtherLines } from './uncounted-lines.ts';

/** What a run of lines says. */
export interface ScannedLines {
  /** Which scanner it was: each has numbers of its own. */
  readonly scanner: number;
  /** Where in the log the first line begins that was not scanned. */
  readonly position: number;
  /** The bytes before that, as far as they were scanned in this run of lines; at most `longestBefore`. */
  readonly before: Uint8Array;
  /** Seconds since 1970: the latest line; 0 when none tells a time. */
  readonly latest: number;
  readonly others: readonly LineCounts[];
  /** The files and parts of files that were sent: see `sentRow`. */
  readonly sent: Float64Array<ArrayBuffer>;
  /**
   * Paths that have new numbers there, percent-encoded as they were sent. The numbers from before stay as they were,
   * unless the first of the new ones is 0.
   */
  readonly paths: BytePieces;
  /** The same for agents, each with its closing quote: see `unescapeAgent`. */
  readonly agents: BytePieces;
}

/** A scanner numbers its paths, or agents, anew when they take more. */
const maxTableBytes = 8 << 20;
const metadata = Buffer.from('.metadata');

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
  /** A last line that nothing ends, where it was scanned. */
  #last: Buffer = Buffer.alloc(0);

  /** Scanners of the same log have different ids. */
  constructor(id = 0) {
    this.#id = id;
  }

  /** The next chunk begins at `position` in the log, where a line begins. */
  begin(position: number): void {
    this.#last = Buffer.alloc(0);
    this.#latest = 0;
    this.#lines = new LineSplitter(
      position,
      // Empty is what is left of a line that was counted before anything ended it.
      (bytes, start, end) => end > start && this.#see(bytes, start, end),
      () => this.#others.see(undefined, 'too-long'),
    );
  }

  /** Scans the lines that end in `chunk`. */
  push(chunk: Buffer): void {
    this.#lines.push(chunk);
  }

  /** The log ends here. A last line that nothing ends is scanned when it is whole: what is rotated may never end it. */
  end(): void {
    const rest = this.#lines.end();
    if (rest.at(-1) !== 0x22 || rest.at(-2) === 0x5c) return;
    const kind = new AccessLogReader().read(rest, 0, rest.length);
    if (kind !== 'file' && kind !== 'part') return;
    this.#see(rest, 0, rest.length);
    this.#last = rest;
  }

  /** What the lines say that were scanned since the last time. */
  take(): ScannedLines {
    return {
      scanner: this.#id,
      position: this.#lines.position + this.#last.length,
      // A copy, as a view would take all that it is a view of along.
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

/** Numbers texts, and hands over each once. */
class NewTexts {
  readonly table = new ByteTable();
  #handedOver = 0;

  /** Those that are new since the last time. */
  take(): BytePieces {
    const pieces = this.table.piecesFrom(this.#handedOver);
    if (this.table.bytes > maxTableBytes) this.table.clear();
    this.#handedOver = this.table.size;
    return pieces;
  }
}

/** Whether the path that ends at `end` is that of a file's metadata, of which there are as many as downloads. */
function isMetadata(bytes: Buffer, end: number): boolean {
  for (let at = 1; at <= metadata.length; at += 1) {
    if (bytes[end - at] !== metadata[metadata.length - at]) return false;
  }
  return true;
}
