/** Reads the `.netrc` file of ftp, curl and pip, which holds logins by machine. */
import { NonsenseError } from '../core/errors.ts';

/** A user name and a password. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/**
 * Returns the logins in `text` by lower-case machine name. The first login for a machine counts. The `default` login is
 * left out, since it would be sent to every index. Throws NonsenseError with a message that quotes nothing of the file.
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

/** Reads a text word by word. */
class Words {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the next word outside of comments, or undefined at the end. */
  keyword(): string | undefined {
    this.#pass(/(?:\s|#.*)*/y);
    return this.#take(/\S+/y);
  }

  /** Returns the next word, which may be quoted and may begin with `#`. */
  value(): string {
    this.#pass(/\s*/y);
    const quoted = this.#take(/"(?:\\.|[^"\\])*"/y);
    return quoted?.slice(1, -1).replaceAll(/\\(.)/g, '$1') ?? this.#take(/\S+/y) ?? '';
  }

  /** Skips a macro, which ends with an empty line. */
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
