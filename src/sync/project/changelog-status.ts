/** What upstream's changelog said of a project. All of its rows count: a later one does not make an earlier one untrue. */

import type { ProjectName } from '../../core/names.ts';
import { filenameOf } from '../../core/paths.ts';
import { parseDistributionName } from '../../packaging/distribution-name.ts';
import { compareVersions, parseVersion } from '../../packaging/version.ts';
import { type ChangelogEntry, notListed } from '../../state/changelog-entries.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { Mirror } from '../mirror.ts';

/** What follows from the rows. */
export interface ChangelogStatus {
  /** The serial of the last removal: a page below it is older than that. */
  readonly removedAt: number | undefined;
  /** True when a list of projects that is newer than the removal lacks the project. */
  readonly isUnlisted: boolean;
  /** True when the project, or a release of it, was put in quarantine, and not taken out of it. */
  readonly hasQuarantine: boolean;
  /** True when the whole project was. */
  readonly isQuarantined: boolean;
  /** Whether a file that upstream lists no more is gone because of that. */
  isQuarantinedFile(file: HeldFile): boolean;
}

/** What the changelog of the index that `name` comes from says: of the upstream only, as no other one tells any. */
export function changelogStatusFor(
  { state, selection }: Pick<Mirror, 'state' | 'selection'>,
  name: ProjectName,
): ChangelogStatus {
  return changelogStatusOf(name, selection.sourceOf(name) === undefined ? state.changelog.of(name) : []);
}

/** Reads the rows of `name`, the oldest first. */
export function changelogStatusOf(name: ProjectName, rows: readonly ChangelogEntry[]): ChangelogStatus {
  let removedAt: number | undefined;
  let isUnlisted = false;
  let isQuarantined = false;
  let releases: string[] = [];
  for (const { action, version, serial } of rows) {
    if (action === 'remove project') [removedAt, isUnlisted] = [serial, false];
    else if (action === notListed) isUnlisted = removedAt !== undefined;
    else if (action !== undefined && creationAction.test(action)) isUnlisted = false;
    else if (action === 'project quarantined') isQuarantined = true;
    else if (action === 'project quarantine cleared') isQuarantined = false;
    else if (action === 'release quarantined') releases.push(version ?? '');
    else if (action === 'release quarantine cleared')
      releases = releases.filter((other) => !isSame(other, version ?? ''));
  }
  return {
    removedAt,
    isUnlisted,
    hasQuarantine: isQuarantined || releases.length > 0,
    isQuarantined,
    isQuarantinedFile: ({ path }) => isQuarantined || (releases.length > 0 && isOf(releases, filenameOf(path), name)),
  };
}

/** Whether the project is gone after `rows`, which follow a time at which it `wasGone` or not. */
export function isGoneAfter(rows: readonly ChangelogEntry[], wasGone: boolean): boolean {
  let isGone = wasGone;
  for (const { action } of rows) {
    if (action === 'remove project') isGone = true;
    else if (action !== undefined && creationAction.test(action)) isGone = false;
  }
  return isGone;
}

/** Whether `rows` tell that something of a project is hidden, withdrawn or removed. */
export function announcesLoss(rows: readonly ChangelogEntry[]): boolean {
  return rows.some(({ action = '' }) => /quarantined$|^(?:yank|remove) /.test(action));
}

/** What only a project that exists can have; roles change when it goes, too. */
const creationAction = /^(?:create|new release|add \S+ file .+)$/;

/** A file whose name tells no version may be of any release. */
function isOf(releases: readonly string[], filename: string, name: ProjectName): boolean {
  const version = parseDistributionName(filename, name)?.version;
  return (
    version === undefined || parseVersion(version) === undefined || releases.some((other) => isSame(other, version))
  );
}

/** 1.0 and 1.0.0 are one release. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [parseVersion(one), parseVersion(other)];
  return left === undefined || right === undefined ? one === other : compareVersions(left, right) === 0;
}
