/** Opens the credentials for an object store. */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../core/clock.ts';
import { openAskMetadata } from '../../files/s3/ask-metadata.ts';
import { openCredentials } from '../../files/s3/credentials.ts';
import type { GetCredentials } from '../../files/s3/store-client.ts';
import { readText } from '../config/read-text.ts';
import { refuseExposed } from '../target/private-files.ts';

/** Where the credentials may be, and what is needed to ask for those of a role. */
export interface StoreCredentials {
  /** The path of the setting `credentials-file`. */
  readonly credentialsFile: string | undefined;
  readonly profile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly target: { readonly root: string };
  /** Opens connections without a proxy. It is called at most once, and only for a role. */
  readonly connect: () => Dispatcher;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Returns a function for the current credentials. Throws UsageError, which quotes none of them, also if others than its
 * owner may read the file.
 */
export function openStoreCredentials(options: StoreCredentials): GetCredentials {
  const { credentialsFile: path, profile, env, target, connect, clock, signal } = options;
  let dispatcher: Dispatcher | undefined;
  return openCredentials({
    env,
    file: path === undefined ? undefined : { path, profile, read: () => readPrivate(path, target) },
    ask: (method, url, headers) => {
      dispatcher ??= connect();
      return openAskMetadata(dispatcher, clock, signal)(method, url, headers);
    },
    readToken: readText,
    clock,
  });
}

function readPrivate(path: string, target: { readonly root: string }): string {
  const text = readText(path);
  refuseExposed('credentials-file', path, target);
  return text;
}
