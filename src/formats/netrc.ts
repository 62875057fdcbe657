/** The `.netrc` file of ftp, curl and pip: who logs in where. */
import { NonsenseError } from '../core/errors.ts';

/** A user and the password. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/**
 * The logins in `text`, by their machines; of two for one machine the first. What is for any machine (`default`) is left
 * out: it would be sent to every index. Throws NonsenseError, which quotes nothing.
 */
export function parseNetrc(text: string): ReadonlyMap<string, Login> {
  const logins = new Map<string, Login>();
  const words = new Words(text);
  let login: { user: string; password: string } | undefined;
  for (let keyword = words.keyword(); keyword !== undefined; keyword = words.keyword()) {
    if (keyword === 'macdef') words.skipMacro();
    else if (keyword === 'default') login = { user: '', password: '' };
    else if (keyword === 'machine') {
      login = { user: '', password: '' };
      const machine = words.value().toLowerCase();
      if (!logins.has(machine)) logins.set(machine, login);
    } else if (login !== undefined && /^(?:login|user|password|account)$/.test(keyword)) {
      const value = words.value();
      if (keyword === 'password') login.password = value;
      else if (keyword !== 'account') login.user = value;
    } else {
      throw new NonsenseError('expected machine, login and password, each with a value, found something else');
    }
  }
  return logins;
}

/** The text, from word to word. */
class Words {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next word that is not in a comment. */
  keyword(): string | undefined {
    this.#pass(/(?:\s|#.*)*/y);
    return this.#take(/\S+/y);
  }

  /** The next word, which may stand in quotes and begin with `#`. */
  value(): string {
    this.#pass(/\s*/y);
    const quoted = this.#take(/"(?:\\.|[^"\\])*"/y);
    return quoted?.slice(1, -1).replaceAll(/\\(.)/g, '$1') ?? this.#take(/\S+/y) ?? '';
  }

  /** A macro ends with an empty line. */
  skipMacro(): void {
    const end = /\n[ \t\r]*\n/g;
    end.lastIndex = this.#at;
    this.#at = end.test(this.#text) ? end.lastIndex : this.#text.length;
  }

  #pass(pattern: RegExp): void {
    this.#take(pattern);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}
