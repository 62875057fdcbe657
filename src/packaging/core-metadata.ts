/**
 * The head of a core metadata file: `METADATA` of a wheel, which indexes offer beside it (PEP 658). Lines of `Name: value`
 * in UTF-8 up to an empty line, as in mails; a line that begins with a space or a tab continues the one before.
 */
import { extraName } from './marker.ts';

/** What decides which other projects a file needs. */
export interface CoreMetadata {
  readonly metadataVersion: string | undefined;
  /** As it is written, like the version. */
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** A specifier, as it is written. */
  readonly requiresPython: string | undefined;
  /** Requirements, as they are written. */
  readonly requiresDist: readonly string[];
  /** Normalized. */
  readonly providesExtra: readonly string[];
  /** Fields, in lower case, that only building a source distribution tells (PEP 643). */
  readonly dynamic: readonly string[];
}

/** The longest known heads, with a description inside, are far shorter. */
const longestHead = 4 * 1024 * 1024;

const lines = /([^\r\n]*)(?:\r\n|\r|\n|$)/g;
const field = /^([!-9;-~]*):(.*)$/s;
const continuation = /^[ \t]/;

/** The head of the metadata in `bytes`; undefined when it is absurdly long, because then something would be missing. */
export function parseCoreMetadata(bytes: Uint8Array): CoreMetadata | undefined {
  const head = new TextDecoder().decode(bytes.subarray(0, longestHead));
  const { fields, isWhole } = readFields(head);
  if (!isWhole && bytes.length > longestHead) return undefined;
  const all = (name: string): string[] => fields.filter(([key]) => key === name).map(([, value]) => value.trim());
  return {
    metadataVersion: all('metadata-version')[0],
    name: all('name')[0],
    version: all('version')[0],
    requiresPython: all('requires-python')[0],
    requiresDist: all('requires-dist'),
    providesExtra: all('provides-extra').map(extraName),
    dynamic: all('dynamic').map((value) => value.toLowerCase()),
  };
}

/** All fields at the head of the metadata in `bytes`, by their names in lower case, as far as it is read. */
export function metadataFields(bytes: Uint8Array): Map<string, string[]> {
  const { fields } = readFields(new TextDecoder().decode(bytes.subarray(0, longestHead)));
  const byName = new Map<string, string[]>();
  for (const [name, value] of fields) byName.set(name, [...(byName.get(name) ?? []), value.trim()]);
  return byName;
}

interface Fields {
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The head ended before the text did. */
  readonly isWhole: boolean;
}

/** An empty line ends the head, and so does one that is no field, as in Python's own reader. */
function readFields(text: string): Fields {
  const fields: [string, string][] = [];
  for (const { 0: whole, 1: line = '', index } of text.matchAll(lines)) {
    const last = fields.at(-1);
    if (continuation.test(line)) {
      if (last !== undefined) last[1] += ` ${line.trim()}`;
      continue;
    }
    const [, name, value = ''] = field.exec(line) ?? [];
    if (name === undefined) return { fields, isWhole: index + whole.length < text.length };
    fields.push([name.toLowerCase(), value]);
  }
  return { fields, isWhole: false };
}
