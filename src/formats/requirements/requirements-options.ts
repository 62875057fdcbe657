/** Reads the options in a line of a requirements file. Words are split as by a shell, and options are those of pip. */
import { UsageError } from '../../core/errors.ts';
import { Scanner } from '../../packaging/scanner.ts';
import { shown } from './listed-requirement.ts';

/** An option by its full name, without dashes. */
export interface LineOption {
  readonly name: string;
  /** Empty for an option without a value. */
  readonly value: string;
}

const plain = /[^ \t\r\n"'\\]+/y;
const singleQuoted = /'[^']*'/y;
const doubleQuoted = /"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const escaped = /\\./sy;
const space = /[ \t\r\n]+|$/y;

/**
 * Returns the words of `text`, split and unquoted as by a shell. `where` names it in errors. Throws {@link UsageError}.
 */
export function splitWords(text: string, where: string): string[] {
  const scanner = new Scanner(text);
  const found: string[] = [];
  scanner.take(space);
  while (scanner.rest !== '') {
    let word = '';
    while (scanner.take(space) === undefined) {
      const piece = takePiece(scanner);
      if (piece === undefined) {
        throw new UsageError(
          `${where}: expected an end of ${shown(scanner.rest)}, found none; close or remove the quote`,
        );
      }
      word += piece;
    }
    found.push(word);
  }
  return found;
}

function takePiece(scanner: Scanner): string | undefined {
  return (
    scanner.take(plain) ??
    scanner.take(singleQuoted)?.slice(1, -1) ??
    scanner
      .take(doubleQuoted)
      ?.slice(1, -1)
      .replace(/\\(["\\])/g, '$1') ??
    scanner.take(escaped)?.slice(1)
  );
}

const withValue = [
  ...['requirement', 'constraint', 'editable', 'hash', 'index-url', 'pypi-url', 'extra-index-url', 'find-links'],
  ...['no-binary', 'only-binary', 'trusted-host', 'use-feature', 'global-option', 'install-option', 'config-settings'],
  ...['config-setting', 'all-releases', 'only-final', 'uploaded-prior-to'],
];
const withoutValue = ['no-index', 'prefer-binary', 'require-hashes', 'pre'];
const all = [...withValue, ...withoutValue];
const shortNames: ReadonlyMap<string, string> = new Map([
  ['r', 'requirement'],
  ['c', 'constraint'],
  ['e', 'editable'],
  ['i', 'index-url'],
  ['f', 'find-links'],
  ['C', 'config-settings'],
]);

/** The options of a line. */
export interface LineOptions {
  readonly options: readonly LineOption[];
  /** Words that belong to no option; pip ignores them. */
  readonly others: readonly string[];
}

/**
 * Returns the options in `words`. `where` names them in errors. Throws {@link UsageError} if pip does not know an
 * option.
 */
export function readOptions(words: readonly string[], where: string): LineOptions {
  const options: LineOption[] = [];
  const others: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const spelled = spelledOption(word);
    if (spelled === undefined) {
      others.push(word);
      continue;
    }
    const { name, attached } = spelled;
    if (name === undefined) {
      throw new UsageError(`${where}: expected an option that pip knows, found ${shown(word)}; correct or remove it`);
    }
    const isFlag = withoutValue.includes(name);
    const value = attached ?? (isFlag ? '' : words[++at]);
    if (value === undefined || (isFlag && attached !== undefined)) {
      throw new UsageError(`${where}: expected ${isFlag ? 'no value' : 'a value'} for --${name}; correct the line`);
    }
    options.push({ name, value });
  }
  return { options, others };
}

/** Returns the option in `word` with the value attached to it, or undefined if `word` is not an option. */
function spelledOption(word: string): { name: string | undefined; attached: string | undefined } | undefined {
  if (!word.startsWith('-')) return undefined;
  const [, short = '', behind = ''] = /^-([^-])(.*)$/s.exec(word) ?? [];
  const [, long, attached] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  if (long !== undefined) return { name: fullName(long), attached };
  return { name: shortNames.get(short), attached: behind === '' ? undefined : behind };
}

/** Returns the full name. Like pip it accepts an unambiguous beginning of a name. */
function fullName(given: string): string | undefined {
  if (all.includes(given)) return given;
  const meant = all.filter((name) => name.startsWith(given));
  return meant.length === 1 ? meant[0] : undefined;
}
