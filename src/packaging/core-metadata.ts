/**
 * Reads the head of a core metadata file: `METADATA` of a wheel, which indexes serve beside the wheel (PEP 658).
 * The head consists of lines `Name: value` in UTF-8 up to an empty line, as in mails. A line that begins with a space
 * or a tab continues the line before.
 */
import { extraName } from './marker.ts';

/** The fields of core metadata that decide which other projects a file needs. */
export interface CoreMetadata {
  readonly metadataVersion: string | undefined;
  /** The name as it is written, not normalized. The version likewise. */
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** A specifier as it is written. */
  readonly requiresPython: string | undefined;
  /** Requirements as they are written. */
  readonly requiresDist: readonly string[];
  /** Normalized names of extras. */
  readonly providesExtra: readonly string[];
  /** Names, in lower case, of the fields whose values are known only once a source distribution is built (PEP 643). */
  readonly dynamic: readonly string[];
}

/**
 * Maximum size of a head that is read, in bytes. The largest known heads, with a description inside, are far smaller.
 */
const maxHeadBytes = 4 * 1024 * 1024;

const lines = /([^\r\n]*)(?:\r\n|\r|\n|$)/g;
const field = /^([!-9;-~]*):(.*)$/s;
const continuation = /^[ \t]/;

/**
 * Returns the fields at the head of the metadata in `bytes`. Returns undefined if the head exceeds the limit, because
 * requirements could be missing.
 */
export function parseCoreMetadata(bytes: Uint8Array): CoreMetadata | undefined {
  const head = new TextDecoder().decode(bytes.subarray(0, maxHeadBytes));
  const { fields, isWhole } = readFields(head);
  if (!isWhole && bytes.length > maxHeadBytes) return undefined;
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

/** Returns all fields within the first 4 MiB of the head of `bytes`, by name in lower case. */
export function metadataFields(bytes: Uint8Array): Map<string, string[]> {
  const { fields } = readFields(new TextDecoder().decode(bytes.subarray(0, maxHeadBytes)));
  const byName = new Map<string, string[]>();
  for (const [name, value] of fields) byName.set(name, [...(byName.get(name) ?? []), value.trim()]);
  return byName;
}

interface Fields {
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** True if the head ended before the text did. */
  readonly isWhole: boolean;
}

/** Reads fields up to an empty line or a line that is no field: Python's own reader ends the head at both. */
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
