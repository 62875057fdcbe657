/** The progress display of a check on a terminal. Findings are written above it and scroll away as usual. */
import type { CheckEvent, CheckReport } from '../../check/check-event.ts';
import { plural, showCount } from '../../core/counts.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { bar, LiveLines, type Terminal } from '../output/live-lines.ts';
import { Speed } from '../output/transfer-speed.ts';
import { showSeconds } from '../output/units.ts';
import { textOf } from './check-texts.ts';
import type { CheckTotals } from './check-totals.ts';

/** The numbers of checked projects and of seconds from which on the remaining time is estimated. */
const minProjects = 3;
const minSeconds = 2;

export class CheckDisplay {
  readonly #lines: LiveLines;
  readonly #root: string;
  readonly #tally: CheckTotals;
  readonly #now: () => number;
  readonly #speed: Speed;
  readonly #startedMs: number;
  #state = 'starting';

  /** Shows the counts of `tally`, of a check of the mirror in `root`. */
  constructor(terminal: Terminal, root: string, tally: CheckTotals, now: () => number) {
    this.#lines = new LiveLines(terminal);
    this.#root = root;
    this.#tally = tally;
    this.#now = now;
    this.#speed = new Speed(now);
    this.#startedMs = now();
  }

  /** Shows an event that has a line of its own at once, and all else with the next {@link draw}. */
  readonly report: CheckReport = (event) => {
    this.#state = stateAfter(event, this.#tally) ?? this.#state;
    const line = event.type === 'waiting' ? undefined : textOf(event, this.#root);
    if (line !== undefined) this.#lines.writeAbove(line, this.#render());
  };

  /** Draws the display over its last form. */
  draw(): void {
    this.#lines.draw(this.#render());
  }

  /** Removes the display from the terminal. */
  erase(): void {
    this.#lines.erase();
  }

  #render(): string[] {
    const { projects, doneBefore, expectedProjects, files, bytes, findings, queued } = this.#tally;
    const elapsed = (this.#now() - this.#startedMs) / 1000;
    const done = doneBefore + projects;
    const all = Math.max(done, expectedProjects);
    const share = all === 0 ? 0 : done / all;
    const remaining = all - done;
    const isEstimated = projects >= minProjects && elapsed >= minSeconds && remaining > 0;
    const eta = isEstimated ? `, about ${showSeconds((elapsed / projects) * remaining)} left` : '';
    return [
      `Checking ${this.#root}  ${showSeconds(elapsed)}`,
      `  projects ${bar(share)} ${showCount(done)} of ${showCount(all)}  ${Math.floor(share * 100)} %`,
      `  files    ${showCount(files)}, ${showBytes(bytes)}, ${showBytes(this.#speed.of(bytes))}/s${eta}`,
      `  now      ${this.#state}`,
      ...(findings === 0 ? [] : [`  wrong    ${plural(findings, 'finding')}, ${plural(queued, 'project')} queued`]),
    ];
  }
}

function stateAfter(event: CheckEvent, { listed }: CheckTotals): string | undefined {
  if (event.type === 'listed') return `the listing of the object store, so far of ${plural(listed, 'object')}`;
  if (event.type === 'project-started') return event.name;
  if (event.type === 'folder-started') return `what nothing accounts for in ${event.path}`;
  return event.type === 'waiting' ? textOf(event, '') : undefined;
}
