/** A target and its logs for a test of the statistics: real files, a real database, real bzip2. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { bzip2 } from '../../src/cli/logs/bzip2.ts';
import { FilesystemFileStore } from '../../src/files/filesystem/filesystem-file-store.ts';
import { decompressAll } from '../../src/files/logs/bzip2-blocks.ts';
import { LogFiles, type LogFilesOptions } from '../../src/files/logs/log-files.ts';
import { publishStatistics } from '../../src/site/statistics/publish-statistics.ts';
import { SqliteStatsStore } from '../../src/state/sqlite/sqlite-stats-store.ts';
import { processLogs } from '../../src/stats/process-logs.ts';
import type { StatsJob, StatsResult } from '../../src/stats/stats-job.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { provideState } from '../fixtures/new-state.ts';

interface Summary {
  readonly days: readonly { readonly day: string; readonly downloads: number; readonly bytes: number }[];
  readonly lines: { readonly read: number; readonly counted: number; readonly skipped: Record<string, number> };
  readonly [list: string]: unknown;
}

export class TestStats {
  readonly target: string;
  readonly folder: string;
  /** After all days that tests have logs of. */
  readonly clock = new FakeClock(Date.UTC(2027, 0, 1));
  readonly #options: LogFilesOptions;

  /** `options` say how logs are read. */
  constructor(t: { testdir(): string }, options: LogFilesOptions = {}) {
    this.#options = options;
    const root = t.testdir();
    this.target = join(root, 'target');
    this.folder = join(root, 'logs');
    mkdirSync(this.target);
    mkdirSync(this.folder);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a log, compressed by its name. */
  async write(name: string, text: string): Promise<void> {
    const bytes = Buffer.from(text, 'latin1');
    const packed = name.endsWith('.gz') ? gzipSync(bytes) : name.endsWith('.bz2') ? await bzip2.compress(bytes) : bytes;
    writeFileSync(this.path(name), packed);
  }

  text(name: string): string {
    const bytes = readFileSync(this.path(name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
  }

  remove(name: string): void {
    rmSync(this.path(name));
  }

  /** One run over the logs with these names; everything is opened anew. */
  async run(...names: readonly string[]): Promise<StatsResult> {
    const { job, close } = this.open();
    try {
      return await processLogs(
        names.map((name) => this.path(name)),
        job,
      );
    } finally {
      close();
    }
  }

  open(): { readonly job: StatsJob; close(): void } {
    const files = new FilesystemFileStore(this.target, new FakeClock(), 'staging-stats');
    files.create();
    const database = join(this.target, 'state.db');
    provideState(database);
    const state = new SqliteStatsStore(database);
    const unpack = (file: Buffer): Promise<Buffer> => decompressAll(file, bzip2.decompress);
    return {
      job: {
        logs: new LogFiles(bzip2, this.#options),
        ...{ state, files, bzip2, clock: this.clock, unpack },
        publishPages: async (statistics) => {
          await publishStatistics(files, statistics);
          return undefined;
        },
      },
      close: () => state.close(),
    };
  }

  /** The days that are published. */
  days(): string[] {
    return readdirSync(join(this.target, 'web/local-stats/days'))
      .map((name) => name.replace('.bz2', ''))
      .sort();
  }

  /** The lines of a published day. */
  async csv(day: string): Promise<string[]> {
    const file = readFileSync(join(this.target, 'web/local-stats/days', `${day}.bz2`));
    return (await decompressAll(file, bzip2.decompress)).toString('latin1').split('\r\n').slice(0, -1);
  }

  /** Downloads by published day. */
  async counts(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const day of this.days()) {
      counts[day] = (await this.csv(day)).reduce((sum, line) => sum + Number(line.split(',').at(-1)), 0);
    }
    return counts;
  }

  summary(): Summary {
    return JSON.parse(readFileSync(join(this.target, 'web/local-stats/summary.json'), 'utf8')) as Summary;
  }

  /** Everything that is published, byte for byte. */
  published(): Record<string, string> {
    const root = join(this.target, 'web/local-stats');
    const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));
    return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(root, name)).toString('base64')]));
  }
}
