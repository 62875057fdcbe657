/** Converts the filters of bandersnatch that name what it leaves out. */
import type { ProjectName } from '../../core/names.ts';
import { parseRequirement, type Requirement } from '../../packaging/requirement.ts';
import { confLines, confText, type ImportSource, lost, note, type Outcome } from './bandersnatch-conversion.ts';

/** Converts blocklist_project. Lines with versions are left to blocklist_release. */
export function blockedProjects(_value: string, source: ImportSource): Outcome {
  const { whole, unread } = readBlocklist(source);
  if (unread > 0) return { ...lost(unreadNote(unread)), ...leftOut(whole) };
  return whole.size === 0 ? note('without names it did nothing') : leftOut(whole);
}

/** Converts blocklist_release. */
export function blockedReleases(_value: string, source: ImportSource): Outcome {
  const blocklist = readBlocklist(source);
  const { whole, but } = blocklist;
  const names = source.enabled.includes('blocklist_project') ? [] : (leftOut(whole).settings ?? []);
  const settings = [...names, ...heldBut(but, source)];
  const missed = blocklist.open + blocklist.unread;
  if (missed > 0) return { ...lost(`no equivalent for ${missed} of the lines: only one == can be excepted`), settings };
  if (but.size === 0) return whole.size === 0 ? note('without lines it did nothing') : { settings };
  if (isChosenByFiles(source)) return { ...lost('no equivalent beside requirements files'), settings };
  return { settings, notes: ['of these projects, releases whose version is none by PEP 440 are left out too'] };
}

/**
 * Returns specifiers by project that requirements must add, so that releases left out by blocklist_release are not
 * held.
 */
export function blockedVersions(source: ImportSource): ReadonlyMap<ProjectName, string> {
  if (!source.enabled.includes('blocklist_release')) return new Map();
  return new Map([...readBlocklist(source).but].map(([name, versions]) => [name, versions.join(',')]));
}

/** Converts regex_project. */
export function blockedRegexes(_value: string, source: ImportSource): Outcome {
  const lines = confText(source, 'filter_regex', 'packages').split('\n');
  const regexes = lines.filter((line) => line !== '');
  const patterns = regexes.flatMap((regex) => searched(regex, source) ?? []);
  if (regexes.length === 0) return note('without patterns it did nothing');
  const missed = regexes.length - patterns.length;
  const settings = leftOut(new Set(patterns)).settings ?? [];
  if (missed > 0) return { ...lost(`no equivalent for ${missed} of the patterns: ${refusal}`), settings };
  return { settings, notes: ['names are compared in their normalized form, without regard to case'] };
}

const refusal = 'they are not in the syntax of RE2, or mean something else there, or dots or underscores in names';

/** Syntax that RE2 reads differently, and characters that normalized names never contain. */
const differing = /\{,|\[:|[^ -~]|_|\\\.|\[[^\]]*\./;

/**
 * Returns the pattern anchored at the beginning, because Python matches there and our patterns match anywhere. Returns
 * undefined if the meaning would differ.
 */
function searched(regex: string, { isPattern }: ImportSource): string | undefined {
  const isBare = /^\^?[A-Za-z0-9]/.test(regex) && !regex.includes('|');
  const pattern = isBare ? `/^${regex.replace(/^\^/, '')}/` : `/^(?:${regex})/`;
  return differing.test(regex) || !isPattern(`/${regex}/`) || !isPattern(pattern) ? undefined : pattern;
}

interface Blocklist {
  readonly whole: ReadonlySet<ProjectName>;
  /** The remaining versions of projects with some versions blocked. */
  readonly but: ReadonlyMap<ProjectName, readonly string[]>;
  /** The number of lines with versions whose complement cannot be expressed exactly. */
  readonly open: number;
  readonly unread: number;
}

function readBlocklist(source: ImportSource): Blocklist {
  const lines = confLines(source, 'blocklist', 'packages').map(parseRequirement);
  const read = lines.filter((line) => line !== undefined).filter(isPlain);
  const versioned = read.filter(({ specifier }) => specifier.clauses.length > 0);
  const whole = new Set(read.filter((line) => !versioned.includes(line)).map(({ name }) => name));
  const partly = versioned.filter(({ name }) => !whole.has(name));
  const exact = partly.filter(({ specifier }) => specifier.clauses.length === 1 && /^==(?!=)/.test(specifier.text));
  const but = new Map<ProjectName, string[]>();
  for (const { name, specifier } of exact) {
    const rest = specifier.text.replace(/[\s,]+/g, '').replace('==', '!=');
    but.set(name, [...(but.get(name) ?? []), rest]);
  }
  return { whole, but, open: partly.length - exact.length, unread: lines.length - read.length };
}

/**
 * Returns true if a line has only a name and versions. The two filters that read the list treat other parts
 * differently.
 */
function isPlain({ extras, marker, url }: Requirement): boolean {
  return extras.length === 0 && marker === undefined && url === undefined;
}

function leftOut(patterns: ReadonlySet<string>): Outcome {
  if (patterns.size === 0) return {};
  return { settings: [{ table: 'left-out', name: 'projects', value: [...patterns] }] };
}

/**
 * Returns rules for partly blocked projects. Since a rule that holds files changes the default to holding nothing else,
 * `otherwise` is set too. A list of projects needs neither.
 */
function heldBut(but: Blocklist['but'], source: ImportSource): NonNullable<Outcome['settings']> {
  if (but.size === 0 || isChosenByName(source) || isChosenByFiles(source)) return [];
  const projects = [...but].map(([name, versions]) => `${name}${versions.join(',')}`);
  return [
    { name: 'otherwise', value: 'files' },
    { table: 'held', name: 'projects', value: projects },
  ];
}

/** Returns true if only the projects of a list are held. */
export function isChosenByName(source: ImportSource): boolean {
  const isEnabled = source.enabled.some((name) => name === 'allowlist_project' || name === 'allowlist_release');
  return isEnabled && confLines(source, 'allowlist', 'packages').length > 0;
}

function isChosenByFiles({ enabled }: ImportSource): boolean {
  return enabled.some((name) => name === 'project_requirements' || name === 'project_requirements_pinned');
}

function unreadNote(count: number): string {
  return `left out: ${count} of the lines, which are neither names nor names with versions`;
}
