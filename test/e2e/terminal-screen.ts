/**
 * The screen of a terminal, as far as the progress display uses it: it breaks lines that are too long, goes back to the
 * beginning of a line, moves up, and clears to the end. What it does not know it refuses.
 */
export class TerminalScreen {
  readonly #columns: number;
  #rows: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** What stands on the screen and what scrolled away from it, without blanks at the ends of lines. */
  get lines(): string[] {
    return this.#rows.join('\n').trimEnd().split('\n');
  }

  /** Shows what a program wrote; a sequence must not be cut. */
  write(text: string): void {
    const [plain = '', ...sequences] = text.split('\x1b');
    this.#print(plain);
    for (const sequence of sequences) {
      const [control = '', count, letter] = /^\[(\d*)([A-Z])/.exec(sequence) ?? [];
      if (letter === 'A') this.#row = Math.max(0, this.#row - Number(count));
      else if (letter === 'J' && count === '') this.#clear();
      else throw new Error(`the terminal does not know ${JSON.stringify(sequence)}`);
      this.#print(sequence.slice(control.length));
    }
  }

  #print(text: string): void {
    for (const character of text) {
      if (character === '\n') this.#feed();
      else if (character === '\r') this.#column = 0;
      else this.#put(character);
    }
  }

  #clear(): void {
    this.#rows = [...this.#rows.slice(0, this.#row), (this.#rows[this.#row] ?? '').slice(0, this.#column)];
  }

  #feed(): void {
    this.#row += 1;
    this.#rows[this.#row] ??= '';
  }

  #put(character: string): void {
    if (this.#column >= this.#columns) {
      this.#feed();
      this.#column = 0;
    }
    const row = (this.#rows[this.#row] ?? '').padEnd(this.#column);
    this.#rows[this.#row] = row.slice(0, this.#column) + character + row.slice(this.#column + 1);
    this.#column += 1;
  }
}
