/** Converts a configuration of bandersnatch to a `mirror.toml`, and reports what cannot be converted. */
import type { BandersnatchConf, ConfSetting } from './bandersnatch-conf.ts';
import type { ImportedSetting, ImportSource, Meaning, Outcome } from './bandersnatch-conversion.ts';
import { type Filter, filters } from './bandersnatch-filters.ts';
import { mirrorOptions, otherSections } from './bandersnatch-options.ts';
import { renderTomlSetting } from './render-toml.ts';

/** A `mirror.toml`, and a line for each option without an equivalent. */
export interface ImportedBandersnatch {
  readonly toml: string;
  /** Each begins with the line of the configuration that it is about, if there is one. */
  readonly notes: readonly string[];
  /** The notes about filters without a full equivalent: the mirror would not hold what it held before. */
  readonly lost: readonly string[];
}

/** Settings of `mirror.toml` with their origin, or a note. */
interface Piece {
  readonly from?: string;
  readonly settings?: readonly ImportedSetting[];
  readonly note?: string;
  /** True for the note about a filter that has no full equivalent. */
  readonly isLost?: boolean;
}

/**
 * Returns the `mirror.toml` that corresponds to `conf`, as far as there are settings for it. `isPattern` says what
 * `projects` may contain.
 */
export function importBandersnatch(conf: BandersnatchConf, isPattern: ImportSource['isPattern']): ImportedBandersnatch {
  const source = { conf, enabled: enabledFilters(conf), isPattern };
  const pieces = [...conf.keys()].flatMap((section) => importSection(section, source));
  return {
    toml: renderImported(pieces.map(({ from = '', settings = [] }) => ({ from, settings }))),
    notes: pieces.flatMap(({ note }) => note ?? []),
    lost: pieces.flatMap(({ note, isLost }) => (isLost && note !== undefined ? [note] : [])),
  };
}

/**
 * Returns the enabled filters. If `all` are enabled, those without settings are omitted, because most do nothing then.
 */
function enabledFilters(conf: BandersnatchConf): string[] {
  const lines = (conf.get('plugins')?.get('enabled')?.value ?? '').split('\n').map((line) => line.trim());
  if (!lines.includes('all')) return [...new Set(lines.filter((line) => line !== ''))];
  const working = [...filters].filter(([, filter]) => filter.worksAlone || firstSetting(filter, conf) !== undefined);
  return working.map(([name]) => name);
}

function firstSetting({ reads }: Filter, conf: BandersnatchConf): ConfSetting | undefined {
  for (const path of reads) {
    const [section = '', key = ''] = path.split('.', 2);
    const settings = conf.get(section);
    const [setting] = key === '*' ? (settings?.values() ?? []) : [settings?.get(key)];
    if (setting !== undefined) return setting;
  }
  return undefined;
}

function importSection(section: string, source: ImportSource): Piece[] {
  const reason = otherSections.get(section);
  if (reason !== undefined) return [{ note: `[${section}]: ${reason}` }];
  const isKnown = section === 'mirror' || section === 'plugins' || readersOf(section).length > 0;
  if (!isKnown) return [{ note: `[${shown(section)}]: unknown: bandersnatch 8 has no such section` }];
  return [...(source.conf.get(section) ?? [])].flatMap(([key, setting]) => {
    if (section === 'plugins' && key === 'enabled') return importFilters(setting, source);
    if (section === 'mirror' || section === 'plugins') return importOption(section, key, setting, source);
    return importFilterSetting(section, key, setting, source);
  });
}

function importOption(section: string, key: string, setting: ConfSetting, source: ImportSource): Piece[] {
  const meaning = section === 'mirror' ? mirrorOptions.get(key) : undefined;
  const what = `[${section}] ${key}`;
  if (meaning === undefined) return pieces(what, setting, 'unknown: bandersnatch 8 has no such option', source);
  return pieces(`${what}${shownValue(setting.value)}`, setting, meaning, source);
}

function importFilters({ line }: ConfSetting, source: ImportSource): Piece[] {
  return source.enabled.flatMap((name) => {
    const filter = filters.get(name);
    const setting = filter === undefined ? undefined : firstSetting(filter, source.conf);
    const meaning = filter?.meaning ?? 'unknown: bandersnatch 8 has no such filter';
    const made = pieces(`[plugins] ${name}`, setting ?? { value: '', line }, meaning, source);
    return typeof meaning === 'string' ? made.map((piece) => ({ ...piece, isLost: true })) : made;
  });
}

/** Returns a note about a setting of a filter that is not enabled. Enabled filters have read their settings already. */
function importFilterSetting(section: string, key: string, { line }: ConfSetting, { enabled }: ImportSource): Piece[] {
  const readers = readersOf(section, key);
  if (readers.some((name) => enabled.includes(name))) return [];
  const reason =
    readers.length === 0 ? 'unknown: bandersnatch 8 has no such option' : 'no filter is enabled that reads it';
  return [{ note: `line ${line}: [${section}] ${shown(key)}: ${reason}` }];
}

/** Returns the filters that read `key` of `section`, or any key if it is undefined. */
function readersOf(section: string, key?: string): string[] {
  const isRead = (path: string): boolean =>
    key === undefined ? path.startsWith(`${section}.`) : path === `${section}.${key}` || path === `${section}.*`;
  const readers = [...filters].filter(([, { reads, alsoReads = [] }]) => [...reads, ...alsoReads].some(isRead));
  return readers.map(([name]) => name);
}

function pieces(what: string, { value, line }: ConfSetting, meaning: Meaning, source: ImportSource): Piece[] {
  const outcome: Outcome = typeof meaning === 'string' ? { notes: [meaning] } : meaning(value, source);
  const { settings = [], notes = [], isLost = false } = outcome;
  const from = `line ${line}: ${shown(what)}`;
  return [{ from, settings }, ...notes.map((text) => ({ note: `${from}: ${text}`, isLost }))];
}

/** Returns a short plain value for a note. Other values would not help, and might be passwords. */
function shownValue(value: string): string {
  return /^[A-Za-z0-9_.]{1,20}$/.test(value) ? ` = ${value}` : '';
}

function shown(text: string): string {
  return text.slice(0, 80).replace(/\p{C}/gu, '?');
}

/** Settings, and what they are made from. */
interface ImportedPart {
  readonly from: string;
  readonly settings: readonly ImportedSetting[];
}

/** The whole file: tables follow the settings that belong to none. Each setting tells what it is made from. */
function renderImported(parts: readonly ImportedPart[]): string {
  const leftOut = partsOf(parts, 'left-out');
  const held = partsOf(parts, 'held').map((part) => `[[rule]]\n${rendered(part)}hold = "files"\n`);
  const tables = (['releases', 'files'] as const).flatMap((table) => {
    const found = partsOf(parts, table).map(rendered);
    return found.length === 0 ? [] : [`[${table}]\n${found.join('')}`];
  });
  const texts = [...partsOf(parts, undefined).map(rendered), ...renderLeftOut(leftOut), ...held, ...tables];
  return ['# Made from a configuration of bandersnatch.\n', ...texts].join('\n');
}

/** The parts that have settings of `table`, with those alone. */
function partsOf(parts: readonly ImportedPart[], table: ImportedSetting['table']): ImportedPart[] {
  const some = parts.map(({ from, settings }) => ({ from, settings: settings.filter((one) => one.table === table) }));
  return some.filter(({ settings }) => settings.length > 0);
}

function rendered({ from, settings }: ImportedPart): string {
  return `# ${from}\n${settings.map(({ name, value }) => renderTomlSetting(name, value)).join('')}`;
}

/** One rule, so that none can be in vain because of another one. */
function renderLeftOut(parts: readonly ImportedPart[]): string[] {
  if (parts.length === 0) return [];
  const origins = parts.map(({ from }) => `# ${from}\n`).join('');
  const patterns = parts.flatMap(({ settings }) =>
    settings.flatMap(({ value }) => (Array.isArray(value) ? value : [])),
  );
  return [`[[rule]]\n${origins}${renderTomlSetting('projects', [...new Set(patterns)])}hold = "none"\n`];
}
