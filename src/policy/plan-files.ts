/** Decides which files of a project the mirror holds. */
import type { SimpleFile, SimplePage } from '../formats/simple/simple-json.ts';
import { candidatesOf, exclusionReason, inclusionReason } from './candidate-files.ts';
import { excludeBeyondSize, excludeNeedlessSdists, excludeUnfitting } from './file-rules.ts';
import { local, type Policy } from './policy.ts';
import type { ProjectDecision } from './project-decision.ts';
import type { Reason } from './reason.ts';
import {
  type AgeRules,
  excludeByAge,
  excludeOlder,
  excludePrereleases,
  excludeUnwanted,
  excludeYanked,
} from './release-rules.ts';
import { isRestricting } from './rule-traits.ts';

/** The decision about one file of a page, with its reason. */
export interface FileDecision {
  readonly file: SimpleFile;
  readonly hold: boolean;
  readonly because: Reason;
}

/** The decisions about all files of a page. */
export interface FileDecisions {
  /** In the order of the page. */
  readonly files: readonly FileDecision[];
  /**
   * Milliseconds since 1970. Until then the same page yields the same decisions. Undefined if they do not depend on
   * time.
   */
  readonly nextChange: number | undefined;
}

const quarantined: Reason = { where: undefined, text: 'quarantined by the index' };

/**
 * Decides about each file of `page` at the time `now`, in milliseconds since 1970. The order of the rules matters. Ages
 * come before prereleases, so that prereleases stay until the first final release is old enough. `max-size` and the
 * tags come before source distributions, so that these stay if a wheel is too large or does not fit. `keep` comes after
 * all of these, so that it counts only releases with a file left, and `max-project-size` last, so that it counts only
 * files that are held otherwise.
 */
export function planFiles(policy: Policy, decision: ProjectDecision, page: SimplePage, now: number): FileDecisions {
  if (decision.hold !== 'files') return planAll(page, decision.hold === local, decision.because);
  if (page.status === 'quarantined') return planAll(page, false, quarantined);
  if (!isRestricted(policy, decision)) return planAll(page, true, decision.because);
  const { releases, files } = policy;
  const candidates = candidatesOf(page, decision);
  excludeUnwanted(candidates, decision.because);
  excludeYanked(candidates, releases);
  const nextChange = excludeByAge(candidates, agesFor(policy, decision), now);
  excludePrereleases(candidates, releases);
  excludeUnfitting(candidates, files);
  excludeNeedlessSdists(candidates, files);
  excludeOlder(candidates, releases);
  excludeBeyondSize(candidates, files);
  const decided = candidates.files.map((candidate) => {
    const left = exclusionReason(candidate);
    const because = left ?? inclusionReason(candidate, decision.because);
    return { file: candidate.file, hold: left === undefined, because };
  });
  return { files: decided, nextChange };
}

function planAll(page: SimplePage, hold: boolean, because: Reason): FileDecisions {
  return { files: page.files.map((file) => ({ file, hold, because })), nextChange: undefined };
}

function agesFor({ releases }: Policy, { name }: ProjectDecision): AgeRules {
  const { minAgeMs, maxAgeMs, isMinAgeExempt } = releases;
  return { minAgeMs: minAgeMs === undefined || isMinAgeExempt(name) ? undefined : minAgeMs, maxAgeMs };
}

/** Returns false if every file is held. Most mirrors restrict nothing, and then file names need not be parsed. */
function isRestricted(policy: Policy, { wants }: ProjectDecision): boolean {
  if (!wants.some(({ specifier, sha256s }) => specifier.clauses.length + sha256s.length === 0)) return true;
  return isRestricting(policy);
}
