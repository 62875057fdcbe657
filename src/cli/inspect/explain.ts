/** Answers `--why`. A part of its own, as runs do without it. */
import { exitCodes } from '../program/exit-codes.ts';
import type { Answer } from './answer.ts';
import type { Reader } from './open-reader.ts';
import { renderWhy } from './render-why.ts';
import { explain, isFound, parseSubject } from './why.ts';

/** Returns the function that explains what `text` names. Throws UsageError if that is nothing that can be explained. */
export function explainer(text: string): (reader: Reader, err: (line: string) => void) => Promise<Answer> {
  const subject = parseSubject(text);
  return async (reader, err) => {
    const why = await explain(reader, subject, err);
    // The subject may be misspelled.
    const code = isFound(subject, why) ? exitCodes.ok : exitCodes.incomplete;
    return { code, text: renderWhy(subject, why, reader.target.root), json: why };
  };
}
