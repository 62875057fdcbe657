/** How the values of a chart are written, and where the lines of its grid lie. */
import { scaleLinear } from 'd3-scale';
import { showCount } from '../../core/counts.ts';
import { daySeconds } from '../../core/durations.ts';
import { showBytes } from '../../core/show-bytes.ts';

/** A kind of values: numbers of things, bytes, shares, or durations. */
export interface ValueKind {
  /** Returns the values of the lines of a grid, from 0 to the first one that is not below `max`. */
  ticks(max: number): readonly number[];
  /** Returns a value as it stands at an axis: `13 G`. */
  short(value: number): string;
  /** Returns a value as it stands in a table: `13,000,000,000`. */
  full(value: number): string;
}

/** Number of lines of a grid, about. */
const tickCount = 4;
const kib = 1024;
const bytePrefixes = 5;
/** The steps of a grid of seconds. Longer ones are whole days. */
const secondSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];

/** Numbers of things, such as downloads. */
export const counts: ValueKind = { ticks: countTicks, short: shortCount, full: showCount };

/** Bytes, in powers of 1024. */
export const bytes: ValueKind = {
  ticks(max) {
    let unit = 1;
    for (let prefix = 0; prefix < bytePrefixes && max / unit >= 1000; prefix += 1) unit *= kib;
    const ticks = unit === 1 ? countTicks(max) : niceTicks(max / unit);
    return ticks.map((value) => value * unit);
  },
  short: (value) => (value === 0 ? '0' : showBytes(value).replace('.0 ', ' ')),
  full: showBytes,
};

/** Shares of a whole, from 0 to 1. */
export const shares: ValueKind = {
  ticks: (max) => niceTicks(Math.max(max, 0.01)),
  short: (value) => `${rounded(value * 100)} %`,
  full: (value) => `${(value * 100).toFixed(1)} %`,
};

/** Durations in seconds. */
export const seconds: ValueKind = {
  ticks(max) {
    const step =
      secondSteps.find((step) => step * tickCount >= max) ?? Math.ceil(max / tickCount / daySeconds) * daySeconds;
    return Array.from({ length: Math.max(1, Math.ceil(max / step)) + 1 }, (_, at) => at * step);
  },
  short: shortDuration,
  full: fullDuration,
};

/** Returns for example `13.2 billion`, or `12,345` for less than a million. */
export function longCount(value: number): string {
  const words = ['million', 'billion', 'trillion'];
  if (value < 999_500) return showCount(value);
  let [amount, word] = [value / 1e6, 0];
  while (amount >= 999.5 && word < words.length - 1) [amount, word] = [amount / 1000, word + 1];
  return `${amount < 10 ? amount.toFixed(2) : amount < 100 ? amount.toFixed(1) : Math.round(amount)} ${words[word]}`;
}

function countTicks(max: number): readonly number[] {
  return niceTicks(Math.max(Math.ceil(max), 1)).filter(Number.isInteger);
}

function niceTicks(max: number): readonly number[] {
  return scaleLinear().domain([0, max]).nice(tickCount).ticks(tickCount);
}

function shortCount(value: number): string {
  const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];
  let [amount, prefix] = [value, 0];
  while (amount >= 999.5 && prefix < prefixes.length - 1) [amount, prefix] = [amount / 1000, prefix + 1];
  return `${rounded(amount)}${prefix === 0 ? '' : ` ${prefixes[prefix]}`}`;
}

/** Returns `value` with three significant digits, without zeros at its end. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}

const durationUnits = [
  ['d', daySeconds],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** Returns for example `1.5 h`. */
function shortDuration(value: number): string {
  const [unit, size] = durationUnits.find(([, size]) => value >= size) ?? ['s', 1];
  return `${rounded(value / size)} ${unit}`;
}

/** Returns for example `1 h 2 min`: the largest unit and the next one. */
function fullDuration(value: number): string {
  if (value < 10) return shortDuration(value);
  const whole = Math.round(value);
  const at = Math.max(
    0,
    durationUnits.findIndex(([, size]) => whole >= size),
  );
  let left = whole;
  const parts = durationUnits.slice(at, at + 2).map(([unit, size]) => {
    const amount = Math.floor(left / size);
    left -= amount * size;
    return amount > 0 ? `${amount} ${unit}` : '';
  });
  return parts.filter((part) => part !== '').join(' ');
}
