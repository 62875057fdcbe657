/** Reads the statement that an attestation signs: an in-toto statement (version 1) about one file. */
import { NonsenseError } from '../core/errors.ts';
import { projectName } from '../core/names.ts';
import { parseDistributionName } from '../packaging/distribution-name.ts';
import { parseVersion } from '../packaging/version.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { parseJson } from './provenance-object.ts';

/** The predicate types that PyPI accepts: that a publisher published a file, and how the file was built. */
const kinds: ReadonlyMap<unknown, StatementKind> = new Map([
  ['https://docs.pypi.org/attestations/publish/v1', 'publish'],
  ['https://slsa.dev/provenance/v1', 'build'],
]);

export type StatementKind = 'publish' | 'build';

/** Returns the kind of `statement`. Throws NonsenseError unless it is a known statement about exactly this file. */
export function expectStatementAbout(
  statement: Buffer,
  { filename, sha256 }: { readonly filename: string; readonly sha256: string },
): StatementKind {
  const json = parseJson(statement.toString());
  if (!isJsonObject(json) || json._type !== 'https://in-toto.io/Statement/v1') {
    throw new NonsenseError('the statement is no in-toto statement of version 1');
  }
  const kind = kinds.get(json.predicateType);
  if (kind === undefined) throw new NonsenseError(`unknown predicate type ${show(json.predicateType)}`);
  const { name, digest } = onlySubject(json);
  if (typeof name !== 'string' || !isSameName(name, filename)) {
    throw new NonsenseError(`the statement is about ${show(name)}`);
  }
  const found = isJsonObject(digest) ? digest.sha256 : undefined;
  if (found === sha256) return kind;
  throw new NonsenseError(`the statement is about a file with sha256 ${show(found)}, expected ${sha256}`);
}

function onlySubject({ subject }: JsonObject): JsonObject {
  const [only, ...more]: unknown[] = Array.isArray(subject) ? subject : [];
  if (isJsonObject(only) && more.length === 0) return only;
  throw new NonsenseError('expected a statement about one file');
}

/**
 * Returns true if both names mean the same file. Projects, versions and tags can be spelled in more than one way, and
 * an index does not rename what was signed.
 */
function isSameName(left: string, right: string): boolean {
  if (left === right) return true;
  const [one, other] = [keyOf(left), keyOf(right)];
  return one !== undefined && one === other;
}

/** Returns a key that is equal for equal files, or undefined if the name is neither a wheel's nor an sdist's. */
function keyOf(filename: string): string | undefined {
  const { kind, project = '', version = '' } = parseDistributionName(filename) ?? {};
  if (kind !== 'wheel' && kind !== 'sdist') return undefined;
  const [name, order] = [projectName(project), parseVersion(version)?.order];
  if (name === undefined || order === undefined) return undefined;
  return JSON.stringify([name, order, kind === 'wheel' ? tagsOf(filename) : endingOf(filename)]);
}

function endingOf(filename: string): string | undefined {
  return /\.(?:tar\.)?[a-z0-9]+$/i.exec(filename)?.[0].toLowerCase();
}

/** Returns the build tag and the compressed tag sets, each sorted. */
function tagsOf(wheel: string): string[][] {
  const parts = wheel
    .toLowerCase()
    .replace(/\.whl$/, '')
    .split('-')
    .slice(2);
  return parts.map((part) => part.split('.').sort());
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : 'nothing';
}
