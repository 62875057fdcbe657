/** What the pages about the mirror show. Times are in milliseconds. */
import type { Room } from '../files/file-store.ts';
import type { Policy } from '../policy/policy.ts';
import type { AlarmRecord, CheckResult, DamagedShare } from '../state/program-results.ts';
import type { KeptParked, Obstacle } from '../state/queue.ts';
import type { Removal } from '../state/removal-log.ts';
import type { DayRecord, RunRecord } from '../state/run-history.ts';
import type { Totals } from '../state/state-store.ts';

/** The settings that readers of the pages are told. */
export interface SiteSettings {
  readonly upstream: string;
  readonly baseUrl: string | undefined;
  readonly indexOnly: boolean;
  readonly keepRemoved: boolean;
  readonly trashDays: number;
  readonly legacyJson: boolean;
  readonly provenance: 'store' | 'verify' | 'off';
  readonly provenancePolicy: 'warn' | 'refuse-failed' | 'require';
}

export interface SiteFacts {
  /** The time as of which all of this is right. */
  readonly now: number;
  readonly settings: SiteSettings;
  /** Undefined if everything is held. */
  readonly policy: Policy | undefined;
  /** False if `mirror.toml` was refused: what is said of the settings and of the policy is left out. */
  readonly isConfigKnown: boolean;
  readonly totals: Totals;
  readonly serial: number | undefined;
  readonly serialMovedAt: number | undefined;
  /** How many serials the first change that waits for its first try is behind `serial`. */
  readonly serialsBehind: number | undefined;
  /** The time at which the last complete run began; undefined if none was complete so far. */
  readonly completedAt: number | undefined;
  /** The time since which a run is at work. */
  readonly runningSince: number | undefined;
  /** The time at which the last run was paused, if it was. */
  readonly pausedAt: number | undefined;
  /** The latest first. */
  readonly runs: readonly RunRecord[];
  /** The oldest first. */
  readonly days: readonly DayRecord[];
  readonly room: Room;
  readonly parkedByObstacle: ReadonlyMap<Obstacle, number>;
  /** The projects parked longest, and those with deletions held back. */
  readonly parked: readonly KeptParked[];
  readonly heldBack: readonly KeptParked[];
  /** The latest first. */
  readonly removals: readonly Removal[];
  readonly rejectedFiles: number;
  /** The number of wants of the policy for which nothing is held. */
  readonly unsatisfied: number;
  /** The latest first. */
  readonly alarms: readonly AlarmRecord[];
  readonly lastCheck: CheckResult | undefined;
  /** The time since which hooks fail. */
  readonly hooksFailSince: number | undefined;
  /** What earlier checks found in shares that were not checked again since, the oldest first. */
  readonly damagedShares: readonly DamagedShare[];
}
