import fc from 'fast-check';
import {
  agentLabel,
  parseUserAgent,
  pythonLabel,
  systemLabel,
  type UserAgent,
} from '../../../src/formats/logs/user-agent.ts';
import { reducedBy15 } from '../../../src/formats/logs/user-agent-1.5.ts';
import { demand, type FuzzTarget } from '../fuzz-target.ts';
import { jsonOf, oneOf, runOf, sequence } from './pieces.ts';

const installers =
  'pip uv poetry pdm setuptools distribute twine Bazel bandersnatch devpi-server python-requests'.split(' ');
const tokens = [
  ...installers.map((name) => `${name}/`),
  ...[
    'Python-urllib/',
    '3.12',
    '2.7',
    ' ',
    '/',
    ' dev',
    'release ',
    ' setuptools/',
    'CPython/3.12.1',
    'Linux/6.1',
    'GNU/kFreeBSD/8.1',
  ],
  ...[
    'Mozilla',
    'Mozilla/5.0 ',
    ' Firefox/3.',
    ' Safari/',
    ' Version/',
    'Googlebot-Mobile/',
    'msnbot/',
    ';',
    '(',
    ')',
    'é',
    '\n',
  ],
  ...[
    '{',
    '}',
    '"',
    ':',
    ',',
    '{"installer":{"name":"pip","version":"26.2"}}',
    '"python":"3.12.1"',
    '\0',
    '\u001b[2J',
    '<b>',
  ],
];
const keys = 'installer name version python implementation system release distro user_data'.split(' ');
const json = jsonOf(keys, ['pip', '26.2', '3.12.1', 'CPython', 'Linux', '<script>', 'unknown', 'a b', '1\n2']);

function read(text: string): UserAgent {
  reducedBy15(text);
  return parseUserAgent(text);
}

function check(text: string): void {
  const agent = read(text);
  const labels = [agentLabel(agent), pythonLabel(agent), systemLabel(agent)];
  for (const label of labels) {
    const isHarmless =
      label === undefined || /^[A-Za-z0-9.+!_-]{1,40}(?: dev)?(?:\/[A-Za-z0-9.+!_-]{1,40}(?: dev)?)?$/.test(label);
    demand(isHarmless, `nothing is published that a client chose freely: ${JSON.stringify(label)}`);
  }
  demand(pythonLabel(agent)?.includes('.') !== false, 'a version of Python has two parts');
  demand(reducedBy15(text).length <= text.length + 'Firefox/3'.length, 'an agent gets no longer');
}

export const userAgent: FuzzTarget = {
  name: 'user-agent',
  encoding: 'utf8',
  inputs: fc.oneof(
    runOf(tokens, 12),
    sequence(
      oneOf('pip/26.2 ', 'uv/0.9 ', 'pip/1 x '),
      json.map((value) => JSON.stringify(value)),
    ),
  ),
  tokens,
  starts: [
    '',
    'pip/1 ',
    'pip/1 {"a":"',
    'twine/1 ',
    'poetry/1 ',
    'Mozilla ',
    'pip/1 CPython/1 ',
    `pip/1 ${'/'.repeat(200)} `,
  ],
  read,
  check,
};
