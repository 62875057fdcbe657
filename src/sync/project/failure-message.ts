/**
 * Messages for errors thrown while a project is synced. An unexpected error is a bug of ours: it costs one project, no
 * other.
 */
import { MirrorError, oneLine } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import type { MirrorEvent } from '../../core/report.ts';

/** Returns the alarm for an error thrown while `name` was synced, or undefined if the error is an expected failure. */
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

/** Returns the thrown error as one line of text. */
export function failureText(error: unknown): string {
  if (error instanceof MirrorError) return error.message;
  return oneLine(error instanceof Error ? `${error.name}: ${error.message}` : `${typeof error} was thrown`);
}
