import fc from 'fast-check';
import { parseConfigFile } from '../../../src/cli/config/config-file.ts';
import { type SettingName, settingNames, settingsFrom } from '../../../src/cli/config/settings.ts';
import { UsageError } from '../../../src/core/errors.ts';
import { renderTomlSetting, type TomlValue } from '../../../src/formats/migration/render-toml.ts';
import { tomlLines } from '../../../src/formats/toml-lines.ts';
import { policyKeys } from '../../../src/policy/parse-policy.ts';
import { demand, demandSame, type FuzzTarget, outcome } from '../fuzz-target.ts';
import { oneOf, sequence } from './pieces.ts';
import { tomlTokens, tomlValue } from './toml-text.ts';

const goodValue = oneOf(
  '"https://a.example/simple/"',
  '5',
  'true',
  '["a.example"]',
  '"text"',
  '"/run/secret"',
  '[]',
  '"a@b.example"',
);
const key = oneOf(...settingNames, ...policyKeys, 'x', '"workers"', 'releases.keep', '"a.b"', "'#'", '__proto__');
const header = oneOf('[releases]', '[[rule]]', '[ files ]', '[[environment]]', '[a.b]', '[[a.b]]', '["x y"]');
const line = fc.oneof(sequence(key, oneOf(' = ', '='), fc.oneof(goodValue, tomlValue)), header, oneOf('', '# x', '  '));
const document = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n'));

/** Fails when a value that is seen on one line is said to stand on another. */
function checkLines(text: string, value: unknown, path: string, lineOf: (path: string) => number): void {
  const lines = text.split('\n');
  const line = lineOf(path);
  demand(line >= 1 && line <= lines.length, 'a value stands on one of the lines');
  if (typeof value === 'string' && /^[a-z0-9./:@-]{3,}$/.test(value)) {
    // Where texts span lines or have escapes, the line of the value need not show it.
    const isPlain = !/"""|'''|\\/.test(text);
    demand(!isPlain || lines[line - 1]?.includes(value) === true, `${path} stands where it is said to stand`);
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) return;
  for (const [name, member] of Object.entries(value)) {
    // In a path, these would be taken for other ones.
    if (/^[A-Za-z0-9_-]+$/.test(name)) checkLines(text, member, path === '' ? name : `${path}.${name}`, lineOf);
  }
}

/** The settings that can be written, written. */
function written(given: ReadonlyMap<SettingName, { readonly value: unknown }>): string {
  const settings = [...given].map(([name, { value }]) => renderTomlSetting(name, value as TomlValue));
  return settings.join('');
}

function read(text: string): void {
  outcome(() => settingsFrom(parseConfigFile(text, 'mirror.toml').given), UsageError);
}

function check(text: string): void {
  const config = outcome(() => parseConfigFile(text, 'mirror.toml'), UsageError)?.value;
  if (config === undefined) return;
  checkLines(text, config.toml, '', tomlLines(text));
  const settings = outcome(() => settingsFrom(config.given), UsageError)?.value;
  if (settings === undefined) return;
  const again = parseConfigFile(written(config.given), 'again').given;
  demandSame(settingsFrom(again), settings, 'settings that are written again are the same');
}

export const mirrorToml: FuzzTarget = {
  name: 'mirror-toml',
  encoding: 'utf8',
  inputs: document,
  tokens: [...tomlTokens, 'workers = 5\n', 'upstream = "https://a.example"\n', 'rule', 'releases'],
  starts: ['', 'x = [', 'x = {', 'x = "', "x = '''", 'x = """', '[', '[[a.', 'x = [\n'],
  read,
  check,
};
