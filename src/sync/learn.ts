/**
 * Finds out what changed upstream, and queues it. The changelog is asked first: it is never stale, and it alone names
 * removals. The list of all projects starts a mirror, checks once a day what the changelog did not say, and takes the
 * changelog's place where there is none.
 */
import { NoChangelogError, NonsenseError, UnreachableError, UsageError } from '../core/errors.ts';
import { type ProjectName, projectName } from '../core/names.ts';
import type { MirrorState, Wanted } from '../state/state-store.ts';
import type { Mirror } from './mirror.ts';

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;
/** The slow sweep for changes that carry no serial: everything is looked at once in this time. */
const sweepPeriodMs = 30 * dayMs;

/** Queues all that is to be looked at. Throws UnreachableError, NonsenseError, UsageError, PausedError. */
export async function learn(mirror: Mirror): Promise<void> {
  const { state, settings, clock } = mirror;
  const known = state.mirror();
  checkUpstream(mirror, known);
  requeueForNewSettings(mirror, known);
  const scope = settings.projects === undefined ? 'all' : [...settings.projects].sort().join(' ');
  const base = { upstream: settings.upstream, scope, rootIndexDue: true };
  const isNew = known.serial === undefined || known.scope !== scope || known.upstream !== settings.upstream;
  if (isNew || settings.reconcile) await begin(mirror, known, base);
  else await follow(mirror, known, known.serial ?? 0);
  if (!isNew) state.enqueueUnseen(clock.now() - sweepPeriodMs, settings.sweep);
}

/** A wrong `--upstream` would replace a mirror by another, project by project. */
function checkUpstream({ settings }: Mirror, known: MirrorState): void {
  if (known.upstream === undefined || known.upstream === settings.upstream || settings.reconcile) return;
  throw new UsageError(
    `this target mirrors ${known.upstream}, not ${settings.upstream}; put upstream = "${known.upstream}" into its ` +
      'mirror.toml, or add --reconcile to move it to the other one',
  );
}

/** Pages show what the settings say, so other settings need other pages; files stay as they are. */
function requeueForNewSettings({ state, settings }: Mirror, known: MirrorState): void {
  const pageForm = JSON.stringify([settings.indexOnly, settings.baseUrl ?? null]);
  const movedAway = known.upstream !== undefined && known.upstream !== settings.upstream;
  if (known.pageForm === pageForm && !movedAway) return;
  if (known.pageForm === undefined && !movedAway) state.remember({ pageForm });
  else state.enqueueAllHeld({ pageForm }, movedAway);
}

/** The start of a mirror, or of another selection: everything is compared, and the changelog followed from here. */
async function begin(mirror: Mirror, known: MirrorState, base: MirrorState): Promise<void> {
  const { state, settings, report } = mirror;
  // Asked before the list is, so that what happens meanwhile is learned from the changelog.
  const serial = await lastSerial(mirror, known);
  if (settings.projects === undefined) {
    // The list may be older than the changelog: then what it does not know yet is learned from the changelog again.
    return takeOverList(mirror, undefined, (listed) => {
      const seen = listed ?? serial ?? 0;
      return { ...base, serial: Math.min(serial ?? seen, seen) };
    });
  }
  const wanted = settings.projects.map((name) => wantedByName(name, state.held(name).displayName));
  state.enqueue(wanted, { ...base, serial });
  report({ type: 'learned', source: 'names', serial });
}

function wantedByName(name: ProjectName, displayName: string | undefined): Wanted {
  return { name, displayName: displayName ?? name, serial: 0, removed: false };
}

/** Undefined where there is no changelog. */
async function lastSerial(mirror: Mirror, known: MirrorState): Promise<number | undefined> {
  if ((known.changelogRetryAt ?? 0) > mirror.clock.now()) return undefined;
  return unlessNoChangelog(mirror, known, () => mirror.upstream.serial());
}

async function follow(mirror: Mirror, known: MirrorState, serial: number): Promise<void> {
  const { clock, settings, state } = mirror;
  const now = clock.now();
  const asked = (known.changelogRetryAt ?? 0) <= now;
  const followed = asked && (await unlessNoChangelog(mirror, known, () => followChangelog(mirror, serial)));
  if (followed && now - (known.reconciledAt ?? 0) < dayMs) return;
  if (settings.projects === undefined) {
    if (followed) await reconcile(mirror, known);
    else await takeOverList(mirror, known.listEtag, (listed) => ({ serial: Math.max(serial, listed ?? 0) }));
  } else if (!followed) {
    state.enqueue(
      settings.projects.map((name) => wantedByName(name, state.held(name).displayName)),
      {},
    );
  }
}

/** Undefined when the changelog is gone for good, or did not answer for an hour: then the list must do. */
async function unlessNoChangelog<T>(mirror: Mirror, known: MirrorState, ask: () => Promise<T>): Promise<T | undefined> {
  const { state, clock, report } = mirror;
  const now = clock.now();
  try {
    const answer = await ask();
    if (known.changelogDownSince !== undefined || known.changelogRetryAt !== undefined) {
      state.remember({ changelogDownSince: undefined, changelogRetryAt: undefined });
    }
    return answer;
  } catch (error) {
    if (error instanceof NoChangelogError) {
      state.remember({ changelogRetryAt: now + dayMs, changelogDownSince: undefined });
    } else if (error instanceof UnreachableError) {
      const since = known.changelogDownSince ?? now;
      state.remember({ changelogDownSince: since });
      if (now - since < hourMs) throw error;
    } else throw error;
    report({
      type: 'warning',
      message: `no changelog, so the list of projects is compared instead: ${error.message}`,
    });
    return undefined;
  }
}

/** True, once everything up to upstream's newest serial is queued; each page of the answer is a step of its own. */
async function followChangelog({ upstream, state, settings, report }: Mirror, from: number): Promise<true> {
  const only = settings.projects === undefined ? undefined : new Set(settings.projects);
  for (let serial = from; ; ) {
    const changes = await upstream.changesSince(serial);
    const latest = new Map<ProjectName, Wanted>();
    for (const { name, displayName, serial: rowSerial, removed } of changes.rows) {
      if (only === undefined || only.has(name)) latest.set(name, { name, displayName, serial: rowSerial, removed });
    }
    if (changes.serial > serial) state.enqueue([...latest.values()], { serial: changes.serial });
    else if (!changes.complete) throw new NonsenseError(`the changelog does not go on after serial ${serial}`);
    serial = changes.serial;
    if (changes.complete) {
      report({ type: 'learned', source: 'changelog', serial });
      return true;
    }
  }
}

/** The daily look at the list is a net below the changelog: where it fails, a later run tries again. */
async function reconcile(mirror: Mirror, known: MirrorState): Promise<void> {
  try {
    await takeOverList(mirror, known.listEtag, () => ({}));
  } catch (error) {
    if (!(error instanceof UnreachableError || error instanceof NonsenseError)) throw error;
    mirror.report({ type: 'warning', message: `the list of projects was not compared: ${error.message}` });
  }
}

/** Compares all projects with the list; what `next` makes of the list's own serial is remembered with it. */
async function takeOverList(
  mirror: Mirror,
  etag: string | undefined,
  next: (listSerial: number | undefined) => MirrorState,
): Promise<void> {
  const { upstream, state, clock, report, settings } = mirror;
  const list = await upstream.listProjects(etag);
  if (list === undefined) return state.remember({ reconciledAt: clock.now() });
  const takeover = state.takeOverList();
  try {
    let listed = 0;
    for await (const piece of list.pieces) {
      const wanted: Wanted[] = [];
      for (const { displayName, serial } of piece) {
        const name = projectName(displayName);
        if (name === undefined)
          report({
            type: 'warning',
            message: `the list names ${JSON.stringify(displayName)}, which is no project name`,
          });
        else wanted.push({ name, displayName, serial: serial ?? 0, removed: false });
      }
      takeover.add(wanted);
      listed += wanted.length;
    }
    if (listed === 0 && state.totals().projects > 0) {
      throw new NonsenseError(`${settings.upstream}/simple/: the list is empty, which would remove the whole mirror`);
    }
    const serial = list.serial();
    takeover.commit(serial, { ...next(serial), listEtag: list.etag, reconciledAt: clock.now() });
    report({ type: 'learned', source: 'list', serial });
  } catch (error) {
    takeover.abandon();
    throw error;
  }
}
