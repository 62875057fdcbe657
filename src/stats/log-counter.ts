/**
 * Counts the lines of logs: how often each file went to each agent, per day. Texts that repeat are decoded only once.
 */
import type { BytePieces } from '../core/byte-table.ts';
import { daySeconds } from '../core/durations.ts';
import type { ProjectName } from '../core/names.ts';
import { PairCounts } from '../core/pair-counts.ts';
import { isFileName } from '../core/paths.ts';
import { unescapeAgent } from '../formats/logs/access-log.ts';
import type { ScannedLines } from '../formats/logs/log-scanner.ts';
import { resolvedPath } from '../formats/logs/requested-path.ts';
import { sentRow } from '../formats/logs/sent-file-rows.ts';
import type { OtherKind } from '../formats/logs/uncounted-lines.ts';
import {
  agentLabel,
  labelName,
  parseUserAgent,
  pythonLabel,
  systemLabel,
  type UserAgent,
} from '../formats/logs/user-agent.ts';
import type { DayCounts, DownloadTable, Sum } from '../state/stats-store.ts';
import type { DownloadStarts } from './download-starts.ts';
import { Interner } from './interner.ts';

/** Number of different downloads from which on the counts go to the database before more is counted. */
const maxPairs = 400_000;
/** Limit for the number of files and of agents. No day has as many. */
const maxTexts = 1_000_000;
/**
 * Limit for the number of labels. Honest clients have some thousand; beyond it, only the name of a client is counted,
 * without its version.
 */
const maxLabels = 10_000;
/** The number that stands for no file and no client. */
const nothing = -1;

/** The outcome of a line. `counted` is a download. */
export type LineOutcome = OtherKind | 'counted' | 'continued' | 'closed' | 'future';

interface File {
  readonly path: string;
  readonly filename: string;
  /** Undefined until it is needed. */
  project: string | undefined;
}

/**
 * The counter's numbers, by the numbers of a scanner. `nothing` for paths that are no files, and for agents with
 * unbalanced quotes.
 */
interface ScannerNumbers {
  files: number[];
  clients: number[];
}

/** The facts about a client that the statistics tell. */
interface Client {
  readonly python: string | undefined;
  readonly system: string | undefined;
}

export interface LogCounterOptions {
  /** Days that nothing can be added to. */
  readonly closed: ReadonlySet<string>;
  /** The end of a day, in seconds since 1970. Lines from then on have their time from a wrong clock. */
  readonly until: number;
  readonly starts: DownloadStarts;
  projectOf(path: string, filename: string): ProjectName | string;
}

export class LogCounter {
  /** Number of lines that were not counted because their time is in the future. */
  future = 0;
  /** Number of all lines read, of those about files that were sent, and of those that cannot be read. */
  readonly lines = { all: 0, sent: 0, unreadable: 0 };
  /** Number of downloads that were not counted because their day is closed. */
  closed = 0;
  readonly #options: LogCounterOptions;
  readonly #days = new Map<number | undefined, DayCounter>();
  readonly #scanners = new Map<number, ScannerNumbers>();
  readonly #files = new Interner<File>();
  /** By the number of the file: a hash that stays the same if the file gets another number. */
  readonly #fileHashes: number[] = [];
  readonly #clients = new Interner<Client>();
  /** By the number of the client: likewise its hash. */
  readonly #clientHashes: number[] = [];
  /** By the number of the client: the number of its label, which many clients share. */
  readonly #labelNumbers: number[] = [];
  readonly #labels = new Interner<string>();

  constructor(options: LogCounterOptions) {
    this.#options = options;
  }

  /** True if the counts should go to the database before more is counted. */
  get isFull(): boolean {
    let pairs = 0;
    for (const day of this.#days.values()) pairs += day.pairs.size;
    return pairs >= maxPairs;
  }

  /** True if another counter should continue with another scan, because this one remembers more than it should. */
  get isWornOut(): boolean {
    return this.#files.size > maxTexts || this.#clients.size > maxTexts || this.#labels.size > maxTexts;
  }

  /** Counts lines. Those of one log must come in their order. */
  count({ scanner, others, sent, paths, agents }: ScannedLines): void {
    const { until } = this.#options;
    for (const { day, counts } of others) {
      const isFuture = day !== undefined && day * daySeconds >= until;
      const counter = isFuture ? undefined : this.#day(day);
      this.lines.unreadable += counts.unreadable + counts['too-long'];
      for (const [kind, count] of Object.entries(counts)) {
        this.lines.all += count;
        if (counter === undefined) this.#skip(count);
        else if (count > 0) counter.addLines(kind, count, 0);
      }
    }
    this.lines.sent += sent.length / sentRow.width;
    this.lines.all += sent.length / sentRow.width;
    const { files, clients } = this.#numbersOf(scanner, paths, agents);
    let today = Number.NaN;
    let day = this.#day(undefined);
    for (let at = 0; at < sent.length; at += sentRow.width) {
      const seconds = sent[at + sentRow.seconds] as number;
      if (seconds >= until) {
        this.#skip(1);
        continue;
      }
      const number = Math.floor(seconds / daySeconds);
      if (number !== today) day = this.#day(number);
      today = number;
      const file = files[sent[at + sentRow.path] as number] as number;
      const client = clients[sent[at + sentRow.agent] as number] as number;
      if (day.isClosed) this.#late(day);
      else if (file === nothing) day.addLines('no-file', 1, 0);
      else if (client === nothing) day.addLines('unreadable', 1, 0);
      else this.#countSent(sent, at, day, file, client);
    }
  }

  /**
   * Yields all counts. Each day is computed when it is requested, because `projectOf` is faster within a transaction.
   */
  *days(): IterableIterator<DayCounts> {
    for (const day of this.#days.values()) {
      yield { day: day.day, downloads: this.#downloads(day), sums: this.#sums(day) };
    }
  }

  /** Forgets the counts, but not the numbers of files and clients. */
  clear(): void {
    this.#days.clear();
  }

  #skip(lines: number): void {
    if (lines > 0) this.#day(undefined).addLines('future', lines, 0);
    this.future += lines;
  }

  #late(day: DayCounter): void {
    day.addLines('closed', 1, 0);
    this.closed += 1;
  }

  #countSent(sent: Float64Array, at: number, day: DayCounter, file: number, client: number): void {
    const size = sent[at + sentRow.size] as number;
    const begins = this.#options.starts.begins(
      // Many clients may share an address. They are distinguished as far as the statistics distinguish them.
      (sent[at + sentRow.client] as number) ^ (this.#clientHashes[client] as number),
      this.#fileHashes[file] as number,
      sent[at + sentRow.seconds] as number,
      sent[at + sentRow.isPart] === 1,
    );
    if (begins) day.add(file, this.#labelNumbers[client] as number, client, size);
    else day.addLines('continued', 1, size);
  }

  #day(number: number | undefined): DayCounter {
    let day = this.#days.get(number);
    if (day === undefined) {
      const name = number === undefined ? '' : new Date(number * daySeconds * 1000).toISOString().slice(0, 10);
      day = new DayCounter(name, this.#options.closed.has(name));
      this.#days.set(number, day);
    }
    return day;
  }

  #numbersOf(scanner: number, paths: BytePieces, agents: BytePieces): ScannerNumbers {
    const numbers = this.#scanners.get(scanner) ?? { files: [], clients: [] };
    this.#scanners.set(scanner, numbers);
    if (paths.first === 0) numbers.files = [];
    if (agents.first === 0) numbers.clients = [];
    for (const path of textsIn(paths)) numbers.files.push(this.#fileIn(path.toString('latin1')));
    for (const agent of textsIn(agents)) numbers.clients.push(this.#clientIn(agent));
    return numbers;
  }

  #fileIn(requested: string): number {
    const found = downloadedFile(requested);
    return found === undefined ? nothing : this.#numberOf(found.path, found.filename);
  }

  #numberOf(path: string, filename: string): number {
    return this.#files.intern(path, () => {
      this.#fileHashes.push(hashOf(path));
      return { path, filename, project: undefined };
    });
  }

  #fileAt(number: number): [project: string, filename: string] {
    const file = this.#files.get(number);
    file.project ??= this.#options.projectOf(file.path, file.filename);
    return [file.project, file.filename];
  }

  #clientIn(field: Buffer): number {
    const text = unescapeAgent(field);
    return text === undefined ? nothing : this.#clientOf(text);
  }

  #clientOf(text: string): number {
    const agent = parseUserAgent(text);
    const label = this.#labelOf(agent);
    const client = { python: pythonLabel(agent), system: systemLabel(agent) };
    const key = `${label} ${client.python} ${client.system}`;
    return this.#clients.intern(key, () => {
      this.#clientHashes.push(hashOf(key));
      this.#labelNumbers.push(this.#labels.intern(label, () => label));
      return client;
    });
  }

  #labelOf(agent: UserAgent): string {
    const label = agentLabel(agent);
    return this.#labels.has(label) || this.#labels.size < maxLabels ? label : labelName(label);
  }

  #downloads({ pairs }: DayCounter): DownloadTable {
    const counts = pairs.triples();
    const files: [project: string, filename: string][] = [];
    // Numbers from 1 on, because 0 means that the file has none yet.
    const numbers = new Int32Array(this.#files.size);
    for (let at = 0; at < counts.length; at += 3) {
      const file = counts[at] as number;
      numbers[file] ||= files.push(this.#fileAt(file));
      counts[at] = (numbers[file] as number) - 1;
    }
    return { files, agents: this.#labels.all, counts };
  }

  #sums({ clients, lineTotals, counted }: DayCounter): Sum[] {
    const lines = counted.count > 0 ? [...lineTotals, ['counted', counted] as const] : [...lineTotals];
    const sums: Sum[] = lines.map(([name, { count, bytes }]) => ({ kind: 'line', name, count, bytes }));
    for (const [number, count] of clients.entries()) {
      if (count === 0) continue;
      const { python, system } = this.#clients.get(number);
      sums.push({ kind: 'python', name: python ?? 'unknown', count, bytes: 0 });
      sums.push({ kind: 'system', name: system ?? 'unknown', count, bytes: 0 });
    }
    return added(sums);
  }
}

function* textsIn({ bytes, ends }: BytePieces): IterableIterator<Buffer> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = 0;
  for (const end of ends) {
    yield buffer.subarray(start, end);
    start = end;
  }
}

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** Returns the sums, with those of the same kind and name added up. */
function added(sums: readonly Sum[]): Sum[] {
  const byName = new Map<string, Sum>();
  for (const sum of sums) {
    const key = `${sum.kind} ${sum.name}`;
    const { count = 0, bytes = 0 } = byName.get(key) ?? {};
    byName.set(key, { ...sum, count: sum.count + count, bytes: sum.bytes + bytes });
  }
  return [...byName.values()];
}

/** Lines of which the same became, and the bytes that were sent. */
interface LineTotals {
  count: number;
  bytes: number;
}

class DayCounter {
  /** `YYYY-MM-DD`; empty for lines that tell no time. */
  readonly day: string;
  readonly isClosed: boolean;
  /** The downloads of each pair of file and agent. */
  readonly pairs = new PairCounts();
  /** The downloads of each client, by its number. */
  readonly clients: number[] = [];
  /** The downloads. */
  readonly counted: LineTotals = { count: 0, bytes: 0 };
  /** The other lines by what became of them. */
  readonly lineTotals = new Map<string, LineTotals>();

  constructor(day: string, isClosed: boolean) {
    this.day = day;
    this.isClosed = isClosed;
  }

  /** Takes note of lines. */
  addLines(name: string, count: number, bytes: number): void {
    let fate = this.lineTotals.get(name);
    if (fate === undefined) {
      fate = { count: 0, bytes: 0 };
      this.lineTotals.set(name, fate);
    }
    fate.count += count;
    fate.bytes += bytes;
  }

  /** Counts a download. */
  add(file: number, agent: number, client: number, bytes: number): void {
    this.counted.count += 1;
    this.counted.bytes += bytes;
    this.pairs.add(file, agent);
    while (this.clients.length <= client) this.clients.push(0);
    this.clients[client] = (this.clients[client] as number) + 1;
  }
}

/** The file at the path of a request; undefined for folders, metadata, provenance and signatures. */
function downloadedFile(requested: string): { readonly path: string; readonly filename: string } | undefined {
  const path = resolvedPath(requested);
  const filename = path.slice(path.lastIndexOf('/') + 1);
  return isFileName(filename) ? { path, filename } : undefined;
}
