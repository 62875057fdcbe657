/** Wants that upstream cannot satisfy, or for which the rules leave nothing. */
import type { SimplePage } from '../formats/simple/simple-json.ts';
import { parseDistributionName } from '../packaging/distribution-name.ts';
import { contains } from '../packaging/specifier.ts';
import { parseVersion } from '../packaging/version.ts';
import type { FileDecisions } from './plan-files.ts';
import type { ProjectDecision } from './project-decision.ts';
import { explainReason } from './render-reason.ts';
import type { Want } from './want.ts';

/** A want for which nothing is held. */
export interface UnsatisfiedWant {
  /** The {@link wantKey} of the want. */
  readonly key: string;
  /** The reason, for people. */
  readonly why: string;
}

/** The wants of a project for which nothing of its page is held. */
export interface Unsatisfied {
  readonly wants: readonly UnsatisfiedWant[];
  /** True if upstream has nothing that is wanted, so that its other files are of no use here. */
  readonly isAll: boolean;
}

export const allSatisfied: Unsatisfied = { wants: [], isAll: false };

/** Limits what is stored: old releases of other projects may want hundreds of versions that are gone. */
const maxRemembered = 50;

/** Returns a key for what is wanted, the same for all who want it. */
export function wantKey({ specifier, sha256s }: Want): string {
  return [specifier.text, ...sha256s].join(' ');
}

/** Returns the unsatisfied wants of `decision`. `plan` is the plan for `page`. */
export function unsatisfiedWants(
  { name, hold, wants }: ProjectDecision,
  page: SimplePage,
  plan: FileDecisions,
): Unsatisfied {
  if (hold !== 'files' || page.status === 'quarantined') return allSatisfied;
  const versions = plan.files.map(({ file }) => parseDistributionName(file.filename, name)?.version ?? '');
  const parsed = new Map(versions.map((text) => [text, parseVersion(text) ?? text]));
  const found = new Map<string, UnsatisfiedWant>();
  let absent = 0;
  for (const want of wants) {
    const { specifier, sha256s } = want;
    const isAny = specifier.clauses.length + sha256s.length === 0;
    if (isAny && page.files.length === 0) continue;
    const allowed = plan.files.filter((_, at) => contains(specifier, parsed.get(versions[at] ?? '') ?? ''));
    const listed = sha256s.length === 0 ? allowed : plan.files.filter(({ file }) => hasOneOf(sha256s, file.sha256));
    if (listed.some((file) => file.hold)) continue;
    if (listed.length === 0) absent += 1;
    const because = listed[0]?.because;
    const why =
      because !== undefined
        ? `nothing of it is held: ${explainReason(because)}`
        : allowed.length > 0
          ? 'upstream has no file of it with a sha256 that is pinned'
          : 'upstream has no such version';
    found.set(wantKey(want), { key: wantKey(want), why });
  }
  const isAll = wants.length > 0 && absent === wants.length;
  return { wants: [...found.values()].slice(0, maxRemembered), isAll };
}

function hasOneOf(sha256s: readonly string[], sha256: string | undefined): boolean {
  return sha256 !== undefined && sha256s.includes(sha256);
}
