/**
 * The settings that an administrator makes in the virtual host with SetEnv. Clients cannot set them: all their headers
 * become `HTTP_…`.
 */
import { isAbsolute, join } from 'node:path';

/** The names of the variables. What README.md and pep381sync.cgi(8) say of them is in sync-manual.ts. */
export type SyncVariable = 'PYPITARGET' | 'PEP381_SYNC_MODE' | 'PEP381_SYNC_USER' | 'PEP381_SYNC_SECRET_FILE';

export interface CgiSettings {
  readonly target: string;
  /** `TARGET/run`, where the programs leave files for each other. */
  readonly run: string;
  /** 'start' to start a run, 'flag' to only set the flag for a run that cron or systemd starts. */
  readonly mode: 'start' | 'flag';
  /** The user that runs the mirror, through sudo. */
  readonly user: string | undefined;
  /** The file with the secret. Undefined if requests need no signature. */
  readonly secretFile: string | undefined;
}

/** Reads the settings. Throws an Error that names the wrong one. */
export function readCgiSettings(env: { readonly [Name in SyncVariable]?: string | undefined }): CgiSettings {
  const { PYPITARGET: target = '/pypi', PEP381_SYNC_MODE: mode = 'start', PEP381_SYNC_USER: user } = env;
  if (mode !== 'start' && mode !== 'flag') throw new Error('PEP381_SYNC_MODE: expected start or flag');
  if (user !== undefined && !/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) throw new Error('PEP381_SYNC_USER: no user name');
  const secretFile = env.PEP381_SYNC_SECRET_FILE;
  if (secretFile !== undefined && !isAbsolute(secretFile)) {
    throw new Error('PEP381_SYNC_SECRET_FILE: expected an absolute path');
  }
  return { target, run: join(target, 'run'), mode, user, secretFile };
}
