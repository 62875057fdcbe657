/** Lets in only who knows the shared secret, and each of their requests once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { secretFrom, signatureProblem, signedDigest } from '../core/sync-signature.ts';
import { type Answer, answers, forbidden } from './answer.ts';
import type { CgiRequest } from './cgi-request.ts';
import { markOnce } from './once.ts';

/** The answer to a request that may not start a run; undefined when it may. Throws when there is no secret to compare with. */
export function refuseUnsigned(
  request: CgiRequest,
  secretFile: string,
  run: string,
  nowMs: number,
): Answer | undefined {
  const secret = secretFrom(readFileSync(secretFile));
  if (secret === undefined) throw new Error(`${secretFile}: is empty, expected the secret`);
  const problem = signatureProblem(secret, request, request.body, nowMs);
  if (problem !== undefined) return forbidden(problem);
  // By what was signed, not by how the client has written it.
  const name = signedDigest(secret, request.timestamp, request.body);
  const mark = markOnce(join(run, 'sync-signatures'), name, nowMs);
  if (mark === 'full') return answers.tooMany;
  return mark === 'again' ? forbidden('The signature was used before') : undefined;
}
