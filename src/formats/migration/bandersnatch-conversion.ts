/** The result of converting an option or filter of bandersnatch. */
import type { BandersnatchConf } from './bandersnatch-conf.ts';
import type { TomlValue } from './render-toml.ts';

/** A setting of `mirror.toml`. */
export interface ImportedSetting {
  /**
   * Its table, if any. All settings of `left-out` form one rule with hold = "none". Each of `held` becomes a rule with
   * hold = "files".
   */
  readonly table?: 'left-out' | 'held' | 'releases' | 'files';
  readonly name: string;
  readonly value: TomlValue;
}

/** Settings, notes for people, or both. */
export interface Outcome {
  readonly settings?: readonly ImportedSetting[];
  readonly notes?: readonly string[];
  /** True if the mirror would not hold the same as before. The notes say why. */
  readonly isLost?: true;
}

/** The whole configuration. */
export interface ImportSource {
  readonly conf: BandersnatchConf;
  /** The names of the filters that have an effect. */
  readonly enabled: readonly string[];
  /** Returns true if `projects` may contain this text: a regex between slashes, or a requirement. */
  readonly isPattern: (text: string) => boolean;
}

/** A function that converts the value of an option, or the reason why there is nothing to convert. */
export type Meaning = string | ((value: string, source: ImportSource) => Outcome);

/** Returns a single note. */
export function note(text: string): Outcome {
  return { notes: [text] };
}

/** Returns a note about a filter without an equivalent. */
export function lost(text: string): Outcome {
  return { notes: [text], isLost: true };
}

/** Returns a value of the configuration, or an empty text. */
export function confText({ conf }: ImportSource, section: string, key: string): string {
  return conf.get(section)?.get(key)?.value ?? '';
}

/** Returns the lines of a value without comments and empty lines. */
export function confLines(source: ImportSource, section: string, key: string): string[] {
  const lines = confText(source, section, key).split('\n');
  return lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
}
