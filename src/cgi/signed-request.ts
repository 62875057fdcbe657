/** Accepts only requests that are signed with the shared secret, and each of them only once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { headerProblem, secretFrom, signatureProblem, signedDigest } from '../core/sync-signature.ts';
import type { CgiRequest } from './cgi-request.ts';
import { claimMark } from './exclusive-mark.ts';
import { type CgiResponse, forbidden, responses } from './response.ts';
import type { Enter } from './waiting-limit.ts';

/** Returns the answer to a request that may not start a run, or undefined if it may. Throws if there is no secret. */
export async function refuseUnsigned(
  request: CgiRequest,
  secretFile: string,
  run: string,
  now: () => number,
  enter: Enter,
): Promise<CgiResponse | undefined> {
  const secret = secretFrom(readFileSync(secretFile));
  if (secret === undefined) throw new Error(`${secretFile}: is empty, expected the secret`);
  const hopeless = headerProblem(request, now());
  if (hopeless !== undefined) return forbidden(hopeless);
  const body = await bodyOf(request, () => enter(join(run, 'sync-waiting')));
  if ('headers' in body) return body;
  const problem = signatureProblem(secret, request, body, now());
  if (problem !== undefined) return forbidden(problem);
  // The mark is named by the signed content, not by the client's spelling of it.
  const name = signedDigest(secret, request.timestamp, body);
  const mark = claimMark(join(run, 'sync-signatures'), name, now());
  if (mark === 'full') return responses.tooMany;
  return mark === 'again' ? forbidden('The signature was used before') : undefined;
}

/** Returns the body, or the answer to a client that is too slow or one of too many slow ones. */
async function bodyOf(request: CgiRequest, enter: () => ReturnType<Enter>): Promise<Buffer | CgiResponse> {
  if (request.isComplete) return request.body;
  const leave = enter();
  if (leave === undefined) return responses.busy;
  try {
    return (await request.wholeBody()) ?? responses.tooSlow;
  } finally {
    leave();
  }
}
