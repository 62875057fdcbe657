/** What becomes of an option or a filter of bandersnatch. */
import type { BandersnatchConf } from './bandersnatch-conf.ts';
import type { TomlValue } from './render-toml.ts';

/** A setting of `mirror.toml`. */
export interface ImportedSetting {
  /**
   * The table that it belongs to, if any. All of `left-out` are one rule with hold = "none"; each of `held` is a rule with
   * hold = "files".
   */
  readonly table?: 'left-out' | 'held' | 'releases' | 'files';
  readonly name: string;
  readonly value: TomlValue;
}

/** Settings, notes for the person who reads them, or both. */
export interface Outcome {
  readonly settings?: readonly ImportedSetting[];
  readonly notes?: readonly string[];
  /** The mirror would not hold what it held before; the notes say why. */
  readonly isLost?: true;
}

/** The whole configuration. */
export interface ImportSource {
  readonly conf: BandersnatchConf;
  /** The names of the filters that do something. */
  readonly enabled: readonly string[];
  /** Whether `projects` may contain this text: a regex between slashes, or a requirement. */
  readonly isPattern: (text: string) => boolean;
}

/** Reads an option; or the reason why there is nothing to read. */
export type Meaning = string | ((value: string, source: ImportSource) => Outcome);

/** One note alone. */
export function note(text: string): Outcome {
  return { notes: [text] };
}

/** One note about a filter that works no more. */
export function lost(text: string): Outcome {
  return { notes: [text], isLost: true };
}

/** What the configuration says, or nothing. */
export function confText({ conf }: ImportSource, section: string, key: string): string {
  return conf.get(section)?.get(key)?.value ?? '';
}

/** The lines that say something, without comments. */
export function confLines(source: ImportSource, section: string, key: string): string[] {
  const lines = confText(source, section, key).split('\n');
  return lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
}
