/** Explains a project: the decision of the policy, what is held, and the state of each file. */
import { UsageError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import { pathOfOwnLink } from '../../core/paths.ts';
import type { SimpleFile, SimplePage } from '../../formats/simple/simple-json.ts';
import { parseDistributionName } from '../../packaging/distribution-name.ts';
import { parseVersion } from '../../packaging/version.ts';
import { type FileDecisions, planFiles } from '../../policy/plan-files.ts';
import { type Hold, local } from '../../policy/policy.ts';
import type { ProjectDecision } from '../../policy/project-decision.ts';
import type { Reason } from '../../policy/reason.ts';
import { unsatisfiedWants } from '../../policy/unsatisfied.ts';
import { missingState } from '../../state/mirror-state.ts';
import type { QueueEntry } from '../../state/queue.ts';
import { readCachedPage } from '../../sync/project/page/cached-page.ts';
import { unsatisfiedLinesOf } from '../../sync/requirements/report-unsatisfied.ts';
import { resolveDependencies, restoreDecision } from '../../sync/selection/dependencies.ts';
import { isoTime } from '../output/units.ts';
import type { Reader } from './open-reader.ts';
import { filesOf, type HeldPath, type WhyFile, withProvenance, withRejectedFiles } from './why-files.ts';

/** The project, release or file to explain. */
export interface Subject {
  readonly name: ProjectName;
  /** The version as typed. */
  readonly version: string | undefined;
  readonly filename: string | undefined;
}

/** Everything known about a project. Times are in ISO 8601. */
export interface Why {
  readonly project: ProjectName;
  /** False if the mirror has never had anything to do with it. */
  readonly known: boolean;
  readonly policy: {
    readonly hold: Hold;
    readonly because: Reason;
    /** The source if it is not the upstream: the address of another index, or 'local'. */
    readonly source?: string | undefined;
    /** Reasons of further wants for some of its releases. */
    readonly wants: readonly Reason[];
    /** The time at which ages alone change which files are held. */
    readonly nextChange: string | undefined;
  };
  /** The unsatisfied wants with their reasons. */
  readonly unmet: readonly string[];
  /** True if the policy wants it, and upstream did not have it or any of its wanted releases. */
  readonly missing: boolean;
  readonly published: boolean;
  readonly serial: number | undefined;
  /** The status by PEP 792. */
  readonly status: string | undefined;
  readonly queue: WhyQueued | undefined;
  /** True if upstream's page is cached. */
  readonly pageKnown: boolean;
  /** The files that match the subject. */
  readonly files: readonly WhyFile[];
}

/** A queued project. It is parked if `attempts` is not 0. */
export interface WhyQueued {
  readonly since: string;
  /** The lowest serial that its page may have; 0 if upstream gave none. */
  readonly serial: number;
  readonly removed: boolean;
  readonly attempts: number;
  readonly reason: string | undefined;
  readonly nextTry: string | undefined;
}

/** Receives one line for people. */
type Notice = (line: string) => void;

/** The number of published projects from which on resolving their dependencies takes long enough for a notice. */
export const minProjectsForNotice = 20_000;
const resolvingNotice =
  'mirror.toml or the mirror changed since the last complete run: following what all projects depend on';

const everything: Reason = { where: undefined, text: 'everything is held' };
const quarantined: Reason = { where: undefined, text: 'quarantined by the index' };

/** Reads `NAME`, `NAME==VERSION` or `NAME/FILENAME`. Throws UsageError. */
export function parseSubject(text: string): Subject {
  const [, written = '', version, filename] = /^([^=/]+)(?:==([^=/]+)|\/([^/]+))?$/.exec(text) ?? [];
  const name = projectName(written.trim());
  if (name !== undefined) return { name, version: version?.trim(), filename };
  throw new UsageError(`--why: expected NAME, NAME==VERSION or NAME/FILENAME, found ${JSON.stringify(text)}`);
}

/**
 * Explains `subject` from the mirror alone, without network. Calls `notice` before work that takes long. Throws
 * StorageError.
 */
export async function explain(reader: Reader, subject: Subject, notice: Notice = () => {}): Promise<Why> {
  const { state } = reader;
  const { name } = subject;
  const decision = decide(reader, name, notice);
  const [held, queued] = [state.held.project(name), state.queue.entryOf(name)];
  const page = (await readCachedPage(reader, name))?.page;
  const plan = page && planOf(reader, decision, page);
  const missing = state.get(missingState).missing?.includes(name) === true;
  const isLocal = decision?.hold === local;
  // Local files are not recorded in the state, so they are taken from the page.
  const here = isLocal ? (page?.files ?? []).map(pathOf) : held.files;
  const listed = filesOf(here, plan, !isLocal && reader.settings.indexOnly);
  const files = withRejectedFiles(withProvenance(reader, name, held.files, listed, page), state.rejectedFiles.of(name));
  return {
    project: name,
    known: held.published || held.files.length > 0 || queued !== undefined || missing,
    policy: policyOf(decision, plan),
    unmet: unsatisfiedOf(reader, decision, plan, page),
    missing,
    published: held.published,
    serial: held.serial,
    status: page?.status ?? held.status,
    queue: queued && queueOf(queued),
    pageKnown: page !== undefined,
    files: files.filter((file) => matchesSubject(subject, file)),
  };
}

/** Returns the unsatisfied wants by the cached page, or as the last run found them if there is none. */
function unsatisfiedOf(
  { state }: Reader,
  decision: ProjectDecision | undefined,
  plan: FileDecisions | undefined,
  page: SimplePage | undefined,
): string[] {
  if (decision === undefined) return [];
  const unsatisfied =
    plan && page ? unsatisfiedWants(decision, page, plan).wants : state.get(missingState).unmet?.[decision.name]?.wants;
  // Only wants that people have written count.
  const written = decision.wants.filter(({ because }) => because.where !== undefined);
  return unsatisfiedLinesOf(written, unsatisfied ?? []);
}

/**
 * Returns the decision for a project. Dependencies are resolved only if the last run did not store them, because that
 * takes seconds in large mirrors.
 */
function decide(reader: Reader, name: ProjectName, notice: Notice): ProjectDecision | undefined {
  const { selection, state } = reader;
  const own = selection.decide(name);
  if (own === undefined || state.plans.decisionKeyOf(name) === selection.decisionKeyOf(own)) return own;
  const known = restoreDecision(selection.policy, state, name);
  if (known !== undefined || selection.policy?.dependencies !== true) return known ?? own;
  if (state.totals().projects >= minProjectsForNotice) notice(resolvingNotice);
  return resolveDependencies(selection, state).decide(name);
}

/** Returns true if the mirror knows the subject. */
export function isFound({ version, filename }: Subject, { known, files }: Why): boolean {
  return known && (files.length > 0 || (version === undefined && filename === undefined));
}

function pathOf({ url, size = 0 }: SimpleFile): HeldPath {
  return { path: pathOfOwnLink(url), size };
}

function planOf({ selection, now }: Reader, decision: ProjectDecision | undefined, page: SimplePage): FileDecisions {
  const { policy } = selection;
  if (policy !== undefined && decision !== undefined) return planFiles(policy, decision, page, now());
  const hold = page.status !== 'quarantined';
  const because = hold ? everything : quarantined;
  return { files: page.files.map((file) => ({ file, hold, because })), nextChange: undefined };
}

function policyOf(decision: ProjectDecision | undefined, plan: FileDecisions | undefined): Why['policy'] {
  const nextChange = plan?.nextChange === undefined ? undefined : isoTime(plan.nextChange);
  if (decision === undefined) return { hold: 'files', because: everything, wants: [], nextChange };
  const { hold, because, wants, source } = decision;
  const key = ({ where, text }: Reason): string => `${where} ${text}`;
  const others = new Map(wants.map((want) => [key(want.because), want.because]));
  others.delete(key(because));
  return { hold, because, source, wants: [...others.values()], nextChange };
}

function queueOf({ since, serial, isRemovedUpstream: removed, attempts, reason, nextTry }: QueueEntry): WhyQueued {
  const isParked = attempts > 0 && nextTry !== undefined;
  return {
    since: isoTime(since),
    serial,
    removed,
    attempts,
    reason: attempts > 0 ? reason : undefined,
    nextTry: isParked ? isoTime(nextTry) : undefined,
  };
}

function matchesSubject({ name, version, filename }: Subject, file: WhyFile): boolean {
  if (filename !== undefined) return file.filename === filename;
  if (version === undefined) return true;
  const found = parseDistributionName(file.filename, name)?.version;
  return found !== undefined && normal(found) === normal(version);
}

function normal(version: string): string {
  return parseVersion(version)?.order ?? version;
}
