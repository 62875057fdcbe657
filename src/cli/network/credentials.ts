/** By what user and password we are known to an index. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { NonsenseError, UsageError } from '../../core/errors.ts';
import { type Login, parseNetrc } from '../../formats/netrc.ts';
import { readText } from '../config/read-text.ts';
import type { Settings } from '../config/settings.ts';
import { refuseExposed } from '../target/private-files.ts';
import type { Target } from '../target/target.ts';

/** What a request has to say of who asks; undefined where nobody wants to know. */
export type Authorization = (url: URL) => string | undefined;

/**
 * The credentials in `netrc-file`, or else in ~/.netrc, for the hosts of `settings.upstream` and of `others`: no other host
 * ever sees any. Throws UsageError, which quotes none.
 */
export function readCredentials(settings: Settings, others: readonly string[], target: Target): Authorization {
  const path = settings.netrcFile ?? join(homedir(), '.netrc');
  const logins = readLogins(path, settings.netrcFile !== undefined);
  const headers = new Map<string, string>();
  for (const { host, hostname } of [settings.upstream, ...others].map((address) => new URL(address))) {
    const login = logins.get(host) ?? logins.get(hostname);
    if (login !== undefined) headers.set(host, basic(login));
  }
  if (headers.size > 0 || settings.netrcFile !== undefined) refuseExposed('netrc-file', path, target);
  return ({ host }) => headers.get(host);
}

function readLogins(path: string, isNamed: boolean): ReadonlyMap<string, Login> {
  try {
    return parseNetrc(readText(path));
  } catch (cause) {
    // Nobody has named it: it may be of another program.
    if (!isNamed) return new Map();
    const reason = cause instanceof NonsenseError || !(cause instanceof Error) ? 'it is no netrc file' : cause.message;
    throw new UsageError(`netrc-file: ${path} cannot be read: ${reason}`, { cause });
  }
}

function basic({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
