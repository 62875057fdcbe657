/**
 * Verifies upstream's pages by its signed snapshot before any of them is published, if upstream's key is known. The
 * snapshot names the hashes of the 256 groups of the Merkle tree over all pages (core/merkle-tree.ts). A group is
 * proven if its hash is that of the remembered hashes of upstream's pages, with the current hashes of the queued
 * projects' pages. The pages of the queued projects are fetched for that. If that is not enough, those of the other
 * projects in the group are fetched, because they may have changed without an announcement.
 *
 * Nothing of a group is published or removed until the group is proven, and a page must be the one by which its group
 * was proven. Therefore an upstream that is running holds back a few groups for one run, and a page that cannot be
 * fetched holds back its group.
 */
import { MirrorError, NonsenseError, NotAskedError, UnreachableError } from '../../core/errors.ts';
import { bucketOf, bucketsIn, groupCount, groupOf, leafHash, merkleHash } from '../../core/merkle-tree.ts';
import type { ProjectName } from '../../core/names.ts';
import { Semaphore } from '../../core/semaphore.ts';
import type { Snapshot } from '../../formats/mirror/snapshot.ts';
import { pageTree } from '../../pages/page-merkle-tree.ts';
import { listState, snapshotState } from '../../state/mirror-state.ts';
import type { UpstreamPageDigest } from '../../state/page-hashes.ts';
import { change } from '../../state/state-section.ts';
import type { PageDigest } from '../../upstream/upstream.ts';
import type { Mirror } from '../mirror.ts';
import { fetchNewestSnapshot } from './fetch-snapshot.ts';

/**
 * Number of groups that are verified at the same time. Most have few queued projects, and the slowest of these would
 * hold up the others.
 */
const groupsAtATime = 16;
const allGroups = Array.from({ length: groupCount }, (_, group) => group);

/**
 * Returns true if pages are verified. A mirror that leaves out projects cannot: it does not know the other pages,
 * without which the tree cannot be computed.
 */
export function verifiesPages({ verifyUpstream, settings, selection }: Mirror): boolean {
  if (verifyUpstream === undefined || settings.dryRun) return false;
  return settings.projects === undefined && selection.fingerprint.projects === '';
}

/**
 * Proves the groups of all queued projects by `seen` or a newer snapshot, and remembers the groups that are not proven.
 * Must be called once all changes are queued. Throws NonsenseError, UnreachableError, PausedError.
 */
export async function verifyPages(mirror: Mirror, seen: Snapshot | undefined): Promise<void> {
  const { state, verifyUpstream } = mirror;
  if (seen === undefined || verifyUpstream === undefined || !verifiesPages(mirror)) return;
  state.queue.makeDue('unproven');
  state.pages.groupQueue();
  const first = isListOf(mirror, seen) ? seen : await fetchNewestSnapshot(mirror, verifyUpstream);
  let prover = new GroupVerifier(mirror, first);
  let held = await prover.unproven(allGroups);
  if (held.length > 0) {
    // Upstream may have been running.
    const newest = await fetchNewestSnapshot(mirror, verifyUpstream);
    if (newest.timeMs > first.timeMs) {
      prover = new GroupVerifier(mirror, newest);
      held = await prover.unproven(held);
    }
  }
  const { upstreamSnapshot } = state.get(snapshotState);
  if (upstreamSnapshot !== undefined)
    state.set(change(snapshotState, { upstreamSnapshot: { ...upstreamSnapshot, held } }));
  if (held.length > 0) prover.alarm(held);
}

/** Returns the reason why upstream's answer for a project may not be published, or undefined if it may be. */
export function unverifiedReason(mirror: Mirror, name: ProjectName, answer: PageDigest): string | undefined {
  if (!verifiesPages(mirror)) return undefined;
  const { pages } = mirror.state;
  const { held = allGroups } = mirror.state.get(snapshotState).upstreamSnapshot ?? {};
  if (held.includes(groupOf(name))) return "held, as the pages of its group are not those in upstream's snapshot.json";
  const found = answer === 'unchanged' ? (pages.hashesOf(name).upstream ?? 'absent') : answer;
  const expected = pages.upstreamDigestOf(name);
  return found === expected
    ? undefined
    : `held, as upstream's page is not the one in its snapshot.json: expected sha256 ${expected}, found ${found}`;
}

/** Returns true if the list of projects that was compared is the signed one. */
export function isListOf({ state }: Mirror, { index }: Snapshot): boolean {
  return state.get(listState).listSha256 === index.json;
}

type Seen = ReadonlyMap<ProjectName, UpstreamPageDigest>;

/** Proves groups by one snapshot. */
class GroupVerifier {
  readonly #mirror: Mirror;
  readonly #snapshot: Snapshot;
  /** The reasons why a page could not be fetched, by group. */
  readonly #failures = new Map<number, string>();

  constructor(mirror: Mirror, snapshot: Snapshot) {
    this.#mirror = mirror;
    this.#snapshot = snapshot;
  }

  /** Returns those of `groups` that cannot be proven. */
  async unproven(groups: readonly number[]): Promise<number[]> {
    const known = pageTree(this.#mirror.state.pages, 'upstream').groups;
    const slots = new Semaphore(groupsAtATime);
    const found: number[] = [];
    const errors: unknown[] = [];
    for (const group of groups) {
      await slots.acquire();
      if (errors.length > 0) {
        slots.release();
        break;
      }
      const add = (isProven: boolean): void => {
        if (!isProven) found.push(group);
      };
      void this.#prove(group, known[group])
        .then(add, (error: unknown) => errors.push(error))
        .finally(() => slots.release());
    }
    await slots.idle();
    if (errors.length > 0) throw errors[0];
    return found.sort((one, other) => one - other);
  }

  /** Reports an alarm that nothing of these groups is published. */
  alarm(held: readonly number[]): void {
    const { report, settings, state } = this.#mirror;
    const names = held.flatMap((group) => state.pages.queuedIn(group).map(({ name }) => name)).slice(0, 3);
    const failure = held.flatMap((group) => this.#failures.get(group) ?? []).at(0);
    const message =
      `${settings.upstream}/snapshot.json: pages in ${held.length} of its groups are not those that upstream serves, and ` +
      `nothing of them is published${names.length > 0 ? `, such as ${names.join(', ')}` : ''}; ` +
      (failure ?? 'upstream was at work or is damaged, or somebody changes them on the way');
    report({ type: 'alarm', message });
  }

  async #prove(group: number, known: string | undefined): Promise<boolean> {
    const { pages } = this.#mirror.state;
    const queued = pages.queuedIn(group);
    if (queued.length === 0 && known === this.#snapshot.groups[group]) return true;
    if (this.#isSigned(group, this.#seen(group))) return true;
    // The projects whose digest has not been fetched yet come first.
    for (const isSeen of [false, true]) {
      const names = queued.filter(({ seen }) => (seen !== undefined) === isSeen).map(({ name }) => name);
      if (names.length === 0) continue;
      for (const [name, seen] of await this.#fetchDigests(group, names)) pages.setUpstreamDigest(name, seen);
      if (this.#isSigned(group, this.#seen(group))) return true;
    }
    return isListOf(this.#mirror, this.#snapshot) && this.#findChanged(group);
  }

  /**
   * Fetches the digests of the projects that are not queued, and queues those that have changed if that proves the
   * group. Returns true if the group is proven.
   */
  async #findChanged(group: number): Promise<boolean> {
    const { state } = this.#mirror;
    const queued = this.#seen(group);
    const names = bucketsIn(group).flatMap((bucket) => state.pages.projectsIn(bucket).map(({ name }) => name));
    const others = names.filter((name) => !queued.has(name));
    const looked = [...(await this.#fetchDigests(group, others))];
    const changed = looked.filter(([name, seen]) => state.pages.upstreamDigestOf(name) !== seen);
    if (!this.#isSigned(group, new Map([...queued, ...changed]))) return false;
    for (const [name, seen] of changed) {
      state.queue.requeue(name, []);
      state.pages.setUpstreamDigest(name, seen);
    }
    return true;
  }

  #seen(group: number): Seen {
    const { pages } = this.#mirror.state;
    return new Map(pages.queuedIn(group).map(({ name, seen }) => [name, seen ?? pages.upstreamDigestOf(name)]));
  }

  /** Returns the digests of the pages that could be fetched, and remembers why others could not. */
  async #fetchDigests(group: number, names: readonly ProjectName[]): Promise<Seen> {
    const results = await Promise.allSettled(names.map((name) => this.#fetchDigest(name)));
    const seen = new Map<ProjectName, UpstreamPageDigest>();
    for (const [at, name] of names.entries()) {
      const result = results[at];
      if (result?.status === 'fulfilled') seen.set(name, result.value);
      else if (result !== undefined) this.#failures.set(group, failureOf(result.reason));
    }
    return seen;
  }

  async #fetchDigest(name: ProjectName): Promise<UpstreamPageDigest> {
    const { upstream, state } = this.#mirror;
    const known = state.pages.hashesOf(name).upstream;
    const found = await upstream.pageDigest(name, known === undefined ? undefined : state.held.project(name).etag);
    return found === 'unchanged' ? (known ?? 'absent') : found;
  }

  #isSigned(group: number, seen: Seen): boolean {
    const { pages } = this.#mirror.state;
    const hashes = bucketsIn(group).map((bucket) => {
      const leaves = new Map(pages.pagesIn(bucket, 'upstream').map(({ name, sha256 }) => [name, sha256]));
      for (const [name, page] of seen) {
        if (bucketOf(name) !== bucket) continue;
        if (page === 'absent') leaves.delete(name);
        else leaves.set(name, Buffer.from(page, 'hex'));
      }
      const names = [...leaves.keys()].sort();
      return merkleHash(names.map((name) => leafHash(name, leaves.get(name) ?? new Uint8Array())));
    });
    return merkleHash(hashes) === this.#snapshot.groups[group];
  }
}

/** Returns the message of an error that concerns one page. Throws an error that ends the run. */
function failureOf(error: unknown): string {
  const isOfPage = error instanceof UnreachableError || error instanceof NonsenseError;
  if (error instanceof NotAskedError || !(isOfPage && error instanceof MirrorError)) throw error;
  return error.message;
}
