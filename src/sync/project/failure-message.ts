/** What nobody expects: an error of ours that one project brings about, and that costs no other. */
import { MirrorError, oneLine } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import type { MirrorEvent } from '../../core/report.ts';

/** The alarm for what was thrown while `name` was worked on; undefined where it is an expected failure. */
export function bugAlarmFor(
  name: ProjectName,
  error: unknown,
): Extract<MirrorEvent, { readonly type: 'alarm' }> | undefined {
  if (error instanceof MirrorError) return undefined;
  const stack = error instanceof Error ? error.stack : undefined;
  const place = stack?.split('\n').find((line) => /^\s+at /.test(line));
  const where = place === undefined ? '' : ` (${place.trim()})`;
  const advice = 'this is a bug of pep381client, please report it; the project waits, and the others go on';
  return { type: 'alarm', message: oneLine(`${name}: ${failureText(error)}${where}; ${advice}`), stack };
}

/** What was thrown, in one line. */
export function failureText(error: unknown): string {
  if (error instanceof MirrorError) return error.message;
  return oneLine(error instanceof Error ? `${error.name}: ${error.message}` : `${typeof error} was thrown`);
}
