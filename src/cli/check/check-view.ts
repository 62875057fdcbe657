/** Displays a check: on a terminal, in a log, or with -q only what needs a person. */
import type { CheckEvent, CheckReport } from '../../check/check-event.ts';
import type { Lines } from '../output/lines.ts';
import { showOnTerminal } from '../output/terminal-display.ts';
import { CheckDisplay } from './check-display.ts';
import { isUrgent, textOf, todoText } from './check-texts.ts';
import type { CheckTotals } from './check-totals.ts';

/** The parameters of a {@link CheckView}. */
export interface CheckViewOptions {
  readonly lines: Lines;
  readonly root: string;
  readonly tally: CheckTotals;
  readonly quiet: boolean;
  readonly logFormat: 'text' | 'json';
  readonly isTerminal: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class CheckView {
  readonly #options: CheckViewOptions;
  readonly #watch: CheckReport;
  readonly #end: () => void;

  constructor(options: CheckViewOptions) {
    const { root, tally, isTerminal, logFormat, quiet, now } = options;
    this.#options = options;
    if (quiet || !isTerminal || logFormat === 'json') {
      this.#watch = (event) => this.#log(event);
      this.#end = () => {};
    } else {
      const { display, end } = showOnTerminal((terminal) => new CheckDisplay(terminal, root, tally, now));
      this.#watch = display.report;
      this.#end = end;
    }
  }

  /** Counts and shows an event. */
  readonly report: CheckReport = (event) => {
    this.#options.tally.count(event);
    this.#watch(event);
  };

  /** Prints a line that belongs to no event; in a JSON log it is an object. */
  say(type: string, text: string): void {
    const { lines, logFormat } = this.#options;
    if (logFormat === 'json') this.#object({ type, message: text.trim() });
    else lines.out(text);
  }

  /** Removes the display, and prints what is to be done next. */
  end(): void {
    this.#end();
    if (this.#options.tally.queued > 0) this.say('todo', todoText);
  }

  /**
   * Prints the summary: always on a terminal, in a text log only if something is wrong, in a JSON log unless -q is
   * given and nothing is wrong.
   */
  conclude(seconds: number): void {
    const { tally, quiet, logFormat, isTerminal, lines } = this.#options;
    const summary = tally.summary(seconds);
    const { projects, files, bytes, findings, queued, unjudged, discarded, exitCode } = tally;
    const isRight = exitCode === 0;
    if (logFormat === 'json') {
      if (quiet && isRight) return;
      this.#object({
        type: 'summary',
        exitCode,
        projects,
        files,
        bytes,
        findings,
        queued,
        unjudged,
        discarded,
        store: tally.store,
        summary,
      });
    } else if (!quiet && (isTerminal || !isRight)) lines.out(summary);
  }

  #log(event: CheckEvent): void {
    const { root, quiet, logFormat, lines } = this.#options;
    if (quiet && !isUrgent(event)) return;
    const message = textOf(event, root);
    if (logFormat === 'json') this.#logObject(event, message);
    else if (message !== undefined) lines.out(message);
  }

  #logObject(event: CheckEvent, message: string | undefined): void {
    if (event.type === 'finding') {
      const { kind, path, project, expected, found } = event.finding;
      this.#object({ type: event.type, kind, path, project: project ?? null, expected, found });
    } else if (event.type === 'stray') {
      const { kind, key } = event.stray;
      this.#object({ type: 'finding', kind: `unreferenced-${kind}`, key, project: null });
    } else if (event.type === 'queued') this.#object({ type: event.type, project: event.name ?? null });
    else if (message !== undefined) this.#object({ ...event, message });
  }

  #object(members: object): void {
    const { lines, now } = this.#options;
    lines.out(JSON.stringify({ time: new Date(now()).toISOString(), ...members }));
  }
}
