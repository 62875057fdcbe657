/**
 * Fetches and verifies the provenance of files (PEP 740). If it is verified, a held file has a verdict. A good verdict
 * is given once; any other is judged again each time the project is synced.
 */
import type { ProjectName } from '../../../core/names.ts';
import { filenameOf, sidecarPath } from '../../../core/paths.ts';
import type { ProvenanceVerifier } from '../../../provenance/provenance-verifier.ts';
import type { HeldFile, HeldProject } from '../../../state/held-projects.ts';
import type { ProvenanceProblem, Verdict } from '../../../state/provenance-records.ts';
import type { Mirror } from '../../mirror.ts';
import type { PlannedFile, ProjectPlan } from './plan-project.ts';

/** The result of fetching and judging the provenance of one file. */
export interface FileProvenance extends ProvenanceResult {
  /** The provenance object to store, if any. */
  readonly body?: Buffer | undefined;
}

/** The verdict to remember and the problems to report. */
export interface ProvenanceResult {
  readonly verdict?: Verdict;
  /** True if upstream had a provenance object until now. */
  readonly isLost?: boolean;
  /** The reason why the provenance proves no origin of the file, and whether the file is left out for that. */
  readonly unproven?: ProvenanceProblem;
}

/** Returns the plan with what the state remembers of the provenance of its files. */
export function withKnownProvenance({ state, settings }: Mirror, name: ProjectName, plan: ProjectPlan): ProjectPlan {
  if (settings.provenance !== 'verify') return plan;
  const leftOut = new Set(state.provenance.problemsOf(name).flatMap((file) => (file.leftOut ? [file.filename] : [])));
  const attested = new Set(plan.drop.filter(({ provenance }) => provenance).map(({ path }) => filenameOf(path)));
  const files = plan.files.map((file) => ({
    ...file,
    wasLeftOut: leftOut.has(file.file.filename),
    wasAttested: file.held?.provenance ?? attested.has(file.file.filename),
  }));
  return { ...plan, files };
}

/**
 * Returns the plan without the files that `provenance-policy` leaves out before anything is fetched, and these files.
 */
export function withoutUnattested(
  { settings: { provenance, provenancePolicy } }: Pick<Mirror, 'settings'>,
  plan: ProjectPlan,
): { readonly plan: ProjectPlan; readonly leftOut: readonly PlannedFile[] } {
  if (provenance !== 'verify' || provenancePolicy !== 'require') return { plan, leftOut: [] };
  const isAbsent = ({ file, held }: PlannedFile): boolean => file.provenance === undefined && held?.provenance !== true;
  const leftOut = plan.files.filter(isAbsent);
  const drop = [...plan.drop, ...leftOut.flatMap(({ held }) => held ?? [])];
  return { plan: { files: plan.files.filter((file) => !isAbsent(file)), drop }, leftOut };
}

/** Returns true if nothing is left to do for the provenance of a held file. */
export function isProvenanceSettled({ file, held }: PlannedFile, { settings }: Pick<Mirror, 'settings'>): boolean {
  if (settings.provenance === 'off') return true;
  if (settings.provenance === 'store') return file.provenance === undefined || held?.provenance === true;
  if (file.provenance !== undefined) return held?.verdict === 'verified';
  return held?.provenance !== true || held.verdict === 'lost';
}

/** Returns true if no file of a project needs a verdict, so that its page need not be read for that. */
export function isProvenanceChecked({ state, settings }: Mirror, name: ProjectName, { files }: HeldProject): boolean {
  if (settings.provenance !== 'verify') return true;
  const isUnchecked = ({ provenance, verdict }: HeldFile): boolean => provenance && verdict === undefined;
  return !files.some(isUnchecked) && state.provenance.problemsOf(name).length === 0;
}

/**
 * Fetches the provenance of a file of the project `name` unless it is settled, and verifies it if the settings want
 * that.
 */
export async function provenanceOf(mirror: Mirror, name: ProjectName, planned: PlannedFile): Promise<FileProvenance> {
  const { verifier } = mirror;
  const { held, file, wasAttested } = planned;
  if (isProvenanceSettled(planned, mirror)) {
    if (held?.verdict !== undefined) return { verdict: held.verdict };
    return { isLost: held === undefined && file.provenance === undefined && wasAttested === true };
  }
  if (verifier === undefined) return { body: await fetchProvenance(mirror, name, planned) };
  return verifyProvenance(mirror, verifier, name, planned);
}

async function verifyProvenance(
  mirror: Mirror,
  verifier: ProvenanceVerifier,
  name: ProjectName,
  planned: PlannedFile,
): Promise<FileProvenance> {
  const { file, held, sha256 } = planned;
  const isUnchecked = held?.provenance === true && held.verdict === undefined;
  const stored = isUnchecked ? await mirror.files.read(sidecarPath(held.path, 'provenance')) : undefined;
  const body = stored ?? (await fetchProvenance(mirror, name, planned));
  const verdict = body && verifier.verify(body, { filename: file.filename, sha256 });
  if (verdict?.outcome === 'failed')
    return { body, verdict: 'failed', unproven: unproven(mirror, planned, verdict.why) };
  if (body === undefined || file.provenance === undefined) return missingProvenance(mirror, planned);
  return { body: stored === undefined ? body : undefined, verdict: 'verified' };
}

/** Returns the result for a file of which upstream has no provenance, or none any more. */
function missingProvenance(
  { settings }: Mirror,
  { file: { filename }, held, wasAttested }: PlannedFile,
): FileProvenance {
  if (held?.provenance === true) return { verdict: 'lost', isLost: held.verdict !== 'lost' };
  const isLost = wasAttested === true;
  if (settings.provenancePolicy !== 'require') return { isLost };
  return {
    isLost,
    unproven: { filename, why: 'upstream does not have the provenance that it announces', leftOut: true },
  };
}

function unproven({ settings }: Mirror, { file: { filename } }: PlannedFile, why: string): ProvenanceProblem {
  return { filename, why: `its provenance failed: ${why}`, leftOut: settings.provenancePolicy !== 'warn' };
}

/**
 * Returns the provenance object, or undefined if there is none now or if it is on a host that nothing is fetched from.
 */
async function fetchProvenance(
  { upstream, report }: Mirror,
  name: ProjectName,
  { file }: PlannedFile,
): Promise<Buffer | undefined> {
  if (file.provenance === undefined || !URL.canParse(file.provenance)) return undefined;
  const url = new URL(file.provenance);
  const answer = upstream.allows(url) ? await upstream.sidecar(url, 'provenance', name) : undefined;
  if (answer !== 'off') return answer;
  if (!reportedOff.has(upstream)) {
    const message = `${url}: upstream serves no provenance now (403); files are held without it`;
    report({ type: 'warning', message });
  }
  reportedOff.add(upstream);
  return undefined;
}

/** The indexes, each opened for one run, for which it was already reported that they serve no provenance. */
const reportedOff = new WeakSet<Mirror['upstream']>();
