/** Reports what is wanted by name and not held, because upstream does not have it or the rules leave nothing of it. */
import type { ProjectName } from '../../core/names.ts';
import { local } from '../../policy/policy.ts';
import { type UnsatisfiedWant, wantKey } from '../../policy/unsatisfied.ts';
import type { Want } from '../../policy/want.ts';
import { missingState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import type { Mirror } from '../mirror.ts';

/** Maximum number of unsatisfied wants reported per run. */
const maxReported = 20;
const maxRemembered = 1000;
const maxParked = 10_000;

/** Reports each unsatisfied want once as an alarm, and in later runs as a warning. A dry run reports warnings only. */
export function reportUnsatisfied(mirror: Mirror): void {
  const { state, settings, report } = mirror;
  forgetExcluded(mirror);
  const lines = unsatisfiedLines(mirror);
  const { unmetLines: known = [] } = state.get(missingState);
  const before = new Set(known);
  for (const message of lines.slice(0, maxReported)) {
    report({ type: before.has(message) || settings.dryRun ? 'warning' : 'alarm', message });
  }
  const more = lines.length - maxReported;
  if (more > 0) report({ type: 'warning', message: `${more} more that were asked for are not held (--status)` });
  const kept = lines.slice(0, maxRemembered);
  if (settings.dryRun || settings.projects !== undefined || kept.join('\n') === known.join('\n')) return;
  state.set(change(missingState, { unmetLines: kept.length === 0 ? undefined : kept }));
}

/** Forgets the unsatisfied wants of projects that the rules leave out as a whole. */
function forgetExcluded({ state, selection }: Mirror): void {
  const { unmet = {} } = state.get(missingState);
  const kept = Object.entries(unmet).filter(([name]) => selection.decide(name as ProjectName)?.hold === 'files');
  if (kept.length === Object.keys(unmet).length) return;
  state.set(change(missingState, { unmet: kept.length === 0 ? undefined : Object.fromEntries(kept) }));
}

function unsatisfiedLines({ state, selection, missingProjects, settings }: Mirror): string[] {
  const { policy } = selection;
  const only = settings.projects && new Set(settings.projects);
  const { missing = [], unmet = {} } = state.get(missingState);
  const absent = new Set<string>([...missing, ...missingProjects.absent]);
  for (const { due, obstacle } of state.queue.parked(maxParked)) if (obstacle === 'absent') absent.add(due.name);
  if (policy === undefined || absent.size + Object.keys(unmet).length === 0) return [];
  return policy.rules.flatMap(({ hold, named }, rule) =>
    [...named].flatMap(([name, wants]) => {
      if ((hold !== 'files' && hold !== local) || policy.index(name) !== rule || only?.has(name) === false) return [];
      if (unmet[name] !== undefined) return unsatisfiedLinesOf(wants, unmet[name].wants);
      if (!absent.has(name) || state.held.project(name).published) return [];
      const why = hold === local ? `no file of it lies below packages/` : `upstream has no project ${name}`;
      return wants.map((want) => line(want, why));
    }),
  );
}

/** Returns a line about each of `wants` that is unsatisfied. */
export function unsatisfiedLinesOf(wants: readonly Want[], unmet: readonly UnsatisfiedWant[]): string[] {
  const whys = new Map(unmet.map(({ key, why }) => [key, why]));
  return wants.flatMap((want) => {
    const why = whys.get(wantKey(want));
    return why === undefined ? [] : [line(want, why)];
  });
}

function line({ because: { where, text } }: Want, why: string): string {
  return `${where === undefined ? '' : `${where}: `}${text}: ${why}`;
}
