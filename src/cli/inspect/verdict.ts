/**
 * What a monitoring system is told of a mirror, in the form that plugins of Nagios and Icinga have: an exit code, and
 * one line with the state, the reasons, and after a bar the measured values with their limits.
 */

/** The states of plugins, by their exit codes. */
const states = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;
const unknown = 3;

export interface Verdict {
  /** The exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
  readonly code: number;
  readonly line: string;
}

/** Returns the verdict if the status cannot be read. */
export function unknownVerdict(message: string): Verdict {
  return { code: unknown, line: verdictLine(unknown, message, []) };
}

/** Returns the line of a verdict. */
export function verdictLine(code: number, text: string, data: readonly string[]): string {
  // A bar ends the text, and a newline the line.
  const safe = text.replaceAll('|', '/').replaceAll(/\s+/g, ' ');
  return `PEP381 ${states[code]} - ${safe}${data.length === 0 ? '' : ` | ${data.join(' ')}`}`;
}
