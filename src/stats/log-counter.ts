/** Counts lines: per day which file went how often to which agent. What repeats becomes text once. */
import { ByteTable } from '../core/byte-table.ts';
import type { ProjectName } from '../core/names.ts';
import { type AccessLogReader, type LineKind, unescapeAgent } from '../formats/access-log.ts';
import { agentLabel, parseUserAgent, pythonLabel, systemLabel } from '../formats/user-agent.ts';
import type { DayCounts, FileDownloads, Sum } from '../state/stats-store.ts';
import { DayCounter } from './day-counter.ts';
import type { DownloadStarts } from './download-starts.ts';
import { downloadedFile } from './downloaded-file.ts';
import { Numbered } from './numbered.ts';

/** Above so many different downloads, what was counted goes to the database before more is. */
const mostPairs = 400_000;
/** Agents and addresses are forgotten, and told anew, above so many bytes of either. */
const mostBytes = 32 * 1024 * 1024;
const secondsPerDay = 86_400;

/** What became of a line; `counted` is a download. */
export type LineFate = Exclude<LineKind, 'file' | 'part'> | 'counted' | 'continued' | 'no-file' | 'too-long' | 'closed';

interface File {
  readonly filename: string;
  readonly project: string;
}

/** What the statistics tell of a client. */
interface Client {
  /** The number of its agent, as many clients have the same. */
  readonly agent: number;
  readonly python: string | undefined;
  readonly system: string | undefined;
}

export interface LogCounterOptions {
  /** Days that nothing can be added to. */
  readonly closed: ReadonlySet<string>;
  readonly starts: DownloadStarts;
  projectOf(path: string, filename: string): ProjectName | string;
}

export class LogCounter {
  readonly #options: LogCounterOptions;
  readonly #days = new Map<number, DayCounter>();
  #today = new DayCounter('', true);
  #todayNumber = Number.NaN;
  /** Lines that tell no time. */
  readonly #timeless = new DayCounter('', true);

  readonly #paths = new ByteTable();
  readonly #agents = new ByteTable();
  /** By the number of the path: the file, or undefined for what is none. */
  #files: (number | undefined)[] = [];
  /** By the number of the agent as it stands in the log: the client, or undefined where the quotes do not match. */
  #clients: (number | undefined)[] = [];
  readonly #knownFiles = new Numbered<File>();
  readonly #knownClients = new Numbered<Client>();
  readonly #knownAgents = new Numbered<string>();
  /** Seconds since 1970: the latest line. */
  latest = 0;

  constructor(options: LogCounterOptions) {
    this.#options = options;
  }

  /** True when {@link take} should be called before more is counted. */
  get isFull(): boolean {
    let pairs = 0;
    for (const day of this.#days.values()) pairs += day.pairs.size;
    return pairs >= mostPairs;
  }

  /** Counts a line that `reader` has read as `kind` in `bytes`. */
  count(kind: LineKind, reader: AccessLogReader, bytes: Buffer): void {
    if (kind === 'unreadable') {
      this.#timeless.see('unreadable', 0);
      return;
    }
    if (reader.seconds > this.latest) this.latest = reader.seconds;
    const day = this.#dayOf(reader.seconds);
    if (kind !== 'file' && kind !== 'part') day.see(kind, 0);
    else if (day.isClosed) day.see('closed', 0);
    else this.#countFile(kind, day, reader, bytes);
  }

  countTooLong(): void {
    this.#timeless.see('too-long', 0);
  }

  /** Everything that was counted since the last time. */
  take(): DayCounts[] {
    const days = [...this.#days.values(), this.#timeless].filter(({ isEmpty }) => !isEmpty);
    const taken = days.map((day) => ({ day: day.day, downloads: this.#downloads(day), sums: this.#sums(day) }));
    this.#days.clear();
    this.#todayNumber = Number.NaN;
    this.#timeless.clear();
    if (this.#paths.bytes > mostBytes) this.#forgetFiles();
    if (this.#agents.bytes > mostBytes) this.#forgetClients();
    return taken;
  }

  #countFile(kind: LineKind, day: DayCounter, reader: AccessLogReader, bytes: Buffer): void {
    const file = this.#fileIn(bytes, reader.pathStart, reader.pathEnd);
    if (file === undefined) {
      day.see('no-file', 0);
      return;
    }
    const client = this.#clientIn(bytes, reader.agentStart, reader.agentEnd);
    if (client === undefined) {
      day.see('unreadable', 0);
      return;
    }
    const begins = this.#options.starts.begins(reader.client, file, reader.seconds);
    if (kind === 'part' && !begins) {
      day.see('continued', reader.size);
      return;
    }
    day.see('counted', reader.size);
    day.add(file, this.#knownClients.get(client).agent, client);
  }

  #dayOf(seconds: number): DayCounter {
    const number = Math.floor(seconds / secondsPerDay);
    if (number === this.#todayNumber) return this.#today;
    let day = this.#days.get(number);
    if (day === undefined) {
      const name = new Date(number * secondsPerDay * 1000).toISOString().slice(0, 10);
      day = new DayCounter(name, this.#options.closed.has(name));
      this.#days.set(number, day);
    }
    this.#today = day;
    this.#todayNumber = number;
    return day;
  }

  #fileIn(bytes: Buffer, start: number, end: number): number | undefined {
    const number = this.#paths.number(bytes, start, end);
    if (number >= 0 && number < this.#files.length) return this.#files[number];
    const found = downloadedFile(bytes.toString('latin1', start, end));
    const file =
      found === undefined
        ? undefined
        : this.#knownFiles.number(found.path, () => ({
            filename: found.filename,
            project: this.#options.projectOf(found.path, found.filename),
          }));
    if (number >= 0) this.#files[number] = file;
    return file;
  }

  #clientIn(bytes: Buffer, start: number, end: number): number | undefined {
    const number = this.#agents.number(bytes, start, end);
    if (number >= 0 && number < this.#clients.length) return this.#clients[number];
    if (this.#agents.bytes > mostBytes * 2) this.#forgetClients();
    const text = unescapeAgent(bytes.subarray(start, end));
    const client = text === undefined ? undefined : this.#numberOf(text);
    if (number >= 0 && number === this.#clients.length) this.#clients[number] = client;
    return client;
  }

  #numberOf(text: string): number {
    const agent = parseUserAgent(text);
    const label = agentLabel(agent);
    const client = {
      agent: this.#knownAgents.number(label, () => label),
      python: pythonLabel(agent),
      system: systemLabel(agent),
    };
    return this.#knownClients.number(`${label} ${client.python} ${client.system}`, () => client);
  }

  #downloads({ pairs }: DayCounter): FileDownloads[] {
    const files = new Map<number, Map<string, number>>();
    for (const [file, agent, count] of pairs.entries()) {
      let agents = files.get(file);
      if (agents === undefined) {
        agents = new Map();
        files.set(file, agents);
      }
      agents.set(this.#knownAgents.get(agent), count);
    }
    return [...files].map(([file, agents]) => ({ ...this.#knownFiles.get(file), agents }));
  }

  #sums({ clients, fates }: DayCounter): Sum[] {
    const sums: Sum[] = [...fates].map(([name, { count, bytes }]) => ({ kind: 'line', name, count, bytes }));
    for (const [number, count] of clients.entries()) {
      if (count === 0) continue;
      const { python, system } = this.#knownClients.get(number);
      sums.push({ kind: 'python', name: python ?? 'unknown', count, bytes: 0 });
      sums.push({ kind: 'system', name: system ?? 'unknown', count, bytes: 0 });
    }
    return added(sums);
  }

  #forgetFiles(): void {
    this.#paths.clear();
    this.#files = [];
    this.#knownFiles.clear();
  }

  #forgetClients(): void {
    this.#agents.clear();
    this.#clients = [];
    if (this.#days.size > 0) return;
    this.#knownClients.clear();
    this.#knownAgents.clear();
  }
}

/** The sums with those of the same name put together. */
function added(sums: readonly Sum[]): Sum[] {
  const byName = new Map<string, Sum>();
  for (const sum of sums) {
    const key = `${sum.kind} ${sum.name}`;
    const { count = 0, bytes = 0 } = byName.get(key) ?? {};
    byName.set(key, { ...sum, count: sum.count + count, bytes: sum.bytes + bytes });
  }
  return [...byName.values()];
}
