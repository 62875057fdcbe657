import type { Terminal } from '../../../src/cli/output/live-lines.ts';

/**
 * A terminal as far as the progress display needs one: it breaks lines that are too long, moves the cursor up, and
 * clears to its end. What it does not know it refuses.
 */
export class FakeTerminal implements Terminal {
  columns: number;
  /** The longest line that was ever on the screen. */
  widest = 0;
  #rows: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  /** What stands on the screen, and what scrolled away from it. */
  get screen(): string[] {
    return this.#rows.slice(0, this.#rows.at(-1) === '' ? -1 : undefined);
  }

  write(text: string): void {
    const [plain = '', ...sequences] = text.split('\x1b');
    this.#print(plain);
    for (const sequence of sequences) {
      const [control, count, letter] = /^\[(\d*)([A-Z])/.exec(sequence) ?? [];
      if (letter === 'A') this.#up(Number(count));
      else if (letter === 'J' && count === '') this.#clear();
      else throw new Error(`the terminal does not know ${JSON.stringify(sequence)}`);
      this.#print(sequence.slice(control?.length));
    }
  }

  #print(text: string): void {
    for (const character of text) {
      if (character === '\n') this.#feed();
      else this.#put(character);
    }
  }

  #up(count: number): void {
    if (count < 1 || count > this.#row) throw new Error(`up ${count} from row ${this.#row}`);
    this.#row -= count;
    this.#column = Math.min(this.#column, this.columns - 1);
  }

  #clear(): void {
    this.#rows = [...this.#rows.slice(0, this.#row), (this.#rows[this.#row] ?? '').slice(0, this.#column)];
  }

  #feed(): void {
    this.#row += 1;
    this.#column = 0;
    this.#rows[this.#row] ??= '';
  }

  #put(character: string): void {
    if (this.#column >= this.columns) this.#feed();
    const row = this.#rows[this.#row] ?? '';
    this.#rows[this.#row] = row.slice(0, this.#column) + character + row.slice(this.#column + 1);
    this.#column += 1;
    this.widest = Math.max(this.widest, this.#column);
  }
}
