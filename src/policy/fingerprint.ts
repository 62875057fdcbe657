/** Detects that decisions may have changed since they were made. */
import { sha256Hex } from '../core/hash.ts';
import type { MarkerEnvironment } from '../packaging/environment.ts';
import type { Policy, Rule } from './policy.ts';
import { filesText, releasesText, sortedTexts } from './rule-traits.ts';
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

interface Part {
  readonly of: keyof Fingerprint;
  readonly hashed: (policy: Policy) => unknown;
}

/** Marks members that no decision depends on, or that follow from other members. */
const unhashed = undefined;

/**
 * In the order in which parts are hashed, which must stay: the hashes are stored. A part that is missing does not
 * compile.
 */
const parts: { readonly [Member in keyof Policy]-?: Part | typeof unhashed } = {
  rules: { of: 'projects', hashed: ({ rules }) => rules.map(ruleText) },
  index: unhashed,
  otherwise: { of: 'projects', hashed: ({ otherwise }) => otherwise.value },
  dependencies: { of: 'projects', hashed: ({ dependencies }) => dependencies },
  environments: { of: 'projects', hashed: ({ environments }) => sortedTexts(environments.map(environmentText)) },
  releases: { of: 'files', hashed: ({ releases }) => releasesText(releases) },
  files: { of: 'files', hashed: ({ files }) => filesText(files) },
  unmirrored: { of: 'files', hashed: ({ unmirrored }) => unmirrored },
  budget: unhashed,
  leftOut: unhashed,
  warnings: unhashed,
};

/** Returns the fingerprint of `policy`. */
export function fingerprintOf(policy: Policy): Fingerprint {
  const hashed = (of: keyof Fingerprint): unknown[] =>
    Object.values(parts).flatMap((part) => (part?.of === of ? [part.hashed(policy)] : []));
  return { projects: hash(hashed('projects')), files: hash([meaning, ...hashed('files')]) };
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
