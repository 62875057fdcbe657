/** The limits of `--status --check`, as `--warning` and `--critical` set them. */
import { dayMs, hourMs } from '../../core/durations.ts';
import { UsageError } from '../../core/errors.ts';
import { suggestion } from '../../core/suggestion.ts';
import { parseDuration, parseSize } from '../../policy/durations-and-sizes.ts';

/** How much of the disk has to be free. */
export type FreeLimit = { readonly bytes: number } | { readonly percent: number };

/** The values that are too high, or too low for `free`. Undefined limits nothing. */
export interface Limits {
  /** Milliseconds since the last complete run began. */
  readonly age: number | undefined;
  /** Milliseconds for which the project that waits longest is in the queue. */
  readonly queue: number | undefined;
  readonly parked: number | undefined;
  readonly 'held-back': number | undefined;
  /** The number of alarms of a day. */
  readonly alarms: number | undefined;
  /** Milliseconds since the last check. */
  readonly check: number | undefined;
  readonly free: FreeLimit | undefined;
}

export interface Thresholds {
  readonly warning: Limits;
  readonly critical: Limits;
}

export const defaultThresholds: Thresholds = {
  warning: {
    age: 6 * hourMs,
    queue: 7 * dayMs,
    parked: 20,
    'held-back': 0,
    alarms: 0,
    check: 40 * dayMs,
    free: { percent: 10 },
  },
  critical: {
    age: 24 * hourMs,
    queue: undefined,
    parked: undefined,
    'held-back': undefined,
    alarms: undefined,
    check: undefined,
    free: { percent: 3 },
  },
};

const parsers: { readonly [Name in keyof Limits]: (text: string) => NonNullable<Limits[Name]> | undefined } = {
  age: parseDuration,
  queue: parseDuration,
  parked: countIn,
  'held-back': countIn,
  alarms: countIn,
  check: parseDuration,
  free: (text) => {
    const [, percent] = /^(\d{1,2})%$/.exec(text) ?? [];
    if (percent !== undefined) return { percent: Number(percent) };
    const bytes = parseSize(text);
    return bytes === undefined ? undefined : { bytes };
  },
};

/** Parses a list such as `age=6h,free=10%,parked=off`; what it leaves out is taken from `others`. Throws UsageError. */
export function limitsIn(option: string, text: string | undefined, others: Limits): Limits {
  const given: Partial<Record<keyof Limits, number | FreeLimit | undefined>> = {};
  for (const part of text === undefined ? [] : text.split(',')) {
    const [name = '', value = ''] = part.trim().split('=', 2);
    if (!isLimit(name))
      throw new UsageError(`${option}: no such value: ${name}${suggestion(name, Object.keys(parsers))}`);
    const limit = value === 'off' ? undefined : parsers[name](value);
    if (limit === undefined && value !== 'off') {
      throw new UsageError(
        `${option}: ${name}: expected such as ${exampleOf(name)}, or off, found ${JSON.stringify(value)}`,
      );
    }
    given[name] = limit;
  }
  return { ...others, ...given } as Limits;
}

function isLimit(name: string): name is keyof Limits {
  return Object.hasOwn(parsers, name);
}

function exampleOf(name: keyof Limits): string {
  if (name === 'free') return '10% or 50GB';
  return parsers[name] === countIn ? '20' : '6h, 7d or 2w';
}

function countIn(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
