import fc from 'fast-check';
import { DamagedFileError } from '../../../src/core/errors.ts';
import { parseStatus15, type Status15 } from '../../../src/formats/migration/status-1.5.ts';
import { demand, demandSame, type FuzzTarget, outcome } from '../fuzz-target.ts';
import { oneOf, runOf } from './pieces.ts';

const head = '\x80\x02(cpep381client\nSynchronization\no';
const set = 'c__builtin__\nset\n';
const attributes = 'last_completed last_started complete_projects projects_to_do skip_file_contents'.split(' ');

function number32(value: number): string {
  return String.fromCharCode(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
}

function text(value: string): string {
  const bytes = Buffer.from(value).toString('latin1');
  return bytes.length < 256 ? `U${String.fromCharCode(bytes.length)}${bytes}` : `X${number32(bytes.length)}${bytes}`;
}

/** As `pickle` writes whole numbers from 0 on. */
function number(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return `\x8a\x06${bytes.toString('latin1', 0, 6)}`;
}

function setOf(members: readonly string[]): string {
  return `${set}](${members.map(text).join('')}e\x85R`;
}

function statusOf(members: readonly (readonly [string, string])[]): string {
  return `${head}}(${members.map(([name, value]) => text(name) + value).join('')}ub.`;
}

const value = oneOf(
  'N',
  '\x88',
  '\x89',
  'K\x05',
  'M\x01\x02',
  'J\x00\x00\x00\x80',
  '\x8a\x00',
  text('a'),
  setOf([]),
  setOf(['a', 'B.c']),
  'h\x00',
  ']',
  '}',
  ')',
  `${set}]\x85R`,
);
const member = fc.tuple(oneOf(...attributes, 'x'), value);
const whole: readonly (readonly [string, string])[] = attributes.map((name, index) => [
  name,
  index < 2 ? 'K\x01' : index < 4 ? setOf(['a']) : '\x88',
]);
const status = fc.array(member, { maxLength: 3 }).map((members) => statusOf([...new Map([...whole, ...members])]));
const tokens = [
  ...'NK\x05|\x88|\x89|M\x01\x02|}|]|)|(|a|e|s|u|o|R|b|.|\x81|\x85|\x86|\x87|q\x00|q\x01|h\x00|h\x01|\x8a\x01\xff|\x8a\x07'.split(
    '|',
  ),
  ...[
    'U\x01a',
    'U\xff',
    'X\xff\xff\xff\x7f',
    'T\x01\x00\x00\x00a',
    'r\x00\x00\x00\x00',
    'j\x00\x00\x00\x00',
    'c',
    '\n',
    head,
    set,
    setOf(['x']),
  ],
  ...[
    'cos\nsystem\n',
    'csqlite3\nConnection\n',
    'cpep381client.sqlite\nSqliteStorage\n',
    '\x80\x02',
    '0',
    '\xff',
    'J\xff\xff\xff\xff',
  ],
  ...attributes.map(text),
];

/** As 1.5 would have stored it. */
function written(found: Status15): string {
  return statusOf([
    ['last_completed', number(found.lastCompleted)],
    ['last_started', number(found.lastStarted)],
    ['complete_projects', setOf(found.completeProjects)],
    ['projects_to_do', setOf(found.projectsToDo)],
    ['skip_file_contents', found.skipFileContents ? '\x88' : '\x89'],
  ]);
}

function parse(input: string): Status15 {
  return parseStatus15(Buffer.from(input, 'latin1'), 'status');
}

function check(input: string): void {
  const found = outcome(() => parse(input), DamagedFileError)?.value;
  if (found === undefined) return;
  const { lastCompleted, lastStarted, completeProjects, projectsToDo } = found;
  demand(
    [lastCompleted, lastStarted].every((time) => Number.isSafeInteger(time) && time >= 0),
    'a time is a number from 0 on',
  );
  for (const names of [completeProjects, projectsToDo])
    demand(new Set(names).size === names.length, 'each name stands once');
  demandSame(parse(written(found)), found, 'a status that is written again is the same');
}

export const pickle: FuzzTarget = {
  name: 'pickle',
  encoding: 'latin1',
  inputs: fc.oneof(
    status,
    runOf(tokens, 25).map((program) => head + program),
    runOf(tokens, 25),
  ),
  tokens,
  starts: ['', '\x80\x02', head, `${head}}(`, `\x80\x02${set}](`],
  read: (input) => void outcome(() => parse(input), DamagedFileError),
  check,
};
