/** Reads the credentials of AWS: the file that its tools keep in `~/.aws/credentials`, and what a role is answered. */
import { NonsenseError } from '../core/errors.ts';
import { isJsonObject, parseJson } from './json.ts';

/** The keys of an account. None of them may get into a message, not even the id. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** The keys of a role, which are valid for some hours. */
export interface RoleCredentials extends Credentials {
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/**
 * Returns the credentials of a profile, which is a section of the file. Throws NonsenseError with a message that quotes
 * nothing of the file but the names of its profiles.
 */
export function parseAwsCredentials(text: string, profile: string): Credentials {
  const profiles = new Map<string, Map<string, string>>();
  let values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*(?:profile\s+)?([^\]]*?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) {
      values = profiles.get(section) ?? new Map();
      profiles.set(section, values);
      continue;
    }
    const [, name = '', value = ''] = /^\s*([a-z_]+)\s*=(.*)$/i.exec(line) ?? [];
    values.set(name.toLowerCase(), value.trim());
  }
  const found = profiles.get(profile);
  if (found === undefined) {
    const names = [...profiles.keys()].map((name) => `[${name.slice(0, 40)}]`).slice(0, 10);
    throw new NonsenseError(`expected the profile [${profile}], found ${names.join(', ') || 'none'}`);
  }
  const accessKeyId = found.get('aws_access_key_id') ?? '';
  const secretAccessKey = found.get('aws_secret_access_key') ?? '';
  if (accessKeyId === '' || secretAccessKey === '')
    throw new NonsenseError(`expected aws_access_key_id and aws_secret_access_key in [${profile}], found not both`);
  return withToken({ accessKeyId, secretAccessKey }, found.get('aws_session_token'));
}

/** Returns the credentials that the metadata of an instance or a container has for its role. Throws NonsenseError. */
export function parseRoleCredentials(text: string, source: string): RoleCredentials {
  const found = parseJson(text, source);
  const member = (name: string): string => {
    const value = isJsonObject(found) ? found[name] : undefined;
    if (typeof value !== 'string' || value === '') throw new NonsenseError(`${source}: the answer has no ${name}`);
    return value;
  };
  const [accessKeyId, secretAccessKey] = [member('AccessKeyId'), member('SecretAccessKey')];
  const expiresAtMs = Date.parse(member('Expiration'));
  if (Number.isNaN(expiresAtMs)) throw new NonsenseError(`${source}: the answer has no Expiration that is a date`);
  return { accessKeyId, secretAccessKey, sessionToken: member('Token'), expiresAtMs };
}

/** Returns the credentials with the token of a session, if there is one. */
export function withToken(credentials: Credentials, token: string | undefined): Credentials {
  return token === undefined || token === '' ? credentials : { ...credentials, sessionToken: token };
}
