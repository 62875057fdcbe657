/** Refuses options that minimist would silently accept. */
import { UsageError } from '../../core/errors.ts';
import { suggestion } from '../../core/suggestion.ts';

const shortOptions = /^-[qh]+$/;

/** The options of a program, besides -q and -h. */
export interface KnownOptions {
  /** Options that take no value. */
  readonly flags: readonly string[];
  readonly values: readonly string[];
}

/**
 * Throws UsageError for an unknown option. minimist would accept `-q5`, `--quiet=no` and `--no-workers`, and fails on
 * `--constructor`.
 */
export function refuseUnknown(argv: readonly string[], { flags, values }: KnownOptions): void {
  const end = argv.indexOf('--');
  for (const text of end < 0 ? argv : argv.slice(0, end)) {
    if (!/^-./.test(text) || shortOptions.test(text)) continue;
    const name = text.replace(/=.*/s, '');
    if (values.some((known) => name === `--${known}`)) continue;
    if (!flags.some((known) => name === `--${known}`)) {
      const known = [...flags, ...values].map((option) => `--${option}`);
      throw new UsageError(`no such option: ${name}${suggestion(name, known)}`);
    }
    if (name !== text) throw new UsageError(`${name} takes no value`);
  }
}
