/** Answers `/sync`, a request for a run. Any number of requests start at most one process beside the active run. */
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { messageOf } from '../core/caught-error.ts';
import type { CgiRequest, Environment } from './cgi-request.ts';
import { giveUpStart, raiseFlag } from './request-flag.ts';
import { type CgiResponse, responses } from './response.ts';
import { type CgiSettings, readCgiSettings } from './sync-settings.ts';
import type { Enter } from './waiting-limit.ts';

/** The functions and values that the program passes in. */
export interface SyncContext {
  readonly env: Environment;
  readonly now: () => number;
  /** Writes a line to the error log. */
  readonly log: (line: string) => void;
  readonly enter: Enter;
  /** Starts a run that outlives this process. Rejects if it cannot start. */
  readonly start: (settings: CgiSettings) => Promise<void>;
}

/** Answers the request, and starts a run if one is due. */
export async function answerSync(request: CgiRequest, surroundings: SyncContext): Promise<CgiResponse> {
  const { pathInfo, method, isTooLong } = request;
  if (pathInfo !== '' && pathInfo !== '/') return responses.notFound;
  if (!['GET', 'HEAD', 'POST'].includes(method)) return responses.notAllowed;
  if (isTooLong) return responses.tooLong;
  try {
    const settings = readCgiSettings(surroundings.env);
    if (!isFolder(settings.target)) return responses.noTarget;
    return (await refusal(request, settings, surroundings)) ?? (await askForRun(settings, surroundings));
  } catch (error) {
    const reason = messageOf(error, String(error));
    surroundings.log(`pep381sync: ${reason.replace(/\s+/g, ' ')}`);
    return responses.broken;
  }
}

async function refusal(
  request: CgiRequest,
  { secretFile, run }: CgiSettings,
  { now, enter }: SyncContext,
): Promise<CgiResponse | undefined> {
  // The body matters only if requests must be signed.
  if (secretFile === undefined) return undefined;
  // Cryptography takes a while to load, and is seldom needed.
  const { refuseUnsigned } = await import('./signed-request.ts');
  return refuseUnsigned(request, secretFile, run, now, enter);
}

async function askForRun(settings: CgiSettings, { now, start }: SyncContext): Promise<CgiResponse> {
  const nowMs = now();
  const { mode, run } = settings;
  if (mode === 'flag') {
    raiseFlag(run, nowMs);
    return responses.requested;
  }
  if (!raiseFlag(run, nowMs)) return responses.started;
  try {
    await start(settings);
  } catch (error) {
    giveUpStart(run, nowMs);
    throw error;
  }
  return responses.started;
}

function isFolder(path: string): boolean {
  return isAbsolute(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
