/**
 * A model of a terminal's screen, as far as the progress display uses it: it breaks lines that are too long, returns
 * to the beginning of a line, moves up, and clears to the end. It throws for every other sequence.
 */
export class TerminalScreen {
  readonly #columns: number;
  #rows: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** The lines on the screen and those that scrolled away from it, without blanks at their ends. */
  get lines(): string[] {
    return this.#rows.join('\n').trimEnd().split('\n');
  }

  /** Shows `text`, which must not end within a sequence. */
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
