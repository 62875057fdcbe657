/** A synced mirror to be damaged and checked: real pages, files and state, and a clock that stands still. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { check } from '../../src/check/check.ts';
import type { CheckEvent, CheckReport } from '../../src/check/check-event.ts';
import type { CheckJob, CheckSettings } from '../../src/check/check-job.ts';
import { helperFor } from '../../src/check/help-check.ts';
import { textOf, todoText } from '../../src/cli/check/check-texts.ts';
import { CheckTotals } from '../../src/cli/check/check-totals.ts';
import type { FileStore } from '../../src/files/file-store.ts';
import { FilesystemFileStore } from '../../src/files/filesystem/filesystem-file-store.ts';
import { takeLock } from '../../src/state/sqlite/lock.ts';
import { SqliteStateStore } from '../../src/state/sqlite/sqlite-state-store.ts';
import { openTestMirror, type TestMirror } from '../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';

/** How a check differs from an ordinary one. */
export interface CheckOptions extends Partial<CheckSettings> {
  /** What the check sees instead of the real store. */
  readonly files?: (store: FileStore) => FileStore;
  /** Opens the files of a mirror in an object store. */
  readonly openObjects?:
    | ((local: FileStore, state: SqliteStateStore) => Pick<CheckJob, 'files' | 'objects'>)
    | undefined;
  /** True if something with a connection of its own helps, as the second thread of pep381checkfiles does. */
  readonly isHelped?: boolean;
  readonly signal?: AbortSignal;
  /** Sees each event as it happens. */
  readonly report?: CheckReport;
}

/** How a check ended. */
export interface Checked {
  /** What it said, with paths below `web/`; the words at the end included. */
  readonly lines: readonly string[];
  readonly exitCode: number;
  readonly events: readonly CheckEvent[];
  readonly tally: CheckTotals;
}

/**
 * Projects with everything that can be damaged: `many` has pages that are large enough for twins, and a wheel with
 * metadata and provenance beside it; `alpha` has one file and small pages.
 */
export function damageableIndex(): SampleIndex {
  const index = new SampleIndex();
  for (const version of ['1.0', '1.1', '1.2', '1.3']) index.publish(makeSdist({ name: 'many', version }));
  index.publish(makeWheel({ name: 'many', version: '2.0' }), { provenance: true });
  index.publish(makeSdist({ name: 'alpha', version: '1.0' }));
  index.publish(makeWheel({ name: 'beta', version: '1.0' }));
  return index;
}

/** A mirror of `index` that was synced once. */
export async function openSyncedMirror(t: Test, index: SampleIndex = damageableIndex()): Promise<TestMirror> {
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  return mirror;
}

/** Runs a check of `mirror` to its end. Rejects as the check does. */
export async function runCheck(mirror: TestMirror, options: CheckOptions = {}): Promise<Checked> {
  const {
    files: wrap = (store) => store,
    signal = new AbortController().signal,
    report,
    openObjects,
    isHelped = false,
    ...given
  } = options;
  const { target, clock } = mirror;
  const settings = { quick: false, subset: undefined, repair: false, deleteUnreferenced: false, ...given };
  const tally = new CheckTotals();
  const events: CheckEvent[] = [];
  const state = new SqliteStateStore(join(target, 'state.db'), clock);
  const local = wrap(new FilesystemFileStore(target, clock));
  const opened = openObjects?.(local, state) ?? { files: local };
  const helping = isHelped ? new SqliteStateStore(join(target, 'state.db'), clock, { readOnly: true }) : undefined;
  try {
    const job = { files: local, clock, signal, takeLock: () => takeLock(lockOf(target)), settings };
    await check({
      helper: helping && helperFor({ ...job, state: helping, report: () => {} }),
      ...job,
      state,
      ...opened,
      report: (event) => {
        tally.count(event);
        events.push(event);
        report?.(event);
      },
    });
  } finally {
    opened.objects?.close();
    state.close();
    helping?.close();
  }
  const lines = events.map((event) => textOf(event, target)).filter((line) => line !== undefined);
  if (tally.queued > 0) lines.push(todoText);
  return { lines: lines.map((line) => line.replaceAll(`${target}/web/`, '')), exitCode: tally.exitCode, events, tally };
}

/** The lock of sync runs on `target`. */
export function lockOf(target: string): string {
  return join(target, 'lock.db');
}

/** The names of the queued projects. */
export function queuedIn(mirror: TestMirror): string[] {
  return mirror.remembered((state) =>
    state.queue.due(mirror.clock.now(), false, undefined, 100).map(({ name }) => name),
  );
}

/** Changes one byte in the middle of the file at `path`, and leaves its size as it is. */
export function flipByte(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
