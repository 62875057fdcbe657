/** Chooses which files of a page are held, and how the others appear on our page. */
import { sha256Hex } from '../../../core/hash.ts';
import type { ProjectName } from '../../../core/names.ts';
import type { PublishedFile, SimpleFile, SimplePage } from '../../../formats/simple/simple-json.ts';
import { parseDistributionName } from '../../../packaging/distribution-name.ts';
import { parseVersion } from '../../../packaging/version.ts';
import { planFiles } from '../../../policy/plan-files.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { ProjectDecision } from '../../../policy/project-decision.ts';
import { requiredSdists } from '../../../policy/required-sdists.ts';
import { allSatisfied, type Unsatisfied, unsatisfiedWants } from '../../../policy/unsatisfied.ts';
import type { Mirror } from '../../mirror.ts';
import { type Allows, linkOf } from '../files/plan-project.ts';
import type { SourcePage } from './cached-page.ts';

export interface ChosenFiles {
  /** The files to hold, in the order of the page. */
  readonly wanted: readonly SimpleFile[];
  /** True if the other files are linked to upstream. */
  readonly linked: boolean;
  /** True if there are other files and our page does not list them. */
  readonly hidden: boolean;
  readonly unsatisfied: Unsatisfied;
  /** Milliseconds since 1970 at which time alone changes the choice. */
  readonly nextChange: number | undefined;
}

/** Chooses the files of `page` by `decision`. Without a decision all files are held. */
export function chooseFiles(
  { selection: { policy }, clock }: Pick<Mirror, 'selection' | 'clock'>,
  decision: ProjectDecision | undefined,
  page: SimplePage,
): ChosenFiles {
  if (policy === undefined || decision === undefined) {
    return { wanted: page.files, linked: false, hidden: false, unsatisfied: allSatisfied, nextChange: undefined };
  }
  const plan = planFiles(policy, decision, page, clock.now());
  const { files, nextChange } = plan;
  const wanted = files.flatMap(({ file, hold }) => (hold ? [file] : []));
  const isShown = page.status !== 'quarantined' && (decision.hold === 'pages-only' || policy.unmirrored === 'upstream');
  const hidden = !isShown && wanted.length < page.files.length;
  return { wanted, linked: isShown, hidden, unsatisfied: unsatisfiedWants(decision, page, plan), nextChange };
}

/**
 * Returns the result digest of a choice. For the same page of upstream, an equal digest means equal files and an equal
 * page of ours.
 */
export function resultDigestOf({ wanted, linked, hidden }: ChosenFiles, policy: Policy, name: ProjectName): string {
  const filenames = wanted.map(({ filename }) => filename);
  // If dependencies count, the requirements of the files were recorded, too.
  const sdists = policy.dependencies && [...requiredSdists(policy, name, filenames)];
  const what = [linked, hidden, sdists, filenames];
  return sha256Hex(Buffer.from(JSON.stringify(what))).slice(0, 32);
}

/**
 * Returns our version of the page that came from `url`, and its links. `own` has our files by name, and `kept` has
 * further entries of ours. A file that our page may not link to is left out.
 */
export function linkedPage(
  { page, url }: SourcePage,
  own: ReadonlyMap<string, PublishedFile>,
  { linked, hidden }: Pick<ChosenFiles, 'linked' | 'hidden'>,
  allows: Allows,
  kept: readonly PublishedFile[] = [],
): { shown: SimplePage; published: PublishedFile[] } {
  const published = page.files.flatMap((file) => {
    const here = own.get(file.filename);
    if (here !== undefined || !linked) return here ?? [];
    const link = linkOf(file, url, allows);
    return link instanceof URL ? upstreamLink(file, link) : [];
  });
  for (const file of kept) published.push(file);
  return { shown: hidden ? withVersionsOf(page, published) : page, published };
}

function upstreamLink(file: SimpleFile, url: URL): PublishedFile {
  const { metadataSha256, provenance } = file;
  return { file, url: url.href, metadataSha256, provenance };
}

/**
 * Returns the page with the versions of the published files only. A page must name all versions that it has files of
 * (PEP 700).
 */
function withVersionsOf(page: SimplePage, published: readonly PublishedFile[]): SimplePage {
  const { versions } = page.json;
  if (!Array.isArray(versions)) return page;
  const listed = new Set(published.map(({ file }) => normalVersion(file.filename, page.name as ProjectName)));
  const kept = versions.filter((version) => typeof version !== 'string' || listed.has(normal(version)));
  const known = new Set(kept.map((version) => (typeof version === 'string' ? normal(version) : undefined)));
  const missing = [...listed].filter((version) => version !== undefined && !known.has(version));
  return { ...page, json: { ...page.json, versions: [...kept, ...missing] } };
}

function normalVersion(filename: string, project: ProjectName): string | undefined {
  const version = parseDistributionName(filename, project)?.version;
  return version && normal(version);
}

function normal(version: string): string {
  return parseVersion(version)?.text ?? version;
}
