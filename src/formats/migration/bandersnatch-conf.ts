/**
 * Reads the configuration file of bandersnatch: INI as Python's configparser reads it with the options of bandersnatch.
 *
 * - `[section]` lines, and `key = value` lines. A colon does not separate, because keys of filters contain colons.
 * - Keys are normalized to lower case with `_` for `-`. A section or key given twice is an error.
 * - A line that is indented further than its key continues the value, also after an empty line.
 * - A line that begins with `#` or `;` is a comment, also if indented. Behind a value they are part of it.
 * - Settings in `[DEFAULT]` apply to every section that does not override them.
 * - `${key}` and `${section:key}` stand for other values, `$$` for `$`. bandersnatch refuses any other `$`. Here it is
 *   kept, because files from before that rule have patterns that end in one.
 */
import { UsageError } from '../../core/errors.ts';

/** A setting. Lines of its value are separated by newlines. */
export interface ConfSetting {
  readonly value: string;
  /** The line of its key, from 1. */
  readonly line: number;
}

/** Settings by section and key. */
export type BandersnatchConf = ReadonlyMap<string, ReadonlyMap<string, ConfSetting>>;

/** Reads the file. `source` names it in errors. Throws {@link UsageError} with the line. */
export function parseBandersnatchConf(text: string, source: string): BandersnatchConf {
  const reader = new ConfReader(source);
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) reader.read(line);
  return interpolated(withDefaults(reader.finish(), source), source);
}

const defaultSection = 'DEFAULT';
/** Characters of defaults, counted once for each section. */
const maxDefaultsLength = 10_000_000;

/** Returns the normalized key: `release-files` becomes `release_files`. */
function normalKey(key: string): string {
  return key.toLowerCase().replaceAll('-', '_');
}

interface Open {
  readonly key: string;
  readonly line: number;
  readonly lines: string[];
}

class ConfReader {
  readonly #source: string;
  readonly #sections = new Map<string, Map<string, ConfSetting>>();
  #section: Map<string, ConfSetting> | undefined;
  /** The setting that the next line may continue. */
  #open: Open | undefined;
  #indent = 0;
  #line = 0;

  constructor(source: string) {
    this.#source = source;
  }

  read(line: string): void {
    this.#line++;
    const text = line.trim();
    if (text === '') this.#open?.lines.push('');
    else if (!/^[#;]/.test(text)) this.#readText(text, line.search(/\S/));
  }

  finish(): Map<string, Map<string, ConfSetting>> {
    this.#close();
    return this.#sections;
  }

  #readText(text: string, indent: number): void {
    if (this.#open !== undefined && indent > this.#indent) {
      this.#open.lines.push(text);
      return;
    }
    this.#close();
    this.#indent = indent;
    const end = text.startsWith('[') ? text.lastIndexOf(']') : -1;
    if (end > 1) this.#begin(text.slice(1, end));
    else this.#readSetting(text);
  }

  #begin(name: string): void {
    const known = this.#sections.get(name);
    if (known !== undefined && name !== defaultSection) throw this.#wrong(`section [${name}] is there twice`);
    this.#section = known ?? new Map();
    this.#sections.set(name, this.#section);
  }

  #readSetting(text: string): void {
    const equals = text.indexOf('=');
    const key = normalKey(text.slice(0, equals).trimEnd());
    if (equals < 0 || key === '') throw this.#wrong(`expected [section] or key = value, found ${shown(text)}`);
    if (this.#section === undefined) throw this.#wrong(`expected [section] first, found ${shown(text)}`);
    if (this.#section.has(key)) throw this.#wrong(`${key} is there twice in its section`);
    this.#open = { key, line: this.#line, lines: [text.slice(equals + 1).trim()] };
    this.#section.set(key, { value: '', line: this.#line });
  }

  #close(): void {
    if (this.#open === undefined) return;
    const { key, line, lines } = this.#open;
    this.#section?.set(key, { value: lines.join('\n').trimEnd(), line });
    this.#open = undefined;
  }

  #wrong(problem: string): UsageError {
    return new UsageError(`${this.#source}:${this.#line}: ${problem}`);
  }
}

function withDefaults(sections: Map<string, Map<string, ConfSetting>>, source: string): BandersnatchConf {
  const defaults = sections.get(defaultSection) ?? new Map<string, ConfSetting>();
  let length = 0;
  for (const [key, { value }] of defaults) length += key.length + value.length;
  if (length * sections.size > maxDefaultsLength) {
    throw new UsageError(`${source}: [${defaultSection}] has too many settings for so many sections`);
  }
  return new Map([...sections].map(([name, settings]) => [name, new Map([...defaults, ...settings])]));
}

/** The same limit as in Python. */
const maxReferenceDepth = 10;
const maxReferences = 100_000;
const maxResultLength = 10_000_000;
const referencePattern = /\$(?:(\$)|\{([^${}]+)\}|(\{))?/g;

/** Returns `conf` with references replaced, and without the section of defaults. */
function interpolated(conf: BandersnatchConf, source: string): BandersnatchConf {
  let references = 0;
  let length = 0;

  const expand = (section: string, { value, line }: ConfSetting, depth: number): string => {
    const wrong = (problem: string): UsageError => new UsageError(`${source}:${line}: ${problem}`);
    const replace = (whole: string, dollar?: string, name?: string, unclosed?: string): string => {
      if (unclosed !== undefined) throw wrong('a reference without its name or its end');
      if (dollar !== undefined || name === undefined) return '$';
      references++;
      const isTooFar = depth >= maxReferenceDepth || references > maxReferences;
      if (isTooFar) throw wrong(`${whole} refers to itself, or leads too far`);
      const [key = '', other, ...rest] = name.split(':').reverse();
      const found = rest.length > 0 ? undefined : conf.get(other ?? section)?.get(normalKey(key));
      if (found === undefined) throw wrong(`${whole} stands for nothing`);
      const text = expand(other ?? section, found, depth + 1);
      length += text.length;
      if (length > maxResultLength) throw wrong(`${whole} makes the file too long`);
      return text;
    };
    return value.replace(referencePattern, replace);
  };

  const expandAll = (section: string, settings: ReadonlyMap<string, ConfSetting>): Map<string, ConfSetting> =>
    new Map([...settings].map(([key, at]) => [key, { value: expand(section, at, 0), line: at.line }]));
  const sections = [...conf].filter(([section]) => section !== defaultSection);
  return new Map(sections.map(([section, settings]) => [section, expandAll(section, settings)]));
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
