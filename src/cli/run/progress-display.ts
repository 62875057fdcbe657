/**
 * The progress display on a terminal: a few lines that are redrawn in place, at most ten times a second. Messages that
 * need attention are written above them and scroll away as usual.
 */

import { plural, showCount } from '../../core/counts.ts';
import { filenameOf, type WebPath } from '../../core/paths.ts';
import type { MirrorEvent, Report } from '../../core/report.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { noticeOf, problemOf } from '../output/event-lines.ts';
import { bar, LiveLines, type Terminal } from '../output/live-lines.ts';
import { Speed } from '../output/transfer-speed.ts';
import { showSeconds } from '../output/units.ts';
import { RunTotals, type Transfer } from './run-totals.ts';

const shownTransfers = 4;
/** Milliseconds without data after which a download is shown as stalled. */
const stalledMs = 10_000;

export class ProgressDisplay {
  readonly #lines: LiveLines;
  readonly #title: string;
  readonly #now: () => number;
  readonly #tally = new RunTotals();
  readonly #speed: Speed;
  readonly #startedMs: number;
  /** For each download, the time in milliseconds at which data last arrived. */
  readonly #arrivedMs = new Map<WebPath, number>();
  /** The connections that each host may get. */
  readonly #connections = new Map<string, number>();
  #state = 'asking what changed';

  constructor(terminal: Terminal, title: string, now: () => number) {
    this.#lines = new LiveLines(terminal);
    this.#title = title;
    this.#now = now;
    this.#startedMs = now();
    this.#speed = new Speed(now);
  }

  /** Takes an event into account. Shows a problem at once, and all else with the next {@link draw}. */
  readonly report: Report = (event) => {
    this.#tally.count(event);
    this.#watch(event);
    const state = stateAfter(event);
    if (state !== undefined) this.#state = state;
    const line = problemOf(event) ?? noticeOf(event);
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
    const tally = this.#tally;
    const elapsed = (this.#now() - this.#startedMs) / 1000;
    const share = tally.queued === 0 ? 0 : Math.min(1, tally.done / tally.queued);
    const speed = this.#speed.of(tally.bytes);
    const eta = speed === 0 && tally.transfers.size > 0 ? undefined : this.#etaSeconds(elapsed);
    const transfers = this.#transfers();
    const left = tally.transfers.size - transfers.length;
    const [name, failed] = [...tally.parked].at(-1) ?? [];
    return [
      `${this.#title}  ${showSeconds(elapsed)}`,
      `  projects ${bar(share)} ${showCount(tally.done)} of ${showCount(tally.queued)}  ${Math.floor(share * 100)} %`,
      `  files    ${showCount(tally.files)} of ${showCount(Math.max(tally.plannedFiles, tally.files))} known, ` +
        `${showBytes(tally.bytes)}, ${showBytes(speed)}/s${eta === undefined ? '' : `, about ${showSeconds(eta)} left`}`,
      `  now      ${tally.transfers.size === 0 ? this.#state : plural(tally.transfers.size, 'download')}${this.#connectionsText()}`,
      ...transfers,
      ...(left > 0 ? [`           and ${left} more`] : []),
      ...(failed === undefined
        ? []
        : [`  failed   ${plural(tally.parked.size, 'project')}, last: ${failureText(name ?? '', failed.reason)}`]),
    ];
  }

  #watch(event: MirrorEvent): void {
    if (event.type === 'connections') this.#connections.set(event.host, event.connections);
    if (event.type === 'file-started' || event.type === 'bytes') this.#arrivedMs.set(event.path, this.#now());
    if (event.type === 'file-done' || event.type === 'file-failed') this.#arrivedMs.delete(event.path);
  }

  /** Returns the number of connections that all hosts together may get. */
  #connectionsText(): string {
    const all = [...this.#connections.values()].reduce((sum, some) => sum + some, 0);
    return all === 0 ? '' : `, up to ${plural(all, 'connection')}`;
  }

  /** Returns the lines of some of the downloads in progress, stalled ones first. */
  #transfers(): string[] {
    const now = this.#now();
    const silentMs = (path: WebPath): number => {
      const ms = now - (this.#arrivedMs.get(path) ?? now);
      return ms < stalledMs ? 0 : ms;
    };
    return [...this.#tally.transfers]
      .sort(([a], [b]) => silentMs(b) - silentMs(a))
      .slice(0, shownTransfers)
      .map(([path, transfer]) => {
        const stalled = silentMs(path) === 0 ? '' : `, nothing for ${showSeconds(silentMs(path) / 1000)}`;
        return `           ${filenameOf(path)}  ${arrivedText(transfer)}${stalled}`;
      });
  }

  /**
   * Returns the estimated seconds until the end. It is computed from bytes if any are known: the projects that are not
   * planned yet will on average be like those that are.
   */
  #etaSeconds(elapsed: number): number | undefined {
    const { done, queued, planned, plannedBytes, bytes } = this.#tally;
    if (done < 3 || elapsed < 2 || queued <= done) return undefined;
    const byProjects = (elapsed / done) * (queued - done);
    if (planned === 0 || plannedBytes === 0 || bytes === 0) return byProjects;
    const bytesToCome = plannedBytes - bytes + (plannedBytes / planned) * Math.max(0, queued - planned);
    return Math.max(0, bytesToCome) / (bytes / elapsed);
  }
}

function stateAfter(event: MirrorEvent): string | undefined {
  if (event.type === 'project-adopted') return 'taking over what is there';
  if (event.type === 'queued') return event.projects === 0 ? 'nothing to do' : 'reading project pages';
  if (event.type === 'waiting') return `waiting ${Math.ceil(event.ms / 1000)} s ${event.why}`;
  if (event.type === 'project-done') return 'reading project pages';
  return undefined;
}

function arrivedText({ size, bytes }: Transfer): string {
  return size ? `${Math.floor((100 * bytes) / size)} % of ${showBytes(size)}` : showBytes(bytes);
}

/**
 * Returns the name of the project and its error message. URLs are cut to their last part, as host and folders would
 * take the whole line.
 */
function failureText(name: string, reason: string): string {
  const text = reason.replace(/\bhttps?:\/\/\S*?([^\s/]+)\/?(?=:?(?:\s|$))/g, '$1');
  return text.startsWith(`${name}: `) ? text : `${name}: ${text}`;
}
