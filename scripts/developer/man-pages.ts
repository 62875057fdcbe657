/**
 * Makes the manual pages. scripts/man/NAME.SECTION.md is the text of a page, in Markdown; lines such as `{{options}}`
 * stand for what the sources of the program say, and `{{README: HEADING}}` for a section of README.md.
 */

import { syncVariableTexts } from '../../src/cgi/sync-manual.ts';
import { checkExitTexts, checkOptionTexts } from '../../src/cli/config/check-manual.ts';
import { exampleConfig } from '../../src/cli/config/example-config.ts';
import { logsExitTexts, logsOptionTexts } from '../../src/cli/config/logs-manual.ts';
import { type OptionForms, parseForm } from '../../src/cli/config/option-forms.ts';
import { runExitTexts, runOptionTexts } from '../../src/cli/config/run-manual.ts';
import { type ExitTexts, exitCodes } from '../../src/cli/program/exit-codes.ts';
import { mdocOf, settingTerm, type Term, termList } from './mdoc.ts';

/** The exit codes by the signals that pause a run. */
const signals = '129, 143';

const options: Readonly<Record<string, OptionForms>> = {
  pep381run: runOptionTexts,
  pep381checkfiles: checkOptionTexts,
  processlogs: logsOptionTexts,
};
const exits: Readonly<Record<string, ExitTexts>> = {
  pep381run: runExitTexts,
  pep381checkfiles: checkExitTexts,
  processlogs: logsExitTexts,
};

/** The programs that have tables of options and exit codes. */
export const documented: readonly string[] = Object.keys(options);

/** Returns the tables of README.md about `program`, as they have to stand there. */
export function readmeTables(program: string): { readonly options: string; readonly exits: string } {
  const forms = Object.entries(options[program] ?? {}).map(([form, text]) => [code(form), oneLine(text)]);
  return {
    options: table('option', forms),
    exits: table('exit code', exitRows(program)),
  };
}

/** Returns the table of README.md about the variables of pep381sync.cgi. */
export function readmeVariables(): string {
  const rows = Object.entries(syncVariableTexts).map(([name, text]) => [code(name), text]);
  return table('setting, with `SetEnv`', rows);
}

function table(head: string, rows: readonly (readonly string[])[]): string {
  const lines = rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return [`| ${head} | meaning |`, '|---|---|', ...lines, ''].join('\n');
}

function code(form: string): string {
  return form.replaceAll(/[^,]+(?=,|$)/g, (name) => name.replace(/^( ?)(.*)$/, '$1`$2`'));
}

function oneLine(text: string): string {
  return text.replaceAll('\n', ' ');
}

function exitRows(program: string): [code: string, text: string][] {
  const texts = exits[program];
  if (texts === undefined) return [];
  return (Object.keys(texts) as (keyof ExitTexts)[]).flatMap((name): [string, string][] => {
    const text = texts[name];
    return text === undefined ? [] : [[name === 'signals' ? signals : String(exitCodes[name]), text]];
  });
}

/** What the pages are made from. */
export interface ManSources {
  /** The text of README.md. */
  readonly readme: string;
  /** The texts of man/ by the names of the pages, such as `pep381run.1`. */
  readonly texts: Readonly<Record<string, string>>;
  readonly version: string;
}

/**
 * Returns the pages by their names, such as `pep381run.1`. Throws an Error for a section that README.md does not have.
 */
export function manPages({ readme, texts, version }: ManSources): Record<string, string> {
  const date = releaseDate(readme, version);
  return Object.fromEntries(
    Object.entries(texts).map(([page, text]) => {
      const [name = '', section = ''] = page.split(/\.(?=\d$)/);
      const [, about = '', body = ''] = /^# ([^\n]*)\n(.*)$/s.exec(text) ?? [];
      const lines = [
        `.\\" pep381client ${version}. Made from man/${page}.md and from the sources of the program.`,
        `.Dd ${date}`,
        `.Dt ${name.toUpperCase()} ${section}`,
        '.Os',
        '.Sh NAME',
        `.Nm ${name}`,
        `.Nd ${about}`,
        ...parts(body).flatMap((part) => partOf(name, readme, part)),
      ];
      return [page, `${lines.join('\n')}\n`] as const;
    }),
  );
}

/** Splits a text at its lines in double braces, which are parts of their own. */
function parts(text: string): string[] {
  return text.split(/^(\{\{.*\}\})$/m).filter((part) => part.trim() !== '');
}

function partOf(name: string, readme: string, part: string): string[] {
  const [, what = ''] = /^\{\{(.*)\}\}$/.exec(part) ?? [];
  if (what === '') return mdocOf(part);
  if (what === 'options') return termList(Object.entries(options[name] ?? {}).map(optionTerm));
  if (what === 'exit codes') return termList(exitRows(name).map(([term, text]) => ({ term, text: sentence(text) })));
  if (what === 'settings') return settingsMdoc(exampleConfig);
  if (what === 'variables')
    return termList(Object.entries(syncVariableTexts).map(([term, text]) => ({ term: `Ev ${term}`, text })));
  const [, heading = ''] = /^README: (.*)$/.exec(what) ?? [];
  return mdocOf(withoutTables(name, readmeSection(readme, heading)));
}

/** Leaves out the tables that have sections of their own in a page. */
function withoutTables(name: string, section: string): string {
  const { options, exits } = readmeTables(name);
  return [options, exits, readmeVariables()].reduce((text, table) => text.replace(table, ''), section);
}

/** Returns the text of a row of a table as a sentence. */
function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

function optionTerm([form, text]: readonly [string, string]): Term {
  const { short, name, value = '' } = parseForm(form);
  const first = short === undefined ? '' : `Fl ${short} , `;
  return { term: `${first}Fl -${name}${value === '' ? '' : ` ${valueMacros(value)}`}`, text: sentence(oneLine(text)) };
}

/** Returns the macros for the value of an option: capitals stand for something, and other letters for themselves. */
function valueMacros(value: string): string {
  return value
    .split(/([|/])/)
    .map((part) => (/^[|/]$/.test(part) ? `Ns ${part} Ns` : `${/^[A-Z]+$/.test(part) ? 'Ar' : 'Cm'} ${part}`))
    .join(' ');
}

/** Returns the section of README.md under a heading, without the sections in it. */
function readmeSection(readme: string, heading: string): string {
  const lines = readme.split('\n');
  const start = lines.findIndex((line) => /^##+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start < 0) throw new Error(`README.md has no section "${heading}", which a page of man/ takes from it`);
  let isCode = false;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => {
    if (line.startsWith('```')) isCode = !isCode;
    return !isCode && /^##+ /.test(line);
  });
  return rest.slice(0, end < 0 ? undefined : end).join('\n');
}

/** Returns the date of a version, as the changes in README.md give it, such as `November 29, 2026`. */
function releaseDate(readme: string, version: string): string {
  const [, date] =
    readme.match(new RegExp(`^\\*\\*${version.replaceAll('.', '\\.')}\\*\\* \\((\\d{4}-\\d\\d-\\d\\d)\\)`, 'm')) ?? [];
  if (date === undefined) throw new Error(`the changes in README.md do not say "**${version}** (YYYY-MM-DD)"`);
  return new Date(date).toLocaleDateString('en-US', {
    month: 'long',
    day: 'numeric',
    year: 'numeric',
    timeZone: 'UTC',
  });
}

/**
 * Returns the example configuration for a page: lists of its keys, each with the comment above it. Several keys below
 * one comment share it.
 */
function settingsMdoc(config: string): string[] {
  const [, ...paragraphs] = config.trimEnd().split('\n\n');
  return paragraphs.flatMap((text) => {
    const lines = text.split('\n');
    const [, title] = /^# --- (.*) ---$/.exec(text) ?? [];
    if (title !== undefined) return [`.Ss ${title}`];
    const at = lines.findIndex((line) => line.startsWith('#['));
    if (at < 0) return termList(settingTerms(lines));
    const about = lines.slice(0, at).map((line) => line.slice(2));
    const header = lines[at]?.slice(1) ?? '';
    const [keys, isList] = [lines.slice(at + 1), header.startsWith('[[')];
    if (!isList) return [`.Ss ${header}\\&`, ...mdocOf(about.join('\n')), ...termList(settingTerms(keys))];
    const shown = [header, ...keys.map((line) => (line.startsWith('# ') ? line : line.slice(1)))];
    return [
      ...(at === 0 ? [] : ['.Pp', ...mdocOf(about.join('\n'))]),
      ...mdocOf(shown.map((line) => `    ${line}`).join('\n')),
    ];
  });
}

function settingTerms(lines: readonly string[]): Term[] {
  const terms: { term: string; text: string }[] = [];
  let comment: string[] = [];
  lines.forEach((line, at) => {
    if (line.startsWith('# ')) comment.push(line.slice(2));
    else {
      const isLast = !/^#\S/.test(lines[at + 1] ?? '');
      terms.push({ term: settingTerm(line.slice(1)), text: isLast ? comment.join(' ') : '' });
      if (isLast) comment = [];
    }
  });
  return terms;
}
