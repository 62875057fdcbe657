/** Lines at the bottom of a terminal that are drawn over in place. Other output scrolls away above them. */
import { printable } from './printable.ts';

/** The part of a terminal that is used. */
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

  /** Draws `lines` over those drawn before, and cuts lines that are too long for the terminal. */
  draw(lines: readonly string[]): void {
    const width = Math.max(narrowest, this.#terminal.columns - 1);
    const cut = lines.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
    this.#terminal.write(`${this.#back()}${clearToEnd}${printable(cut.join('\n'))}\n`);
    this.#drawn = cut.length;
  }

  /** Removes the lines from the terminal. */
  erase(): void {
    this.#terminal.write(`${this.#back()}${clearToEnd}`);
    this.#drawn = 0;
  }

  /** Writes `text`, which stays, above the lines. */
  writeAbove(text: string, lines: readonly string[]): void {
    this.erase();
    this.#terminal.write(`${printable(text)}\n`);
    this.draw(lines);
  }

  #back(): string {
    return this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
  }
}

/** Returns a progress bar that is filled by `share`, from 0 to 1. */
export function bar(share: number): string {
  const full = Math.floor(share * barWidth);
  return `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}]`;
}
