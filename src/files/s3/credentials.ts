/**
 * Where the credentials for a store come from: a file that the settings name, else the environment, else the role of
 * the container or the instance. Those of a role are renewed before they expire.
 */
import { messageOf } from '../../core/caught-error.ts';
import type { Clock } from '../../core/clock.ts';
import { minuteMs } from '../../core/durations.ts';
import { MirrorError, StorageError, UsageError } from '../../core/errors.ts';
import {
  type Credentials,
  parseAwsCredentials,
  parseRoleCredentials,
  type RoleCredentials,
  withToken,
} from '../../formats/aws-credentials.ts';
import type { GetCredentials } from './store-client.ts';

/** Sends a request to the service for metadata, past any proxy, and returns status and body of the answer. */
export type AskMetadata = (
  method: 'GET' | 'PUT',
  url: URL,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly body: string }>;

export interface CredentialSources {
  /** A run that /sync starts has no variables of AWS. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file, if the settings name one. It is read again when what it holds has expired. */
  readonly file?: { readonly path: string; readonly profile: string; readonly read: () => string } | undefined;
  readonly ask: AskMetadata;
  /** Reads the file with the token for the container's service. */
  readonly readToken: (path: string) => string;
  readonly clock: Clock;
}

const instance = 'http://169.254.169.254/latest/';
const container = 'http://169.254.170.2';
/** Who may be asked for credentials without TLS: this machine, and what ECS and EKS put beside a container. */
const trustedHosts = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\])$/;
/** So long before they expire credentials are renewed. */
const renewBeforeMs = 5 * minuteMs;
/** The shortest time between two renewals of what has not expired. */
const minRenewalMs = minuteMs;

/**
 * Returns a function for the current credentials. Throws UsageError if a source that was chosen has none; the function
 * throws StorageError if a role has none.
 */
export function openCredentials(sources: CredentialSources): GetCredentials {
  const { env, file } = sources;
  if (file !== undefined) {
    let current = readFrom(file);
    return async (refused) => {
      if (refused !== undefined) current = readFrom(file);
      return current;
    };
  }
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = env;
  if (accessKeyId === '' && secretAccessKey === '') return renewing(sources);
  if (accessKeyId === '' || secretAccessKey === '') {
    const missing = accessKeyId === '' ? 'AWS_ACCESS_KEY_ID' : 'AWS_SECRET_ACCESS_KEY';
    throw new UsageError(`${missing} is not set, but its counterpart is; set both or none`);
  }
  const fixed = withToken({ accessKeyId, secretAccessKey }, env.AWS_SESSION_TOKEN);
  return async () => fixed;
}

function readFrom({ path, profile, read }: NonNullable<CredentialSources['file']>): Credentials {
  try {
    return parseAwsCredentials(read(), profile);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`credentials-file: ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Returns a function for the credentials of a role. All that wait at the same time share one renewal. */
function renewing(sources: CredentialSources): GetCredentials {
  const { clock } = sources;
  let current: RoleCredentials | undefined;
  let renewAtMs = Number.NEGATIVE_INFINITY;
  let renewal: Promise<RoleCredentials> | undefined;
  const renew = async (): Promise<RoleCredentials> => {
    try {
      current = await askRole(sources);
      renewAtMs = Math.max(current.expiresAtMs - renewBeforeMs, clock.now() + minRenewalMs);
      return current;
    } catch (error) {
      renewAtMs = clock.now() + minRenewalMs;
      // What has not expired yet still does.
      if (current !== undefined && current.expiresAtMs > clock.now()) return current;
      throw error;
    } finally {
      renewal = undefined;
    }
  };
  return async (refused) => {
    const isRefused = refused !== undefined && refused.accessKeyId === current?.accessKeyId;
    const now = clock.now();
    if (current !== undefined && !isRefused && now < renewAtMs && now < current.expiresAtMs) return current;
    renewal ??= renew();
    return renewal;
  };
}

async function askRole(sources: CredentialSources): Promise<RoleCredentials> {
  try {
    const address = containerAddress(sources);
    const [url, headers] =
      address === undefined ? await instanceRequest(sources.ask) : [address, containerHeaders(sources)];
    const { status, body } = await sources.ask('GET', url, headers);
    if (status !== 200) throw new StorageError(`${url.href}: expected status 200, found ${status}`);
    return parseRoleCredentials(body, url.href);
  } catch (cause) {
    if (!(cause instanceof MirrorError) || cause instanceof UsageError || cause.code === 'paused') throw cause;
    throw new StorageError(`no credentials for the object store: ${cause.message}; ${advice}`, { cause });
  }
}

const advice = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a file in [storage], or give this machine a role';

/** Asks for a token and the name of the role (IMDSv2), and returns the request for its credentials. */
async function instanceRequest(ask: AskMetadata): Promise<[url: URL, headers: Readonly<Record<string, string>>]> {
  const tokenUrl = new URL('api/token', instance);
  const token = await ask('PUT', tokenUrl, { 'x-aws-ec2-metadata-token-ttl-seconds': '300' });
  if (token.status !== 200) throw new StorageError(`${tokenUrl.href}: expected status 200, found ${token.status}`);
  const headers = { 'x-aws-ec2-metadata-token': token.body.trim() };
  const roles = new URL('meta-data/iam/security-credentials/', instance);
  const { status, body } = await ask('GET', roles, headers);
  const role = body.trim();
  if (status === 404) throw new StorageError(`${roles.href}: this machine has no role`);
  if (status !== 200 || !/^[\w+=,.@-]{1,128}$/.test(role))
    throw new StorageError(`${roles.href}: expected status 200 and the name of a role, found ${status}`);
  return [new URL(role, roles), headers];
}

/** Returns where a container asks for its credentials; undefined if it is none. Throws UsageError. */
function containerAddress({ env }: CredentialSources): URL | undefined {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path = '', AWS_CONTAINER_CREDENTIALS_FULL_URI: address = '' } = env;
  if (path !== '') {
    if (path.startsWith('/')) return new URL(container + path);
    throw new UsageError('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: expected a path that begins with a slash');
  }
  if (address === '') return undefined;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && trustedHosts.test(url.hostname))) return url;
  throw new UsageError('AWS_CONTAINER_CREDENTIALS_FULL_URI: expected https, or http on this machine');
}

function containerHeaders({ env, readToken }: CredentialSources): Readonly<Record<string, string>> {
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN: given = '', AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path = '' } = env;
  if (path === '') return given === '' ? {} : { authorization: given };
  try {
    return { authorization: readToken(path).trim() };
  } catch (cause) {
    throw new UsageError(`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: ${path} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
}
