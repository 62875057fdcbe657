/**
 * Tables of options: each form of an option as `--help` shows it, such as `-q, --quiet` or `--upstream URL`, and what
 * it does. Parser, `--help`, README.md and manual page all come from it. What the last two say in more words is in the
 * file `*-manual.ts` beside the table.
 */
export type OptionForms = Readonly<Record<string, string>>;

const pattern = /^(?:-(?<short>[a-z]), )?--(?<name>[a-z-]+)(?: (?<value>.+))?$/;

/** A form of an option, taken apart: for `-q, --quiet` these are q, quiet and undefined. */
export interface OptionForm {
  readonly short: string | undefined;
  readonly name: string;
  readonly value: string | undefined;
}

/** Takes `form` apart. Throws an Error if it is none. */
export function parseForm(form: string): OptionForm {
  const { short, name, value } = pattern.exec(form)?.groups ?? {};
  if (name === undefined) throw new Error(`no form of an option: ${form}`);
  return { short, name, value };
}

/** The options of a table in the form that minimist expects. */
export interface OptionNames {
  /** Options that take no value. */
  readonly flags: readonly string[];
  readonly values: readonly string[];
  /** The long names by the short ones. */
  readonly shortcuts: Readonly<Record<string, string>>;
}

export function optionNames(table: OptionForms): OptionNames {
  const forms = Object.keys(table).map(parseForm);
  const flags = forms.filter(({ value }) => value === undefined).map(({ name }) => name);
  const values = forms.filter(({ value }) => value !== undefined).map(({ name }) => name);
  const shortcuts = forms.flatMap(({ short, name }) => (short === undefined ? [] : [[short, name]]));
  return { flags, values: [...new Set(values)], shortcuts: Object.fromEntries(shortcuts) };
}

/** Returns the lines of `--help` about the options. A text may have several lines. */
export function optionsHelp(table: OptionForms): string {
  const column = Object.keys(table).reduce((longest, form) => Math.max(longest, form.length), 0) + 3;
  return Object.entries(table)
    .map(([form, text]) => `  ${form.padEnd(column)}${text.replaceAll('\n', `\n${' '.repeat(column + 2)}`)}`)
    .join('\n');
}
