/** What the list of projects names and no project can be called. A hostile list may have a million of them. */
import type { Report } from '../../core/report.ts';

const maxReported = 10;
const longestTold = 200;

export class InvalidNames {
  readonly #report: Report;
  #count = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Tells of one, unless there were many. */
  add(name: string): void {
    this.#count += 1;
    if (this.#count > maxReported) return;
    this.#warn(`the list names ${JSON.stringify(name.slice(0, longestTold))}, which is no project name`);
  }

  /** Tells how many more there were. */
  report(): void {
    const more = this.#count - maxReported;
    if (more > 0) this.#warn(`the list has ${more} more names that are no project names`);
  }

  #warn(message: string): void {
    this.#report({ type: 'warning', message });
  }
}
