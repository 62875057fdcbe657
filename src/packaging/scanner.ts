/** Takes a text apart from its beginning on, for grammars that need no more than the next token. */

export class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Takes what `pattern`, a sticky one, matches here; undefined, and nothing is taken, when it does not. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const token = pattern.exec(this.#text)?.[0];
    this.#at += token?.length ?? 0;
    return token;
  }

  /** Passes over spaces and tabs. */
  skipSpace(): this {
    this.take(/[ \t]*/y);
    return this;
  }

  /** What is not taken yet. */
  get rest(): string {
    return this.#text.slice(this.#at);
  }
}
