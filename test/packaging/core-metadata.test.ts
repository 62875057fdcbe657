import fc from 'fast-check';
import t from 'tap';
import { type CoreMetadata, parseCoreMetadata } from '../../src/packaging/core-metadata.ts';
import { judge, judgeOrReason } from './judge.ts';
import { sample } from './spellings.ts';

const parsed = (text: string): CoreMetadata => {
  const metadata = parseCoreMetadata(Buffer.from(text));
  if (metadata === undefined) throw new Error('the head is short');
  return metadata;
};

const wheel = `Metadata-Version: 2.1
Name: Sample.Project
Version: 1.0
Summary: Größe: schön
Author-email: "A" <a@example.org>
License: MIT
        Permission is hereby granted
        Requires-Dist: no-field
requires-python: >=3.8,<4
Requires-Dist: requests (>=2.8) ; extra == 'net'
REQUIRES-DIST:certifi
Requires-Dist: wide >=1 ;
\tpython_version < '3'
Provides-Extra: Net_Work
Provides-Extra: doc

Requires-Dist: in-the-description
`;

t.test('the fields that decide which projects are needed are read from the head', async (t) => {
  const expected = {
    metadataVersion: '2.1',
    name: 'Sample.Project',
    version: '1.0',
    requiresPython: '>=3.8,<4',
    requiresDist: ["requests (>=2.8) ; extra == 'net'", 'certifi', "wide >=1 ; python_version < '3'"],
    providesExtra: ['net-work', 'doc'],
    dynamic: [],
  };
  t.same(parsed(wheel), expected);
  t.same(parsed(wheel.replaceAll('\n', '\r\n')), expected, 'with the ends of line of Windows');
  t.same(parsed(wheel.slice(0, wheel.indexOf('\n\n'))), expected, 'without an end');
});

t.test('a field that is absent is undefined, and one that occurs twice is the first', async (t) => {
  const nothing = {
    metadataVersion: undefined,
    name: undefined,
    version: undefined,
    requiresPython: undefined,
    requiresDist: [],
    providesExtra: [],
    dynamic: [],
  };
  t.same(parsed(''), nothing);
  t.same(parsed('\n\nName: x'), nothing);
  t.same(parsed('  Name: x'), nothing);
  t.equal(parsed('Name: a\nName: b').name, 'a');
});

t.test('a line that is no field ends the head', async (t) => {
  t.same(parsed('Name: a\nthis is no field\nVersion: 1').version, undefined);
  t.same(parsed('Name: a\nSpaced Field: b\nVersion: 1').version, undefined);
});

t.test('bytes that are not UTF-8 spoil nothing but themselves', async (t) => {
  const bytes = Buffer.from('Author: \u00e9\u2028\nRequires-Dist: b', 'latin1');
  t.same(parseCoreMetadata(bytes)?.requiresDist, ['b']);
  t.same(parsed('Author: \u2028\u0085\nRequires-Dist: b').requiresDist, ['b']);
});

t.test('a head without an end in sight is not read in part', async (t) => {
  const line = `Requires-Dist: ${'x'.repeat(85)}\n`;
  const head = (bytes: number): string => line.repeat(Math.ceil(bytes / line.length));
  const limit = 4 * 1024 * 1024;
  t.equal(parseCoreMetadata(Buffer.from(head(limit + 1))), undefined);
  t.equal(
    parseCoreMetadata(Buffer.from(head(limit - 200)))?.requiresDist.length,
    Math.ceil((limit - 200) / line.length),
  );
  t.equal(parseCoreMetadata(Buffer.from(`Name: a\n\n${head(limit + 1)}`))?.name, 'a', 'a description may be long');
});

const lines = fc.oneof(
  fc.constantFrom(
    'Name: a',
    'name:b ',
    'Version:1.0',
    'Requires-Python: >=3',
    'Requires-Dist: a>=1',
    'REQUIRES-DIST:\tb',
  ),
  fc.constantFrom(
    'Provides-Extra: x',
    'Summary: a: b',
    'Keywords:',
    ':nameless',
    'X-\u00e9: y',
    'no field',
    'bad field: x',
  ),
);
const texts = fc
  .array(fc.tuple(lines, fc.constantFrom('\n', '\n', '\n', '\r\n', '\r', '\n\n')), { maxLength: 8 })
  .map((parts) => parts.flat().join(''));

t.test('every head means what it means to Python', await judgeOrReason(), async (t) => {
  const asked = sample(texts, 1000);
  const answers = await judge<Readonly<Record<string, readonly string[]>>>(asked.map((text) => ['metadata', text]));
  const wrong = asked.flatMap((text, index) => {
    const metadata = parsed(text);
    const own = [
      metadata.name,
      metadata.version,
      metadata.requiresPython,
      metadata.requiresDist,
      metadata.providesExtra,
    ];
    const {
      Name,
      Version,
      'Requires-Python': python,
      'Requires-Dist': needs,
      'Provides-Extra': extras,
    } = answers[index] ?? {};
    const told = [Name?.[0], Version?.[0], python?.[0], needs, extras];
    return JSON.stringify(own) === JSON.stringify(told) ? [] : [{ text, own, told }];
  });
  t.same(wrong, []);
});
