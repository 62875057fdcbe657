/** Requirements and lock files that are texts in a test. */
import { parse } from 'smol-toml';
import type { Test } from 'tap';
import { UsageError } from '../../../src/core/errors.ts';
import type { ListedRequirement, ListedRequirements } from '../../../src/formats/requirements/listed-requirement.ts';
import { parseListedRequirements } from '../../../src/formats/requirements/listed-requirements.ts';

/** What the first of `files`, texts by path, asks for. */
export function listed(files: Readonly<Record<string, string>>): ListedRequirements {
  const read = (path: string): string => {
    const text = Object.hasOwn(files, path) ? files[path] : undefined;
    if (text === undefined) throw new UsageError(`${path}: no such file`);
    return text;
  };
  return parseListedRequirements(Object.keys(files)[0] ?? '', { read, parseToml: (text) => parse(text) });
}

/** `where name[extras]specifier @ url`, as far as there are such, with the number of hashes behind it. */
export function brief({ requirement, sha256s, where }: ListedRequirement): string {
  const { name, extras, specifier, url, marker } = requirement;
  const pieces = [
    `${where} ${name}${extras.length > 0 ? `[${extras}]` : ''}${specifier.text}`,
    url === undefined ? '' : ` @ ${url}`,
    marker === undefined ? '' : ' if',
    sha256s.length > 0 ? ` #${sha256s.length}` : '',
  ];
  return pieces.join('');
}

/** A sha256 of one digit. */
export function sha(digit: string): string {
  return digit.repeat(64);
}

/** That reading `files` throws a UsageError, of one line, with this message. */
export function refuses(t: Test, files: Readonly<Record<string, string>>, message: string | RegExp): void {
  try {
    listed(files);
    t.fail(`expected an error: ${message}`);
  } catch (error) {
    t.ok(error instanceof UsageError, `${error}`);
    const told = error instanceof Error ? error.message : '';
    if (typeof message === 'string') t.equal(told, message);
    else t.match(told, message);
    t.notMatch(told, /\n/);
  }
}
