import { explainReason } from '../policy/render-reason.ts';
import type { Mirror } from './mirror.ts';

/** Warns of each project that was asked for by its name and that the policy leaves out: nothing else would tell. */
export function warnOfExcluded({ settings, selection, report }: Mirror): void {
  for (const name of settings.projects ?? []) {
    const decision = selection.decide(name);
    if (decision?.hold !== 'none') continue;
    const why = explainReason(decision.because);
    report({ type: 'warning', message: `${name} is asked for, and the policy leaves it out: ${why}` });
  }
}
