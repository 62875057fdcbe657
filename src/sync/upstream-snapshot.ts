/**
 * What upstream's signed snapshot (formats/snapshot.ts) is good for where its key is known.
 *
 *   before a run  it must be there, signed, and no older than one that was seen: else the run ends before it begins
 *   after it      where the list of projects is the one that it names, all pages that upstream served must be those
 *                 that it names
 *
 * While a run of upstream is at work its pages are newer than its snapshot. So pages that do not agree are fetched again
 * as soon as there is a newer snapshot, and only where they do not agree with that one either something is wrong. What
 * cannot be compared for a long time is wrong, too: somebody may hold back what does not suit him, or spoil one page to
 * hide another of its group.
 */
import type { ProjectName } from '../core/names.ts';
import { bucketsIn } from '../core/page-tree.ts';
import type { Snapshot } from '../formats/snapshot.ts';
import { pageTree } from '../pages/page-trees.ts';
import type { UpstreamSnapshot } from '../state/mirror-state.ts';
import type { Mirror } from './mirror.ts';
import { newestSnapshot } from './newest-snapshot.ts';

const hourMs = 60 * 60_000;
/** Many mirrors run once a day. */
const longestSilenceMs = 48 * hourMs;
const namesAtATime = 1000;

/**
 * The snapshot that upstream has now; undefined where its key is not known. What is to be fetched because of it is queued.
 * Throws NonsenseError when upstream is not to be believed, UnreachableError, PausedError.
 */
export async function trustUpstream(mirror: Mirror): Promise<Snapshot | undefined> {
  const { verifyUpstream, state, settings } = mirror;
  if (verifyUpstream === undefined) return undefined;
  const snapshot = await newestSnapshot(mirror, verifyUpstream);
  const { serial, upstream } = state.mirror();
  if (comparesAll(mirror) && serial !== undefined && upstream === settings.upstream) {
    requeueUnknown(mirror);
    requeueDiffering(mirror, snapshot);
  }
  return snapshot;
}

/** Holds what was mirrored against upstream's snapshot: `seen`, or the newest. Throws as {@link trustUpstream} does. */
export async function proveUpstream(mirror: Mirror, seen: Snapshot | undefined): Promise<void> {
  const { verifyUpstream, settings, clock } = mirror;
  if (verifyUpstream === undefined || settings.dryRun) return;
  const snapshot = seen ?? (await newestSnapshot(mirror, verifyUpstream));
  const hours = Math.floor((clock.now() - snapshot.timeMs) / hourMs);
  if (hours >= longestSilenceMs / hourMs) {
    alarm(mirror, `is ${hours} hours old; upstream does not run any more, or somebody holds it back`);
  }
  if (comparesAll(mirror)) compare(mirror, snapshot);
}

/** Whoever leaves out projects does not know the others' pages, without which the tree cannot be made. */
function comparesAll({ settings, selection }: Mirror): boolean {
  return settings.projects === undefined && selection.fingerprint.projects === '';
}

function compare(mirror: Mirror, snapshot: Snapshot): void {
  const { state, clock } = mirror;
  const { upstreamSnapshot: known, listSha256 } = state.mirror();
  if (known === undefined) return;
  const { unprovenSince = clock.now(), differing, ...newest } = known;
  const found = listSha256 === snapshot.index.json ? differingGroups(mirror, snapshot) : undefined;
  if (found !== undefined && isProof(found)) {
    if (known.unprovenSince !== undefined) state.remember({ upstreamSnapshot: newest });
    return;
  }
  const { wrong, queued } = found ?? nothingCompared;
  // The same snapshot again tells nothing new.
  const isNewer = differing === undefined || differing.timeMs < snapshot.timeMs;
  const again = isNewer ? wrong.filter((group) => differing?.groups.includes(group)).length : 0;
  if (again > 0) alarm(mirror, `pages in ${again} of its groups ${disagreement}`);
  else if (clock.now() - unprovenSince >= longestSilenceMs) alarm(mirror, `${silence}${hiding(queued)}`);
  const next: UpstreamSnapshot = { ...newest, unprovenSince, differing };
  const isToBeKept = wrong.length > 0 && isNewer;
  const groups = [...wrong, ...(differing?.groups ?? []).filter((group) => queued.has(group))];
  state.remember({ upstreamSnapshot: isToBeKept ? { ...next, differing: { timeMs: snapshot.timeMs, groups } } : next });
}

function isProof({ wrong, ahead, queued }: Differing): boolean {
  return wrong.length + ahead.length + queued.size === 0;
}

function hiding(queued: Differing['queued']): string {
  const names = [...queued.values()];
  if (names.length === 0) return '';
  const some = names.slice(0, 3).join(', ');
  return `; ${names.length} of its groups cannot be compared while some of their projects fail, such as ${some}`;
}

const disagreement =
  'are not those that upstream serves, although they were fetched again; somebody changes them on the way, or upstream is damaged';
const silence = 'for two days the pages that upstream serves could not be shown to be those that it has signed';

function alarm({ report, settings }: Mirror, what: string): void {
  report({ type: 'alarm', message: `${settings.upstream}/snapshot.json: ${what}` });
}

/** The groups that do not agree. */
interface Differing {
  readonly wrong: readonly number[];
  /** Where upstream served a page that is newer than the snapshot. */
  readonly ahead: readonly number[];
  /** Those with a project that is still queued, and its name. What else is wrong with them cannot be seen. */
  readonly queued: ReadonlyMap<number, ProjectName>;
}

const nothingCompared: Differing = { wrong: [], ahead: [], queued: new Map() };

function differingGroups({ state }: Mirror, { groups, serial }: Snapshot): Differing {
  const here = pageTree(state.pages, 'upstream').groups;
  const [wrong, ahead]: [number[], number[]] = [[], []];
  const queued = new Map<number, ProjectName>();
  for (const [group, hash] of groups.entries()) {
    if (hash === here[group]) continue;
    const names = bucketsIn(group).flatMap((bucket) => state.pages.projectsIn(bucket).map(({ name }) => name));
    // What is queued is known to be otherwise; nobody takes it for upstream's. The others of its group may be.
    const waiting = names.find((name) => state.queued(name) !== undefined);
    const isAhead = (name: ProjectName): boolean =>
      (state.held(name).serial ?? 0) > (serial ?? Number.POSITIVE_INFINITY);
    if (waiting !== undefined) queued.set(group, waiting);
    else (names.some(isAhead) ? ahead : wrong).push(group);
  }
  return { wrong, ahead, queued };
}

/** Pages that were fetched before hashes were remembered. */
function requeueUnknown({ state }: Mirror): void {
  for (let after: ProjectName | undefined; ; ) {
    const names = state.pages.unknown('upstream', after, namesAtATime);
    for (const name of names) state.requeue(name, []);
    after = names.at(-1);
    if (after === undefined) return;
  }
}

function requeueDiffering({ state }: Mirror, snapshot: Snapshot): void {
  const { differing } = state.mirror().upstreamSnapshot ?? {};
  if (differing === undefined || differing.timeMs >= snapshot.timeMs) return;
  for (const bucket of differing.groups.flatMap(bucketsIn)) {
    for (const { name } of state.pages.projectsIn(bucket)) state.requeue(name, []);
  }
}
