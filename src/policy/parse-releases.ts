/** Reads the tables `[releases]` and `[budget]` of `mirror.toml`. */
import { projectName } from '../core/names.ts';
import {
  type ConfigValue,
  countOf,
  fieldsOf,
  flagOf,
  invalid,
  itemsOf,
  locationOf,
  oneOf,
  settingText,
  textOf,
  unexpected,
} from './config-value.ts';
import { parseDuration, parseSize } from './durations-and-sizes.ts';
import type { Budget, ReleaseRules } from './policy.ts';
import { type CompileRegex, matcherOf, parsePattern } from './project-patterns.ts';
import type { Reason, Ruled } from './reason.ts';
import { releaseKeys } from './rule-traits.ts';

/** Reads `[releases]`. Throws UsageError. */
export function parseReleases(given: ConfigValue | undefined, compileRegex: CompileRegex): ReleaseRules {
  const fields = fieldsOf(given, releaseKeys);
  const keep = ruled(fields.get('keep'), (field) => countOf(field, 1));
  const per =
    ruled(fields.get('keep-per'), (field) => oneOf(field, ['project', 'major', 'minor'] as const))?.value ?? 'project';
  const exempt = itemsOf(fields.get('min-age-exempt')).map((item) => exemption(item, compileRegex));
  const minAge = fields.get('min-age');
  const minAgeMs = ruled(minAge, durationOf);
  const maxAgeMs = ruled(fields.get('max-age'), durationOf);
  if (minAge !== undefined && minAgeMs !== undefined && maxAgeMs !== undefined && minAgeMs.value >= maxAgeMs.value) {
    invalid(minAge, `expected less than max-age, found ${textOf(minAge)}: no file would ever be held`);
  }
  return {
    noPrereleases: refusal(fields.get('prereleases')),
    noYanked: refusal(fields.get('yanked')),
    keep: keep && { value: { count: keep.value, per }, because: keep.because },
    minAgeMs,
    isMinAgeExempt: matcherOf(exempt),
    minAgeExempt: exempt.map(({ kind, text }) => `${kind} ${text}`).sort(),
    maxAgeMs,
  };
}

/** Reads `[budget]`. Throws UsageError. */
export function parseBudget(given: ConfigValue | undefined): Budget {
  const fields = fieldsOf(given, ['size', 'reserve'] as const);
  return { size: ruled(fields.get('size'), sizeOf), reserve: ruled(fields.get('reserve'), sizeOf) };
}

/** Returns the parsed setting, with itself as the reason for what follows from it. */
export function ruled<T>(given: ConfigValue | undefined, parse: (given: ConfigValue) => T): Ruled<T> | undefined {
  return given && { value: parse(given), because: reasonOf(given) };
}

/** Returns the setting as a reason. */
export function reasonOf(given: ConfigValue): Reason {
  return { where: locationOf(given), text: settingText(given) };
}

/** Returns a size in bytes. Throws UsageError. */
export function sizeOf(given: ConfigValue): number {
  const size = typeof given.value === 'string' ? parseSize(given.value) : undefined;
  return size ?? unexpected(given, 'a size such as "500MB" or "1.5GiB"');
}

function durationOf(given: ConfigValue): number {
  const duration = typeof given.value === 'string' ? parseDuration(given.value) : undefined;
  return duration ?? unexpected(given, 'a time such as "12h", "7d", "2w" or "5y"');
}

/** Returns the setting as a reason if it is false, else undefined. */
function refusal(given: ConfigValue | undefined): Reason | undefined {
  return given === undefined || flagOf(given) ? undefined : reasonOf(given);
}

function exemption(given: ConfigValue, compileRegex: CompileRegex) {
  const pattern = parsePattern(given, compileRegex);
  const isPlain = pattern.kind !== 'name' || pattern.requirement.name === projectName(pattern.text);
  return isPlain ? pattern : unexpected(given, 'a project without versions');
}
