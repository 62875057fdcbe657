/** Chooses how a run is displayed, and prints its end. */
import type { Report } from '../../core/report.ts';
import type { Policy } from '../../policy/policy.ts';
import type { RunCommand } from '../config/run-options.ts';
import type { Settings } from '../config/settings.ts';
import { jsonReport, problemOf, textReport } from '../output/event-lines.ts';
import { lines } from '../output/lines.ts';
import { showOnTerminal } from '../output/terminal-display.ts';
import { exitCodes } from '../program/exit-codes.ts';
import type { Target } from '../target/target.ts';
import { PlanTotals } from './plan-totals.ts';
import { ProgressDisplay } from './progress-display.ts';
import { renderPlan } from './render-plan.ts';
import type { RunTotals } from './run-totals.ts';

const parkedNamed = 20;
const alarmsNamed = 20;

/** The arguments of a command line that starts a run. */
export type RunArguments = RunCommand & { kind: 'run' };

/** The end of a run, for people. */
interface Conclusion {
  readonly code: number;
  readonly summary: string;
  readonly waiting: string | undefined;
  /** True if quiet runs have printed already why this one failed. */
  readonly isTold: boolean;
}

/**
 * Prints the end of a run. With -q it prints only what needs a person: failures that will probably repair themselves
 * are left to the next run.
 */
export function conclude(
  { quiet }: RunArguments,
  settings: Settings,
  tally: RunTotals,
  { code, summary, waiting, isTold }: Conclusion,
): void {
  if (waiting !== undefined && (quiet || settings.logFormat === 'text')) lines.err(waiting);
  if (quiet) {
    const failed = [...tally.parked].filter(([, { expected }]) => !expected);
    const unreported = failed.filter(([, { isTold }]) => isTold !== true);
    for (const [name, { reason }] of unreported.slice(0, parkedNamed)) lines.err(`${name}: ${reason}`);
    for (const message of tally.alarms.slice(0, alarmsNamed)) lines.err(`Alarm: ${message}`);
    const more = tally.alarms.length - alarmsNamed;
    if (more > 0) lines.err(`Alarm: ${more} more (see pep381run --status)`);
    // Held-back deletions were printed when they were held back, and are printed again each day.
    const isReported = isTold || (code === exitCodes.heldBack && tally.heldBack === 0);
    const isUrgent = failed.length > 0 || tally.alarms.length > 0;
    if (isUrgent || (code > exitCodes.incomplete && !isReported)) lines.err(summary);
  } else if (settings.logFormat === 'json') {
    lines.out(JSON.stringify({ time: new Date().toISOString(), type: 'summary', exitCode: code, summary, waiting }));
  } else lines.out(summary);
}

/** A display of a run. */
export interface View {
  readonly report: Report;
  /** Removes the display from the screen. */
  end(): void;
  /** Prints the end of the run instead of the summary. */
  conclude?(code: number, waiting: string | undefined): void;
}

/** Chooses the view: nothing with -q, the progress display on a terminal, else a log. */
export function chooseView(
  { quiet, dryRun, plan }: Pick<RunArguments, 'quiet' | 'dryRun' | 'plan'>,
  settings: Settings,
  policy: Policy | undefined,
  target: Target,
): View {
  if (plan) return planView(settings, policy?.dependencies === true, target);
  if (quiet) return { report: () => {}, end: () => {} };
  if (settings.logFormat === 'json') return { report: jsonReport(lines, Date.now), end: () => {} };
  if (!process.stdout.isTTY || dryRun) return { report: textReport(lines, dryRun), end: () => {} };
  const title = `Mirroring ${settings.upstream} into ${target.root}`;
  const { display, end } = showOnTerminal((terminal) => new ProgressDisplay(terminal, title, Date.now));
  return { report: display.report, end };
}

/** A view that sums up the plan. Until the end it prints only problems. */
function planView({ logFormat }: Settings, dependencies: boolean, { root }: Target): View {
  const plan = new PlanTotals(dependencies);
  return {
    report: (event) => {
      plan.count(event);
      const problem = logFormat === 'json' ? undefined : problemOf(event);
      if (problem !== undefined) lines.err(problem);
    },
    end: () => {},
    conclude: (exitCode, waiting) => {
      const sums = plan.sums();
      const text = logFormat === 'json' ? [JSON.stringify({ exitCode, ...sums, waiting })] : renderPlan(sums, root);
      if (waiting !== undefined && logFormat === 'text') lines.err(waiting);
      for (const line of text) lines.out(line);
    },
  };
}
