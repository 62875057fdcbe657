/**
 * Reads what upstream's changelog said of a project. All of its rows count: a later row does not make an earlier one
 * untrue.
 */

import type { ProjectName } from '../../core/names.ts';
import { filenameOf } from '../../core/paths.ts';
import { parseDistributionName } from '../../packaging/distribution-name.ts';
import { compareVersions, parseVersion } from '../../packaging/version.ts';
import { type ChangelogEntry, notListed } from '../../state/changelog-entries.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { Mirror } from '../mirror.ts';

/** The conclusions from the changelog rows of a project. */
export interface ChangelogStatus {
  /** The serial of the last removal. A page with a lower serial is older than the removal. */
  readonly removedAt: number | undefined;
  /** True if a list of projects that is newer than the removal lacks the project. */
  readonly isUnlisted: boolean;
  /** True if the project, or a release of it, is in quarantine. */
  readonly hasQuarantine: boolean;
  /** True if the whole project is in quarantine. */
  readonly isQuarantined: boolean;
  /** Returns true if a file that upstream no longer lists is gone because of a quarantine. */
  isQuarantinedFile(file: HeldFile): boolean;
}

/**
 * Returns the changelog status of `name`. Only the upstream has a changelog, so a project of another index has no rows.
 */
export function changelogStatusFor(
  { state, selection }: Pick<Mirror, 'state' | 'selection'>,
  name: ProjectName,
): ChangelogStatus {
  return changelogStatusOf(name, selection.sourceOf(name) === undefined ? state.changelog.of(name) : []);
}

/** Returns the changelog status that follows from the rows of `name`, which are ordered from oldest to newest. */
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

/** Returns true if the project is gone after `rows`. `wasGone` tells whether it was gone before them. */
export function isGoneAfter(rows: readonly ChangelogEntry[], wasGone: boolean): boolean {
  let isGone = wasGone;
  for (const { action } of rows) {
    if (action === 'remove project') isGone = true;
    else if (action !== undefined && creationAction.test(action)) isGone = false;
  }
  return isGone;
}

/** Returns true if `rows` tell that a part of a project, or all of it, was quarantined, yanked or removed. */
export function announcesLoss(rows: readonly ChangelogEntry[]): boolean {
  return rows.some(({ action = '' }) => /quarantined$|^(?:yank|remove) /.test(action));
}

/** The actions that prove that a project exists. Changes of roles prove nothing: they occur at a removal, too. */
const creationAction = /^(?:create|new release|add \S+ file .+)$/;

/** Returns true if the file may be of one of `releases`. A file whose name tells no version may be of any release. */
function isOf(releases: readonly string[], filename: string, name: ProjectName): boolean {
  const version = parseDistributionName(filename, name)?.version;
  return (
    version === undefined || parseVersion(version) === undefined || releases.some((other) => isSame(other, version))
  );
}

/** Returns true if two versions name the same release, as 1.0 and 1.0.0 do. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [parseVersion(one), parseVersion(other)];
  return left === undefined || right === undefined ? one === other : compareVersions(left, right) === 0;
}
