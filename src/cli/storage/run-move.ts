/** Runs `--move-to` and tells of it. A part of its own: few mirrors ever move. */
import { plural, showCount } from '../../core/counts.ts';
import { PausedError } from '../../core/errors.ts';
import { shellQuote } from '../../core/shell-quote.ts';
import { showBytes } from '../../core/show-bytes.ts';
import type { StoragePlace } from '../../state/mirror-state.ts';
import { begunMove, type Move, type MoveReport, moveAll } from '../../sync/move-mirror.ts';
import { announce, type Lines } from '../output/lines.ts';
import { bar, LiveLines, type Terminal } from '../output/live-lines.ts';
import { showOnTerminal } from '../output/terminal-display.ts';
import { Speed } from '../output/transfer-speed.ts';
import { showSeconds } from '../output/units.ts';
import { exitCodes } from '../program/exit-codes.ts';
import type { PauseRequest } from '../program/signals.ts';
import { placeText } from './storage-place.ts';

const problemsTold = 20;

export interface RunMove extends Omit<Move, 'report' | 'signal'> {
  /** The bucket with its prefix, from or to which the mirror moves. */
  readonly bucket: StoragePlace;
  readonly root: string;
  readonly config: string;
  readonly quiet: boolean;
  readonly settings: { readonly logFormat: 'text' | 'json' };
  readonly pause: PauseRequest;
  readonly lines: Lines;
}

/** Moves the mirror, and tells what is next. Resolves with the exit code. Throws StorageError. */
export async function runMove(run: RunMove): Promise<number> {
  const { state, place, quiet, settings, pause, lines, clock } = run;
  const { files, bytes } = state.totals();
  const begun = begunMove(state, place);
  const where = placeText(place, 'to');
  const tell = (type: string, text: string): void => {
    if (!quiet) announce(settings, type, text);
  };
  const again = begun === undefined ? '' : `; ${showCount(begun.files)} are there already`;
  tell('moving', `Moving ${plural(files, 'file')} (${showBytes(bytes)}) ${where}${again}`);
  const startedMs = clock.now();
  const totals = new MoveTotals(files, begun?.files ?? 0, lines);
  const isShown = !quiet && settings.logFormat === 'text' && process.stdout.isTTY;
  const view = isShown
    ? showOnTerminal((terminal) => new MoveDisplay(terminal, `Moving ${run.root} ${where}`, totals, Date.now))
    : undefined;
  if (view !== undefined) totals.tellProblem = view.display.problem;
  try {
    await moveAll({ ...run, report: totals, signal: pause.signal });
  } catch (error) {
    if (!(error instanceof PausedError) && !pause.signal.aborted) throw error;
    view?.end();
    tell('paused', 'The move is paused. Start it again to go on with it; nothing was switched.');
    return pause.exitCode();
  } finally {
    view?.end();
  }
  const seconds = (clock.now() - startedMs) / 1000;
  tell('moved', `${totals.summary()} in ${showSeconds(seconds)}; the mirror is ${placeText(place)} now.`);
  for (const line of nextSteps(run)) tell('next', line);
  if (totals.problems === 0) return exitCodes.ok;
  const left = totals.problems - problemsTold;
  if (left > 0) lines.err(`and ${left} more`);
  lines.err(
    `${plural(totals.problems, 'file')} could not be copied; the next run sees to what it can fetch or make anew`,
  );
  return exitCodes.incomplete;
}

/** Returns what is to be done after the move. */
function nextSteps({ place, bucket, root, config }: RunMove): string[] {
  const web = shellQuote(`${root}/web`);
  if (place === undefined) {
    const { bucket: name, prefix } = bucket;
    return [
      `Remove [storage] from ${config}: until then, runs end with exit code 2. Then let Apache serve ${root}/web again.`,
      `When all readers come here, what is below s3://${name}/${prefix}web/ and s3://${name}/${prefix}trash/ may be removed.`,
    ];
  }
  const pages = `find ${web}/simple ${web}/pypi -mindepth 1 -maxdepth 1 -type d -exec rm -r {} +`;
  return [
    'Let Apache serve it from there before the next run: see "The mirror in an object store" in the README.',
    `Then what was copied may be removed here: rm -r ${web}/packages${place.hold === 'everything' ? `; ${pages}` : ''}`,
  ];
}

/** Counts what a move does. */
class MoveTotals implements MoveReport {
  readonly expected: number;
  readonly #lines: Lines;
  problems = 0;
  copied = 0;
  there: number;
  bytesCopied = 0;
  tellProblem: (line: string) => void;

  constructor(expected: number, there: number, lines: Lines) {
    this.expected = expected;
    this.there = there;
    this.#lines = lines;
    this.tellProblem = (line) => this.#lines.err(line);
  }

  done(isNew: boolean): void {
    if (isNew) this.copied += 1;
    else this.there += 1;
  }

  bytes(count: number): void {
    this.bytesCopied += count;
  }

  problem(text: string): void {
    this.problems += 1;
    if (this.problems <= problemsTold) this.tellProblem(text);
  }

  summary(): string {
    const there = this.there === 0 ? '' : `, ${showCount(this.there)} were there already`;
    return `Copied ${plural(this.copied, 'file')} (${showBytes(this.bytesCopied)})${there}`;
  }
}

/** The progress display on a terminal. */
class MoveDisplay {
  readonly #lines: LiveLines;
  readonly #title: string;
  readonly #totals: MoveTotals;
  readonly #now: () => number;
  readonly #speed: Speed;
  readonly #startedMs: number;

  constructor(terminal: Terminal, title: string, totals: MoveTotals, now: () => number) {
    this.#lines = new LiveLines(terminal);
    this.#title = title;
    this.#totals = totals;
    this.#now = now;
    this.#speed = new Speed(now);
    this.#startedMs = now();
  }

  readonly problem = (line: string): void => this.#lines.writeAbove(line, this.#render());

  draw(): void {
    this.#lines.draw(this.#render());
  }

  erase(): void {
    this.#lines.erase();
  }

  #render(): string[] {
    const { copied, there, expected, bytesCopied, problems } = this.#totals;
    const done = copied + there;
    // Sidecars and pages are not counted before.
    const all = Math.max(expected, done);
    const share = all === 0 ? 0 : done / all;
    return [
      `${this.#title}  ${showSeconds((this.#now() - this.#startedMs) / 1000)}`,
      `  files    ${bar(share)} ${showCount(done)} of ${showCount(all)} or more  ${Math.floor(share * 100)} %`,
      `  copied   ${showBytes(bytesCopied)}, ${showBytes(this.#speed.of(bytesCopied))}/s`,
      ...(problems === 0 ? [] : [`  wrong    ${plural(problems, 'file')}`]),
    ];
  }
}
