/**
 * What is made of the provenance of files (PEP 740). Where it is verified, a held file has a verdict: it is given once
 * while it is good, and again each time the project is looked at while it is not.
 */
import type { ProjectName } from '../../../core/names.ts';
import { filenameOf, sidecarPath } from '../../../core/paths.ts';
import type { ProvenanceVerifier } from '../../../provenance/provenance-verifier.ts';
import type { HeldFile, HeldProject } from '../../../state/held-projects.ts';
import type { ProvenanceProblem, Verdict } from '../../../state/provenance-records.ts';
import type { Mirror } from '../../mirror.ts';
import type { PlannedFile, ProjectPlan } from './plan-project.ts';

/** What is to be done with the provenance of one file. */
export interface FileProvenance extends ProvenanceResult {
  /** The object that is to be stored. */
  readonly body?: Buffer | undefined;
}

/** What is to be remembered and told of it. */
export interface ProvenanceResult {
  readonly verdict?: Verdict;
  /** True when upstream had an object until now. */
  readonly isLost?: boolean;
  /** Why the file does not prove where it is from, and whether it is not held for that. */
  readonly unproven?: ProvenanceProblem;
}

/** The plan with what is remembered of the provenance of its files. */
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

/** A plan without what `provenance-policy` leaves out at once, and that. */
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

/** Whether there is nothing to be done for the provenance of a file that is held. */
export function isProvenanceSettled({ file, held }: PlannedFile, { settings }: Pick<Mirror, 'settings'>): boolean {
  if (settings.provenance === 'off') return true;
  if (settings.provenance === 'store') return file.provenance === undefined || held?.provenance === true;
  if (file.provenance !== undefined) return held?.verdict === 'verified';
  return held?.provenance !== true || held.verdict === 'lost';
}

/** Whether nothing of a project has to be judged, so that its page need not be looked at for that. */
export function isProvenanceChecked({ state, settings }: Mirror, name: ProjectName, { files }: HeldProject): boolean {
  if (settings.provenance !== 'verify') return true;
  const isUnchecked = ({ provenance, verdict }: HeldFile): boolean => provenance && verdict === undefined;
  return !files.some(isUnchecked) && state.provenance.problemsOf(name).length === 0;
}

/** Fetches the provenance of a file of the project `name` that is not settled, and judges it where that is wanted. */
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

/** Upstream has no provenance of the file, or none any more. */
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

/** Undefined when there is none now, or when it lies on a host that nothing is fetched from. */
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

/** The indexes, each opened for one run, of which it was told that they serve no provenance. */
const reportedOff = new WeakSet<Mirror['upstream']>();
