/** Runs `--prefetch`. A part of its own: few mirrors are filled by several machines. */
import { hostname } from 'node:os';
import { plural } from '../../core/counts.ts';
import { minuteMs } from '../../core/durations.ts';
import { MirrorError, PausedError } from '../../core/errors.ts';
import { showBytes } from '../../core/show-bytes.ts';
import type { Mirror } from '../../sync/mirror.ts';
import { type PrefetchShare, prefetchShare } from '../../sync/prefetch.ts';
import { announce, type Lines } from '../output/lines.ts';
import { isoTime, showSeconds } from '../output/units.ts';
import { exitCodes } from '../program/exit-codes.ts';
import type { PauseRequest } from '../program/signals.ts';

/**
 * Milliseconds after which the mark is put again. The machine that publishes removes one that is older than an hour,
 * when it has adopted all.
 */
const markedEachMs = 10 * minuteMs;

export interface RunPrefetch {
  readonly mirror: Mirror;
  readonly bucket: MarkedBucket;
  readonly share: PrefetchShare;
  readonly quiet: boolean;
  readonly settings: { readonly logFormat: 'text' | 'json' };
  readonly pause: PauseRequest;
  readonly lines: Lines;
  readonly totals: { readonly files: number; readonly bytes: number };
  /** Removes the display. */
  end(): void;
}

interface MarkedBucket {
  put(key: string, body: Buffer, headers: { readonly contentType: string }): Promise<unknown>;
}

/** Fetches the share. Resolves with the exit code. Throws UnreachableError, StorageError. */
export async function runPrefetch(run: RunPrefetch): Promise<number> {
  const { mirror, share, quiet, settings, pause, lines, totals } = run;
  const { clock, files } = mirror;
  const startedMs = clock.now();
  const mark = async (): Promise<void> => {
    const body = JSON.stringify({ host: hostname(), share: `${share.number}/${share.of}`, at: isoTime(clock.now()) });
    const key = `prefetch/${share.number}-of-${share.of}`;
    await run.bucket.put(key, Buffer.from(body), { contentType: 'application/json' });
  };
  const summary = (): string =>
    `Fetched ${plural(totals.files, 'file')} (${showBytes(Math.max(0, totals.bytes))}) in ` +
    `${showSeconds((clock.now() - startedMs) / 1000)}`;
  const tell = (type: string, text: string): void => {
    if (!quiet) announce(settings, type, text);
  };
  // What the last one left that was killed.
  await files.tidy(false);
  await mark();
  // One that fails does no harm: the store tells of a failure that lasts.
  const marking = setInterval(() => void mark().catch(() => {}), markedEachMs).unref();
  try {
    const failed = await prefetchShare(mirror, share);
    await mark();
    run.end();
    tell('summary', `${summary()}. The next run of the machine that publishes adopts them.`);
    if (failed === 0) return exitCodes.ok;
    lines.err(`${plural(failed, 'project')} could not be fetched as a whole; the machine that publishes tries again`);
    return exitCodes.incomplete;
  } catch (error) {
    run.end();
    if (!(error instanceof PausedError) && !(error instanceof MirrorError && pause.signal.aborted)) throw error;
    tell('paused', `${summary()}. Paused; start it again to go on.`);
    return pause.exitCode();
  } finally {
    clearInterval(marking);
  }
}
