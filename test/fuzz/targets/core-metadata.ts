import fc from 'fast-check';
import { type CoreMetadata, parseCoreMetadata } from '../../../src/packaging/core-metadata.ts';
import { demand, demandSame, type FuzzTarget } from '../fuzz-target.ts';
import { oneOf, runOf, sequence } from './pieces.ts';

const tokens = [
  ...[
    'Name: foo\n',
    'Version: 1.0\n',
    'Requires-Dist: bar>=1; extra == "x"\n',
    'Requires-Python: >=3.8\n',
    'Provides-Extra: X_y\n',
  ],
  ...[
    'requires-dist:',
    'Name',
    ':',
    ': ',
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    ' ',
    '\t',
    '\n  more',
    '\0',
    'é',
    '\ufeff',
    '\x85',
    '\u2028',
    '\xff',
    'x',
  ],
];
const line = fc.oneof(
  sequence(
    oneOf('Name', 'Version', 'Requires-Dist', 'requires-python', 'Provides-Extra', 'X'),
    oneOf(': ', ':', ' :'),
    oneOf('a', 'b>=1', '>=3', 'X.y', '', 'é '),
  ),
  oneOf('  more', '\tmore', '', 'no field'),
);

function read(text: string): CoreMetadata | undefined {
  return parseCoreMetadata(Buffer.from(text));
}

function written(metadata: CoreMetadata): string {
  const { metadataVersion, name, version, requiresPython, requiresDist, providesExtra, dynamic } = metadata;
  const fields = [
    ...[metadataVersion ?? []].flat().map((value) => `Metadata-Version: ${value}`),
    ...[name ?? []].flat().map((value) => `Name: ${value}`),
    ...[version ?? []].flat().map((value) => `Version: ${value}`),
    ...[requiresPython ?? []].flat().map((value) => `Requires-Python: ${value}`),
    ...requiresDist.map((value) => `Requires-Dist: ${value}`),
    ...providesExtra.map((value) => `Provides-Extra: ${value}`),
    ...dynamic.map((value) => `Dynamic: ${value}`),
  ];
  return `Summary: none\n${fields.map((field) => `${field}\n`).join('')}\nA description`;
}

function check(text: string): void {
  const found = read(text);
  demand(found !== undefined, 'what is not absurdly long is read');
  const values = [found.name, found.version, found.requiresPython, ...found.requiresDist, ...found.providesExtra];
  demand(
    values.every((value) => value === undefined || !/[\r\n]/.test(value)),
    'a value is one line',
  );
  demandSame(read(written(found)), found, 'a head that is written again is the same');
}

export const coreMetadata: FuzzTarget = {
  name: 'core-metadata',
  encoding: 'utf8',
  inputs: fc.oneof(
    fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n')),
    runOf(tokens, 15),
  ),
  tokens,
  starts: ['', 'Name: foo\n', 'Requires-Dist: a', 'Name: foo\n\n'],
  read,
  check,
};
