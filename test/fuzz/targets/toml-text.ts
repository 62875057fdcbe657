/** TOML as people and programs write it. */
import fc from 'fast-check';

function tomlText(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007f');
}

/** `value`, which came from JSON, on one line. */
export function inlineToml(value: unknown): string {
  if (typeof value === 'string') return tomlText(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : '1.5';
  if (Array.isArray(value)) return `[${value.map(inlineToml).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return value === true ? 'true' : 'false';
  return `{${Object.entries(value).map(([key, found]) => `${tomlText(key)} = ${inlineToml(found)}`)}}`;
}

/** `[[header]]` and what stands below it. */
export function tomlTable(header: string, members: readonly (readonly [string, unknown])[]): string {
  return `${header}\n${members.map(([key, value]) => `${key} = ${inlineToml(value)}\n`).join('')}`;
}

/** What mutations of TOML insert. */
export const tomlTokens = [
  ...[
    '[',
    ']',
    '[[',
    ']]',
    '{',
    '}',
    '=',
    ' = ',
    ',',
    '.',
    '#',
    '"',
    "'",
    '"""',
    "'''",
    '\\',
    '\n',
    '\r\n',
    ' ',
    '\t',
    '\0',
    'é',
  ],
  ...[
    'a',
    'a = 1\n',
    '[a]\n',
    '[[a]]\n',
    '[a.b]\n',
    'a = []\n',
    '1',
    '1.5',
    'inf',
    'nan',
    '0x1f',
    '1979-05-27',
    '07:32:00',
  ],
  ...['true', '"\\ud800"', '"\\u0061"', '"a" = ', '99999999999999999999', '-', '_', 'a.b.c = 1\n', '{a = 1}', '\ufeff'],
];

/** Values, often on several lines. */
export const tomlValue: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(
      '1',
      '"flask"',
      "'a-*'",
      'true',
      '"""\nx"""',
      "'''\n[a]\n'''",
      '"#\\""',
      '1.5',
      '1979-05-27',
      '"1.0"',
    ),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), fc.constantFrom(', ', ',\n  ', ' # ]\n,'))
      .map(([values, between]) => `[${values.join(between)}\n]`),
    fc
      .array(tie('value'), { maxLength: 2 })
      .map((values) => `{ ${values.map((value, index) => `k${index} = ${value.replaceAll('\n', '')}`)} }`),
  ),
})).value;
