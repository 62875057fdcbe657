/** Splits a text into tokens from its beginning, for grammars that need to see only the next token. */

export class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * Takes and returns the text that `pattern`, a sticky one, matches here. Returns undefined and takes nothing if it
   * does not match.
   */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const token = pattern.exec(this.#text)?.[0];
    this.#at += token?.length ?? 0;
    return token;
  }

  /** Skips spaces and tabs. */
  skipSpace(): this {
    this.take(/[ \t]*/y);
    return this;
  }

  /** The text that has not been taken. */
  get rest(): string {
    return this.#text.slice(this.#at);
  }
}
