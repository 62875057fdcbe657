import fc from 'fast-check';
import { NonsenseError } from '../../../src/core/errors.ts';
import { isJsonObject, serialOf } from '../../../src/formats/json.ts';
import { type ListedProject, ProjectListParser } from '../../../src/formats/simple/project-list.ts';
import { demand, demandSame, type FuzzTarget, outcome } from '../fuzz-target.ts';
import { jsonOf, runOf } from './pieces.ts';

const any = jsonOf(['projects', 'name', 'meta', '_last-serial', 'api-version'], ['1.4', 'a', 7, '8', 'é"\\']);
const entry = fc.oneof(fc.record({ name: fc.constantFrom('a', 'B.c', 'é😀"\\{}[]'), '_last-serial': any }), any);
const list = fc.record(
  {
    meta: fc.oneof(fc.constantFrom({ 'api-version': '1.4', '_last-serial': 9 }, { 'api-version': '1.0' }), any),
    projects: fc.oneof(fc.array(entry, { maxLength: 4 }), any),
    more: any,
  },
  { requiredKeys: ['meta', 'projects'] },
);
const spaced = fc.constantFrom(undefined, undefined, 1, '\t');
const tokens = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    '\\',
    '\\u0070',
    ' ',
    '\n',
    '{"name":"a"}',
    '"projects":[',
    '"projects" : [',
    'é',
  ],
  ...['"meta":{"api-version":"1.0"}', '"projects":', '"a":[],', '{"name":"b","_last-serial":3},', '\0', 'null', '1'],
];

interface Listed {
  readonly entries: readonly ListedProject[];
  readonly serial: number | undefined;
}

/** The list, when it arrives in chunks of `size` bytes. */
function arrived(text: string, size: number): Listed {
  const parser = new ProjectListParser('list');
  const bytes = Buffer.from(text);
  const entries: ListedProject[] = [];
  for (let at = 0; at < bytes.length; at += size) entries.push(...parser.push(bytes.subarray(at, at + size)));
  return { entries, serial: parser.end().serial };
}

function expected(text: string): Listed | undefined {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value) || !Array.isArray(value.projects) || !isJsonObject(value.meta)) return undefined;
  const entries = value.projects.map((found: Record<string, unknown>) => {
    return { displayName: String(found.name), serial: serialOf(found['_last-serial']) };
  });
  return { entries, serial: serialOf(value.meta['_last-serial']) };
}

function check(text: string): void {
  const whole = outcome(() => arrived(text, 1 << 16), NonsenseError)?.value;
  for (const size of [1, 7]) {
    const pieces = outcome(() => arrived(text, size), NonsenseError)?.value;
    demandSame(pieces, whole, `chunks of ${size} bytes say the same`);
  }
  if (whole === undefined) return;
  demand(!text.startsWith('\ufeff'), 'JSON has no byte order mark');
  demandSame(whole, expected(text), 'the list says what JSON says');
}

export const projectList: FuzzTarget = {
  name: 'project-list',
  encoding: 'utf8',
  inputs: fc.oneof(
    fc.tuple(list, spaced).map(([value, space]) => JSON.stringify(value, undefined, space)),
    runOf(tokens, 20).map((text) => `{"meta":{"api-version":"1.0"},${text}}`),
  ),
  tokens,
  starts: ['', '{', '{"projects":[', '{"meta":{"api-version":"1.0"},"projects":[', '{"a":"'],
  read: (text) => void outcome(() => arrived(text, 1 << 16), NonsenseError),
  check,
};
