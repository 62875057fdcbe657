/** The section `[hooks]` of `mirror.toml`: the commands that a run starts at its end. */
import { type ConfigValue, countOf, fieldsOf, invalid, itemsOf, unexpected } from '../../policy/config-value.ts';

/** A program, by its absolute path, and its arguments. */
export type HookCommand = readonly [program: string, ...args: string[]];

export interface Hooks {
  /** Gets the paths that changed. */
  readonly afterRun: HookCommand | undefined;
  /** Gets the text of an alarm. */
  readonly onAlarm: HookCommand | undefined;
  /** The time after which a hook is ended. */
  readonly timeoutSeconds: number;
}

/** An hour at most: the next runs wait meanwhile, and two hours without progress are an alarm. */
const maxTimeoutSeconds = 3600;

export const noHooks: Hooks = { afterRun: undefined, onAlarm: undefined, timeoutSeconds: 600 };

/** The section as it was given, and the places of its members for messages. */
interface GivenHooks {
  readonly value: unknown;
  readonly where: string;
  readonly at?: (path: string) => string;
}

/** Parses the section. Throws UsageError. */
export function hooksIn({ value, where, at = () => where }: GivenHooks): Hooks {
  const fields = fieldsOf({ value, path: 'hooks', at }, ['after-run', 'on-alarm', 'timeout-seconds']);
  const timeout = fields.get('timeout-seconds');
  const timeoutSeconds = timeout === undefined ? noHooks.timeoutSeconds : countOf(timeout, 1);
  if (timeout !== undefined && timeoutSeconds > maxTimeoutSeconds) {
    unexpected(timeout, `a whole number from 1 to ${maxTimeoutSeconds}`);
  }
  return { afterRun: commandIn(fields.get('after-run')), onAlarm: commandIn(fields.get('on-alarm')), timeoutSeconds };
}

function commandIn(given: ConfigValue | undefined): HookCommand | undefined {
  if (given === undefined) return undefined;
  const isList = Array.isArray(given.value) && given.value.length > 0;
  if (!isList) unexpected(given, 'a list of a program and its arguments, such as ["/usr/local/bin/purge-cdn"]');
  const [program = '', ...args] = itemsOf(given).map((item) => argumentIn(item));
  // No shell looks for the program, and cron, systemd and /sync have different PATHs.
  if (!program.startsWith('/'))
    invalid(given, `expected the absolute path of a program, found ${JSON.stringify(program)}`);
  return [program, ...args];
}

function argumentIn(given: ConfigValue): string {
  const { value } = given;
  return typeof value === 'string' && !value.includes('\0') ? value : unexpected(given, 'a text');
}
