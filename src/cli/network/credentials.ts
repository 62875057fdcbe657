/** Reads the users and passwords for indexes. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { NonsenseError, UsageError } from '../../core/errors.ts';
import { type Login, parseNetrc } from '../../formats/netrc.ts';
import { readText } from '../config/read-text.ts';
import type { Settings } from '../config/settings.ts';
import { refuseExposed } from '../target/private-files.ts';
import type { Target } from '../target/target.ts';

/** Returns the Authorization header for a request, or undefined if it needs none. */
export type Authorization = (url: URL) => string | undefined;

/**
 * Returns the credentials in `netrc-file`, or else in ~/.netrc, for the hosts of `settings.upstream` and `others`. No
 * other host receives any. Throws UsageError, which quotes none of them.
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
    // The file is optional, and may belong to another program.
    if (!isNamed) return new Map();
    const reason = cause instanceof NonsenseError || !(cause instanceof Error) ? 'it is no netrc file' : cause.message;
    throw new UsageError(`netrc-file: ${path} cannot be read: ${reason}`, { cause });
  }
}

function basic({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
