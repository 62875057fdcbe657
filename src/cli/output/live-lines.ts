/** A few lines on a terminal that stay in their place and are drawn over; everything else scrolls away above them. */

import { printable } from './printable.ts';

/** The part of a terminal that is needed. */
export interface Terminal {
  readonly columns: number;
  write(text: string): void;
}

const clearToEnd = '\x1b[J';
const narrowest = 20;
const barWidth = 30;

export class LiveLines {
  readonly #terminal: Terminal;
  #drawn = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Draws `lines` over what was drawn before; what is too long for the terminal is cut. */
  draw(lines: readonly string[]): void {
    const width = Math.max(narrowest, this.#terminal.columns - 1);
    const cut = lines.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
    this.#terminal.write(`${this.#back()}${clearToEnd}${printable(cut.join('\n'))}\n`);
    this.#drawn = cut.length;
  }

  /** Takes the lines off the terminal. */
  erase(): void {
    this.#terminal.write(`${this.#back()}${clearToEnd}`);
    this.#drawn = 0;
  }

  /** Writes `text`, which stays, and under it the lines. */
  writeAbove(text: string, lines: readonly string[]): void {
    this.erase();
    this.#terminal.write(`${printable(text)}\n`);
    this.draw(lines);
  }

  #back(): string {
    return this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
  }
}

/** A bar of which `share`, from 0 to 1, is full. */
export function bar(share: number): string {
  const full = Math.floor(share * barWidth);
  return `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}]`;
}
