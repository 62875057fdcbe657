/** Detects that decisions may have changed since they were made. */
import { sha256Hex } from '../core/hash.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import type { WheelFilter } from '../packaging/wheel-tags.ts';
import type { FileRules, Policy, ReleaseRules, Rule } from './policy.ts';
import type { Limits, Want } from './want.ts';

/** Short hashes of everything that decisions depend on. Comments, line numbers and the order of keys have no effect. */
export interface Fingerprint {
  /** Hash of what selects projects and the wanted releases, including the content of requirements files. */
  readonly projects: string;
  /** Hash of `[releases]`, `[files]`, and the treatment of unmirrored files on pages. */
  readonly files: string;
}

/** To be raised when the same rules begin to yield different decisions. Then everything is planned again. */
const meaning = 2;

/** Returns the fingerprint of `policy`. */
export function fingerprintOf({ rules, otherwise, dependencies, environments, ...policy }: Policy): Fingerprint {
  const places = sortedTexts(environments.map(environmentText));
  return {
    projects: hash([rules.map(ruleText), otherwise.value, dependencies, places]),
    files: hash([meaning, releasesText(policy.releases), filesText(policy.files), policy.unmirrored]),
  };
}

function hash(value: unknown): string {
  return sha256Hex(new TextEncoder().encode(JSON.stringify(value))).slice(0, 16);
}

function ruleText({ hold, index, named, open }: Rule): unknown {
  const names = [...named].map(([name, wants]) => [name, ...sortedTexts(wants.map(wantText))]);
  const from = index === undefined ? [] : [index.url, sortedTexts(index.fileHosts)];
  return [hold, sortedTexts(names), sortedTexts(open.map(({ kind, text }) => [kind, text])), ...from];
}

function wantText({ specifier, extras, sha256s, limits }: Want): unknown {
  return [specifier.text.replaceAll(/\s/g, ''), [...extras].sort(), [...sha256s].sort(), limits && limitsText(limits)];
}

function limitsText({ byName, elsewhere }: Limits): unknown {
  const limits = [...byName].map(([name, { specifier, sha256s }]) => [name, specifier.text, [...sha256s].sort()]);
  return [sortedTexts(limits), [...elsewhere].sort()];
}

function environmentText(environment: MarkerEnvironment): unknown {
  return Object.entries(environment).sort();
}

function releasesText(rules: ReleaseRules): unknown {
  const { noPrereleases, noYanked, keep, minAgeMs, minAgeExempt, maxAgeMs } = rules;
  return [
    noPrereleases !== undefined,
    noYanked !== undefined,
    keep && [keep.value.count, keep.value.per],
    minAgeMs && [minAgeMs.value, minAgeExempt],
    maxAgeMs?.value,
  ];
}

function filesText({ kinds, sdists, wheelFilter, maxSize, maxProjectSize }: FileRules): unknown {
  const kindNames = kinds && [...kinds.value].sort();
  return [kindNames, sdists?.value, wheelFilter && wishText(wheelFilter), maxSize?.value, maxProjectSize?.value];
}

function wishText({ systems, machines, pythons, abis, glibc, musl }: WheelFilter): unknown {
  return [...[systems, machines, pythons, abis].map((list) => list && sortedTexts(list)), glibc, musl];
}

/** Returns the values as sorted texts, for lists whose order has no meaning. */
function sortedTexts(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}
