/** Facts about mirrors in every state that the pages have to show. */
import { projectName } from '../../src/core/names.ts';
import { pathByHash } from '../../src/core/paths.ts';
import type { StoreUsage } from '../../src/core/store-usage.ts';
import type { SiteFacts } from '../../src/site/site-facts.ts';
import type { KeptParked, Obstacle } from '../../src/state/queue.ts';
import type { Removal } from '../../src/state/removal-log.ts';
import type { DayRecord, RunRecord } from '../../src/state/run-history.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const tib = 2 ** 40;

/** The time as of which the facts are right. */
export const now = Date.UTC(2026, 10, 29, 9, 42);

/** Returns the project called `text`. */
export function named(text: string): ReturnType<typeof projectName> & string {
  const name = projectName(text);
  if (name === undefined) throw new Error(`${text} is no name`);
  return name;
}

/** Returns runs every quarter of an hour until `until`, the latest first; `outcome` tells how each one ended. */
export function runsUntil(
  until: number,
  count: number,
  outcome: (at: number) => Partial<RunRecord> = () => ({}),
): RunRecord[] {
  return Array.from({ length: count }, (_, at) => {
    const startedMs = until - at * 15 * minuteMs - 4 * minuteMs;
    const published = 20 + ((at * 7) % 31);
    const took = (30 + ((at * 37) % 160)) * 1000;
    const results = {
      serial: 27_000_000 - at * 180,
      completedAt: startedMs,
      queued: 2,
      parked: 2,
      published,
      removed: at % 9 === 0 ? 1 : 0,
    };
    return {
      startedMs,
      finishedMs: startedMs + took,
      exitCode: 0,
      summary: `${published} projects published, ${published * 3} files copied (${published * 4} MiB) in ${took / 1000} s.`,
      results: { ...results, files: published * 3, bytes: published * 4 * 2 ** 20 },
      ...outcome(at),
    };
  });
}

/** Returns `count` days of a growing mirror, the oldest first. */
export function daysUntil(until: number, count: number): DayRecord[] {
  const today = Math.floor(until / dayMs);
  return Array.from({ length: count }, (_, at) => {
    const left = count - 1 - at;
    return {
      day: (today - left) * dayMs,
      projects: Math.round(883_000 - left * 210 - (left % 7) * 20),
      files: 17_400_000 - left * 11_000,
      bytes: Math.round(41 * tib - left * 0.028 * tib - (left > 200 ? 3 * tib : 0)),
      runs: 96,
      failedRuns: at % 17 === 0 ? 3 : 0,
      published: 3000,
      removed: 20,
      fetchedFiles: 11_000,
      fetchedBytes: 0.028 * tib,
    };
  });
}

/** Returns `count` parked projects. */
export function parked(count: number, obstacle: Obstacle, reason: (name: string) => string): KeptParked[] {
  return Array.from({ length: Math.min(count, 50) }, (_, at) => {
    const name = named(`project-${String(at).padStart(3, '0')}`);
    const since = now - (50 - at) * hourMs;
    const due = {
      name,
      displayName: name,
      serial: 1,
      isRemovedUpstream: false,
      obstacle,
      since,
      attempts: 3 + (at % 5),
    };
    return { due, obstacle, reason: reason(name), nextTry: now + ((at * 7) % 90) * minuteMs };
  });
}

function removals(count: number): Removal[] {
  return Array.from({ length: count }, (_, at) => {
    const project = named(['requests-toolbox', 'fast-colors', 'py-crypto-miner', 'data-frames'][at % 4] ?? 'x');
    const path =
      at % 3 === 0
        ? undefined
        : pathByHash('ab'.repeat(32), `${project.replaceAll('-', '_')}-1.${at}.0-py3-none-any.whl`);
    const why =
      (['removed upstream', 'quarantined upstream', '/etc/pypi/mirror.toml:12 (deny)'] as const)[at % 3] ?? '';
    return { project, path, sha256: undefined, at: now - at * 5 * hourMs, why };
  });
}

function storeUsage(factor: number): StoreUsage {
  const requests = { put: 120 * factor + 2, head: factor, delete: 0 };
  return { requests, bytesSent: 3e9 * factor + 34_000, bytesReceived: 900 * factor, retries: factor };
}

/** A mirror of everything with a year of history, which is well. */
export const allWell: SiteFacts = {
  now,
  settings: {
    upstream: 'https://pypi.org',
    baseUrl: 'https://pypi.example.org',
    indexOnly: false,
    keepRemoved: false,
    trashDays: 30,
    legacyJson: false,
    provenance: 'verify',
    provenancePolicy: 'warn',
  },
  policy: undefined,
  isConfigKnown: true,
  damagedShares: [],
  hooksFailSince: undefined,
  totals: { projects: 883_000, files: 17_400_000, bytes: 41 * tib, queued: 3, parked: 2, heldBack: 0 },
  serial: 27_000_000,
  serialMovedAt: now - 5 * minuteMs,
  serialsBehind: 0,
  completedAt: now - 4 * minuteMs,
  runningSince: undefined,
  pausedAt: undefined,
  runs: runsUntil(now, 1000, (at) => (at % 41 === 40 ? { exitCode: 1 } : {})),
  days: daysUntil(now, 365),
  room: { size: 60 * tib, free: 18 * tib, inodes: { all: 400_000_000, free: 330_000_000 } },
  parkedByObstacle: new Map([['stale', 2]]),
  parked: parked(2, 'stale', () => 'its page has serial 26999100, the changelog promises 26999874'),
  heldBack: [],
  removals: removals(20),
  rejectedFiles: 12,
  unsatisfied: 0,
  alarms: [],
  lastCheck: {
    startedMs: now - 9 * hourMs,
    finishedMs: now - 7 * hourMs,
    exitCode: 0,
    projects: 29_000,
    files: 580_000,
    bytes: tib,
    findings: 0,
    share: { number: 12, of: 30 },
  },
};

/** The first minute of a first run: nothing is known but that it is at work. */
export const firstMinute: SiteFacts = {
  ...allWell,
  settings: { ...allWell.settings, baseUrl: undefined, provenance: 'store' },
  totals: { projects: 12, files: 340, bytes: 2 ** 28, queued: 882_988, parked: 0, heldBack: 0 },
  completedAt: undefined,
  runningSince: now - 50_000,
  serialMovedAt: now - 20_000,
  runs: [],
  days: daysUntil(now, 1),
  parkedByObstacle: new Map(),
  ...{ parked: [], removals: [], rejectedFiles: 0, lastCheck: undefined },
};

const failingFrom = now - 3 * dayMs;

/** Upstream has not answered for three days. */
export const failing: SiteFacts = {
  ...allWell,
  completedAt: failingFrom,
  runs: [
    ...runsUntil(now, 288, () => ({
      exitCode: 3,
      summary: '0 projects published, 0 files copied (0 B) in 2 min 04 s.',
    })).map((run) => ({
      ...run,
      results: {
        serial: 26_990_000,
        completedAt: failingFrom,
        queued: 2,
        parked: 2,
        published: 0,
        removed: 0,
        files: 0,
        bytes: 0,
      },
    })),
    ...runsUntil(failingFrom, 700),
  ],
};

/** Forty deletions are held back. */
export const deletionsHeldBack: SiteFacts = {
  ...allWell,
  totals: { ...allWell.totals, queued: 43, parked: 42, heldBack: 40 },
  heldBack: [...parked(30, 'removal-held-back', () => ''), ...parked(10, 'held-back', () => '')],
  runs: runsUntil(now, 1000, (at) => (at < 12 ? { exitCode: 5 } : {})),
};

/** Five hundred projects are parked. */
export const manyParked: SiteFacts = {
  ...allWell,
  totals: { ...allWell.totals, projects: 40_000, queued: 512, parked: 500 },
  parkedByObstacle: new Map([
    ['failed', 420],
    ['stale', 60],
    ['absent', 20],
  ]),
  parked: parked(
    500,
    'failed',
    (name) =>
      `${name}: https://files.pythonhosted.org/packages/ab/cd/${'e'.repeat(60)}/${name}-1.0.tar.gz: expected sha256 ${'0'.repeat(64)}, found ${'1'.repeat(64)}`,
  ),
  runs: runsUntil(now, 1000, (at) => (at < 30 ? { exitCode: 1 } : {})),
};

/** The disk is nearly full, and alarms were reported. */
export const diskNearlyFull: SiteFacts = {
  ...allWell,
  room: { size: 42 * tib, free: 0.3 * tib, inodes: { all: 400_000_000, free: 9_000_000 } },
  parkedByObstacle: new Map([['no-room', 17]]),
  parked: parked(17, 'no-room', () => 'needs 12 GiB more: the disk has 0 B free beyond the reserve of 1.0 GiB'),
  totals: { ...allWell.totals, queued: 18, parked: 17 },
  alarms: [
    {
      message: '/var/pypi/web/simple/foo/index.html: is a folder, and is left alone',
      since: now - 5 * dayMs,
      last: now - hourMs,
    },
  ],
};

/** The last check found damage. */
export const damageFound: SiteFacts = {
  ...allWell,
  lastCheck: {
    startedMs: now - 9 * hourMs,
    finishedMs: now - 7 * hourMs,
    exitCode: 1,
    projects: 883_000,
    files: 17_400_000,
    bytes: tib,
    findings: 14,
  },
};

/** The files are in an object store. */
export const inObjectStore: SiteFacts = {
  ...allWell,
  runs: allWell.runs.map((run, at) => ({
    ...run,
    ...(run.results && { results: { ...run.results, store: storeUsage(at % 7) } }),
  })),
  days: allWell.days.map((day, at) => ({ ...day, ...(at > 300 && { store: storeUsage(1000) }) })),
};

/** All of these states by name. */
export const states = {
  firstMinute,
  allWell,
  failing,
  deletionsHeldBack,
  manyParked,
  diskNearlyFull,
  damageFound,
  inObjectStore,
};

/** Text that would change the title of a page, if it were taken for markup. */
export const hostileText = `"'><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u202e&lt;b>`;

/** A mirror that everybody outside has sent markup. */
export const hostileFacts: SiteFacts = {
  ...manyParked,
  heldBack: parked(2, 'held-back', () => hostileText),
  totals: { ...manyParked.totals, heldBack: 2 },
  parked: parked(50, 'failed', () => hostileText),
  removals: removals(3).map((removal) => ({ ...removal, why: hostileText })),
  runs: runsUntil(now, 20, () => ({ summary: hostileText, exitCode: 1 })),
  alarms: [{ message: hostileText, since: now, last: now }],
};
