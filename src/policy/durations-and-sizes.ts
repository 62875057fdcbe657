/** Durations and sizes as people write them in settings. */
import { dayMs, hourMs, minuteMs } from '../core/durations.ts';

const units: ReadonlyMap<string, number> = new Map([
  ['h', hourMs],
  ['d', dayMs],
  ['w', 7 * dayMs],
  ['y', 365 * dayMs],
]);

/** Minutes are not among the units of ages, where `6m` might be meant as months. */
const shortUnits: ReadonlyMap<string, number> = new Map([
  ['m', minuteMs],
  ['h', hourMs],
  ['d', dayMs],
]);

const sizes: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ...['k', 'M', 'G', 'T', 'P'].map((prefix, index) => [`${prefix}B`, 1000 ** (index + 1)] as const),
  ...['K', 'M', 'G', 'T', 'P'].map((prefix, index) => [`${prefix}iB`, 1024 ** (index + 1)] as const),
]);

/** Returns `7d` in milliseconds. Units are h, d, w and y, which is 365 days. Returns undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  return amountOf(text, units);
}

/** Returns `30m` in milliseconds. Units are m, h and d. Returns undefined for anything else. */
export function parseInterval(text: string): number | undefined {
  return amountOf(text, shortUnits);
}

/**
 * Returns `1.5GB` in bytes. Units are B, kB, MB, GB, TB, PB and KiB, MiB and so on. Returns undefined for anything
 * else.
 */
export function parseSize(text: string): number | undefined {
  return amountOf(text, sizes);
}

function amountOf(text: string, known: ReadonlyMap<string, number>): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,9})?) ?([A-Za-z]{1,3})$/.exec(text) ?? [];
  const factor = known.get(unit === 'KB' ? 'kB' : unit);
  return factor === undefined ? undefined : Math.round(Number(number) * factor);
}
