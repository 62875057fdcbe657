import fc from 'fast-check';
import { parse } from 'smol-toml';
import { parseConfigFile } from '../../../src/cli/config/config-file.ts';
import { settingsFrom } from '../../../src/cli/config/settings.ts';
import { UsageError } from '../../../src/core/errors.ts';
import { type BandersnatchConf, parseBandersnatchConf } from '../../../src/formats/migration/bandersnatch-conf.ts';
import { filters } from '../../../src/formats/migration/bandersnatch-filters.ts';
import { mirrorOptions } from '../../../src/formats/migration/bandersnatch-options.ts';
import { importBandersnatch } from '../../../src/formats/migration/import-bandersnatch.ts';
import { isPattern } from '../../../src/policy/project-patterns.ts';
import { compileRegex, policyOf } from '../../policy/policy-of.ts';
import { demand, demandSame, type FuzzTarget, outcome } from '../fuzz-target.ts';
import { oneOf, runOf, sequence } from './pieces.ts';

const readKeys = [...filters.values()].flatMap(({ reads }) => reads.map((path) => path.replace(/^.*\.\*?/, '')));
const keys = [...mirrorOptions.keys(), ...readKeys.filter((key) => key !== ''), 'enabled', '__proto__', 'x'];
const sections = [
  'mirror',
  'plugins',
  'DEFAULT',
  's3',
  'x',
  '__proto__',
  ...new Set([...filters.values()].map(({ reads }) => reads[0]?.split('.')[0] ?? '')),
];
const tokens = [
  ...sections.map((section) => `[${section}]\n`),
  ...[
    '[',
    ']',
    '=',
    ' = ',
    ':',
    '#',
    ';',
    '\n',
    '\r\n',
    '\r',
    '  ',
    '\t',
    '$',
    '$$',
    `\${`,
    '}',
    `\${x}`,
    `\${mirror:master}`,
    `\${DEFAULT:x}`,
  ],
  ...[
    'x = ',
    'master = https://pypi.org\n',
    'enabled = all\n',
    'packages =\n  a\n  b>=1\n',
    'packages =\n  a\n  b==1\n',
    'packages =\n  .+-evil$\n  (a|b)\n',
    'requirements_path = /srv\nrequirements =\n  r.txt\n  r-*.txt\n',
    'platforms =\n  windows\n  py2.7\n',
    'keep = 3\n',
    'true',
    '\n  ',
    '\0',
    'é',
    '😀',
    '\ufeff',
    '\u001b[2J',
    '"',
  ],
  ...[`a1 = \${a1}\n`, '[a]\n'],
];
const value = oneOf(
  'true',
  'off',
  '5',
  'https://pypi.org/simple/',
  'http://x',
  '\n  a\n  # c\n  b>=1',
  `\${workers}`,
  '$',
  'all',
  '\n  allowlist_project\n  regex_project',
  '',
  'é"\\',
  `\${mirror:x}`,
);
const section = sequence(
  oneOf(...sections.map((name) => `[${name}]\n`)),
  fc
    .array(sequence(oneOf(...keys), oneOf(' = ', '=', ' : '), value, '\n'), { maxLength: 5 })
    .map((lines) => lines.join('')),
);

function contentOf(conf: BandersnatchConf): unknown {
  return [...conf].map(([name, settings]) => [name, [...settings].map(([key, setting]) => [key, setting.value])]);
}

/** True for what a file can say without references: their values may be such as no line can spell. */
function canBeWritten(conf: BandersnatchConf): boolean {
  const settings = [...conf.values()].flatMap((found) => [...found]);
  return settings.every(([key, setting]) => {
    const lines = setting.value.split('\n');
    return (
      !key.startsWith('[') &&
      lines.every((line) => line.trim() === line && !/[\r]|^[#;]/.test(line)) &&
      setting.value.trimEnd() === setting.value
    );
  });
}

function written(conf: BandersnatchConf): string {
  const texts = [...conf].map(([name, settings]) => {
    const lines = [...settings].map(
      ([key, setting]) => `${key} = ${setting.value.replaceAll('$', '$$$$').replaceAll('\n', '\n  ')}\n`,
    );
    return `[${name}]\n${lines.join('')}`;
  });
  return texts.join('');
}

function read(text: string): BandersnatchConf | undefined {
  const conf = outcome(() => parseBandersnatchConf(text, 'bandersnatch.conf'), UsageError)?.value;
  if (conf !== undefined) importBandersnatch(conf, takesPattern);
  return conf;
}

function takesPattern(text: string): boolean {
  return isPattern(text, compileRegex);
}

/** The requirements files that `toml` names. */
function emptyFiles(toml: string): Record<string, string> {
  const { requirements } = parse(toml);
  return Object.fromEntries(Array.isArray(requirements) ? requirements.map((path) => [path, '']) : []);
}

function check(text: string): void {
  const conf = read(text);
  if (conf === undefined) return;
  const { toml, notes } = importBandersnatch(conf, takesPattern);
  settingsFrom(parseConfigFile(toml, 'mirror.toml').given);
  policyOf(toml, emptyFiles(toml));
  demand(
    notes.every((note) => note.length < 400 && !/\p{C}/u.test(note)),
    'a note is one line, and not long',
  );
  demand(!/[^\P{C}\n]/u.test(toml), 'what is written has no control characters');
  if (!canBeWritten(conf)) return;
  demandSame(
    contentOf(parseBandersnatchConf(written(conf), 'again')),
    contentOf(conf),
    'a configuration that is written again is the same',
  );
}

export const bandersnatchConf: FuzzTarget = {
  name: 'bandersnatch-conf',
  encoding: 'utf8',
  inputs: fc.oneof(
    fc.array(section, { maxLength: 4 }).map((found) => found.join('')),
    runOf(tokens, 20),
  ),
  tokens,
  starts: [
    '',
    '[mirror]\n',
    '[mirror]\nx = ',
    `[mirror]\nx = \${`,
    '[DEFAULT]\n',
    '[plugins]\nenabled = all\n',
    '[allowlist]\npackages =\n',
  ],
  read,
  check,
};
