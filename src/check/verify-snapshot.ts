/**
 * Verifies that the tree is the one that was signed. All pages are read and compared with the hashes from which the
 * snapshot was made, and these with the snapshot. Runs may come and go meanwhile: the snapshot, and pages that seem
 * wrong, are inspected again while the lock of runs is held.
 */
import { NonsenseError } from '../core/errors.ts';
import { mapInOrder } from '../core/map-in-order.ts';
import { bucketsIn, groupCount } from '../core/merkle-tree.ts';
import { type ProjectName, projectName } from '../core/names.ts';
import { ownPath, type PageFile, pagePath, projectFolder, simpleRoot, type WebPath } from '../core/paths.ts';
import type { Verify } from '../core/signing.ts';
import { parseSignature, parseSnapshot, type Snapshot } from '../formats/mirror/snapshot.ts';
import { pageTree } from '../pages/page-merkle-tree.ts';
import { indexState, rootIndexIsDamaged } from '../state/mirror-state.ts';
import type { PageHashes } from '../state/page-hashes.ts';
import { withAddresses } from './addresses.ts';
import type { Finding } from './check-event.ts';
import type { CheckJob } from './check-job.ts';
import { expectStore, readOrFinding } from './read-or-finding.ts';
import { RunLock } from './run-lock.ts';
import { Yielder } from './yielder.ts';

const forms = [
  ['json', 'index.v1_json'],
  ['html', 'index.html'],
] as const satisfies readonly (readonly [keyof PageHashes, PageFile])[];

const [snapshotPath, signaturePath] = [ownPath('snapshot.json'), ownPath('snapshot.json.sig')];

/** Verifies the snapshot with the key in `verify`, and everything it covers. Throws StorageError or PausedError. */
export async function verifySnapshot(job: CheckJob, verify: Verify): Promise<void> {
  const { clock, signal, takeLock, objects } = job;
  const report = withAddresses(job.report, objects);
  // Each page is read once, so that a listing would save nothing.
  await verifyAll(
    { ...job, report, files: objects?.live ?? job.files },
    new RunLock(takeLock, clock, signal, report),
    verify,
  );
}

async function verifyAll(job: CheckJob, lock: RunLock, verify: Verify): Promise<void> {
  const { state, report } = job;
  report({ type: 'started', projects: state.totals().projects, done: 0 });
  const suspects = [...(await differingProjects(job)), ...(await unknownFolders(job))];
  const release = await lock.take();
  if (release === undefined) return report({ type: 'snapshot-unjudged' });
  try {
    for (const name of suspects) await verifyProject(job, name);
    await verifySnapshotFile(job, verify);
  } finally {
    release();
  }
}

async function differingProjects(job: CheckJob): Promise<ProjectName[]> {
  const pace = new Yielder(job.clock, job.signal);
  const suspects: ProjectName[] = [];
  for (let group = 0; group < groupCount; group += 1) {
    const projects = bucketsIn(group).flatMap((bucket) => job.state.pages.projectsIn(bucket));
    const looks = mapInOrder(projects, job.objects?.readers ?? 1, async ({ name, pages }) => {
      await pace.yieldIfDue();
      return { name, isRight: (await inspectProjectPages(job, name, pages)).length === 0 };
    });
    for await (const { name, isRight } of looks) {
      if (!isRight) suspects.push(name);
      job.report({ type: 'project-checked', name });
    }
  }
  return suspects;
}

/** Returns projects with pages that the state does not know. Since nobody signed these pages, they count as wrong. */
async function unknownFolders({ state, files }: CheckJob): Promise<ProjectName[]> {
  const unknown: ProjectName[] = [];
  for await (const { name, kind } of files.entries(simpleRoot)) {
    const project = kind === 'folder' ? projectName(name) : undefined;
    if (project !== undefined && project === name && !state.held.isPublished(project)) unknown.push(project);
  }
  return unknown;
}

/** Returns the findings about the pages of `name`. Pages without a known hash are only checked for presence. */
async function inspectProjectPages(job: CheckJob, name: ProjectName, pages: PageHashes): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [form, page] of forms) {
    const finding = await inspectPage(job, pagePath(page, name), pages[form], name);
    if (finding !== undefined) findings.push(finding);
  }
  return findings;
}

async function inspectPage(
  { files, report }: CheckJob,
  path: WebPath,
  expected: string | undefined,
  project: ProjectName | undefined,
): Promise<Finding | undefined> {
  const found = await readOrFinding(path, project, () =>
    files.digest(path, undefined, (piece) => report({ type: 'read', bytes: piece.length })),
  );
  if (found === undefined) return { kind: 'missing-page', path, project };
  if ('kind' in found) return found;
  if (expected === undefined || found.sha256 === expected) return undefined;
  return { kind: 'bad-page', path, project, expected, found: found.sha256 };
}

/** Inspects a project again while no run is in progress. */
async function verifyProject(job: CheckJob, name: ProjectName): Promise<void> {
  const { state, report } = job;
  // An interrupted run may have published a page without recording it.
  if (state.queue.entryOf(name) !== undefined) return report({ type: 'unjudged', projects: 1 });
  if (!state.held.project(name).published) {
    const path = projectFolder(name);
    if ((await job.files.stat(path)) === undefined) return;
    return report({ type: 'finding', finding: { kind: 'unknown-project', path, project: undefined } });
  }
  const findings = await inspectProjectPages(job, name, state.pages.hashesOf(name));
  await expectStore(job, findings);
  for (const finding of findings) report({ type: 'finding', finding });
  if (findings.every(({ kind }) => kind === 'unreadable')) return;
  state.queue.requeue(name, []);
  report({ type: 'queued', name });
}

async function verifySnapshotFile(job: CheckJob, verify: Verify): Promise<void> {
  const { report, files, state } = job;
  const wrong = (finding: Omit<Finding, 'project'>): void =>
    report({ type: 'finding', finding: { ...finding, project: undefined } });
  const body = await files.read(snapshotPath);
  if (body === undefined) return wrong({ kind: 'missing-snapshot', path: snapshotPath });
  const signature = parseSignature((await files.read(signaturePath)) ?? Buffer.alloc(0));
  if (signature === undefined || !verify(body, signature)) wrong({ kind: 'bad-signature', path: signaturePath });
  const snapshot = parsed(body);
  if (snapshot instanceof Error) return wrong({ kind: 'bad-snapshot', path: snapshotPath, found: snapshot.message });
  // Changes of an interrupted run are signed by the next run.
  if (isDue(job)) return report({ type: 'snapshot-unjudged' });
  for (const [form] of forms) {
    const root = pageTree(state.pages, form).root;
    if (root === snapshot.pages[form]) continue;
    wrong({
      kind: 'bad-snapshot',
      path: snapshotPath,
      expected: `${root} over the ${form} pages`,
      found: snapshot.pages[form],
    });
  }
  await verifyRootIndex(job, snapshot);
}

async function verifyRootIndex(job: CheckJob, { index }: Snapshot): Promise<void> {
  for (const [form, page] of forms) {
    const finding = await inspectPage(job, pagePath(page), index[form], undefined);
    if (finding === undefined) continue;
    job.report({ type: 'finding', finding });
    job.state.set(rootIndexIsDamaged);
    job.report({ type: 'queued', name: undefined });
  }
}

function parsed(body: Buffer): Snapshot | NonsenseError {
  try {
    return parseSnapshot(body, 'snapshot.json');
  } catch (error) {
    if (error instanceof NonsenseError) return error;
    throw error;
  }
}

function isDue({ state }: CheckJob): boolean {
  if (state.get(indexState).rootIndexDue === true || state.pages.unknown('json', undefined, 1).length > 0) return true;
  return forms.some(([form]) => state.pages.staleBuckets(form).length > 0);
}
