import fc from 'fast-check';
import { AccessLogReader, unescapeAgent } from '../../../src/formats/logs/access-log.ts';
import { parseLine15 } from '../../../src/formats/logs/line-1.5.ts';
import { LogScanner, type ScannedLines } from '../../../src/formats/logs/log-scanner.ts';
import { resolvedPath } from '../../../src/formats/logs/requested-path.ts';
import { demand, demandSame, type FuzzTarget } from '../fuzz-target.ts';
import { oneOf, runOf, sequence } from './pieces.ts';

const path = `/packages/aa/bb/${'c'.repeat(60)}/foo-1.0.tar.gz`;
const tokens = [
  ...[
    '"',
    '\\"',
    '\\\\',
    '\\',
    '\\x41',
    '\\xe9',
    '[',
    ']',
    ' ',
    '-',
    '/',
    '?',
    '\n',
    '\r\n',
    '\0',
    '\xff',
    '" "',
    ' "',
    '  "',
  ],
  ...['[22/Nov/2026:15:09:45 +0000] "', '[31/Feb/2026:15:09:45 -0130] "', '[22/nov/2026:23:59:60 +0000] "', '] "GET '],
  ...[
    'GET ',
    'HEAD ',
    '/packages/',
    '/../',
    '/./',
    '%70',
    path,
    'http://h',
    ' HTTP/1.1"',
    ' HTTP/1.1" 200 ',
    ' 200 748 ',
    ' 206 1 ',
    ' 304 - ',
    '.metadata',
  ],
  ...[
    '"-" "pip/26.2"',
    '"pip/26.2 {\\"a\\":1}"',
    'User-Agent: ',
    `192.0.2.7 - - [22/Nov/2026:15:09:45 +0000] "GET ${path}`,
  ],
];
const line = sequence(
  oneOf('192.0.2.7', 'h:80 2001:db8::1', 'a [b', ''),
  oneOf(' - - ', ' - "x" [y ', ' '),
  oneOf('[22/Nov/2026:15:09:45 +0000] ', '[01/Jan/1970:00:00:00 +2400] ', '[29/Feb/2024:23:59:60 -0130] ', '[x] '),
  oneOf('"GET ', '"HEAD ', '"GET http://h'),
  oneOf(path, `${path}?x`, `/${path}`, `/simple/..${path}`, `${path}.metadata`, '/packages/', '/simple/', '*'),
  oneOf(' HTTP/1.1" ', ' HTTP/2.0" ', ' HTTP/1.1', '" '),
  oneOf('200 748 ', '206 12 ', '200 - ', '304 0 ', '200 x '),
  oneOf('"-" ', '"http://a/\\"b" ', ''),
  oneOf('"pip/26.2"', '"a\\"\\\\\\x41"', '"x" "more"', '"', ''),
);

/** Whole lines of the plainest kind, read in the plainest way. */
const plain =
  /^[^[]* \[(\d\d)\/(\w{3})\/(\d{4}):(\d\d:\d\d):(\d\d) ([+-])(\d\d)(\d\d)\] "GET (\/packages\/[^ ?"\\]*)(?:\?[^ "\\]*)? HTTP\/\d\.\d" (200|206) (\d{1,15}) "[^"\\]*" "([^"\\]*)"$/;

function expectedOf(text: string): unknown {
  const [, day, month, year, time, second, sign, hours, minutes, file, status, size, agent] = plain.exec(text) ?? [];
  const start = Date.parse(`${day} ${month} ${year} ${time}:00 GMT`);
  const isDate = new Date(start).getUTCDate() === Number(day) && /^[A-Z][a-z]{2}$/.test(month ?? '');
  const zone = Number(hours) * 60 + Number(minutes);
  if (!isDate || Number(second) > 60 || zone > 1440) return undefined;
  const seconds = start / 1000 + Number(second) - (sign === '-' ? -zone : zone) * 60;
  return [status === '200' ? 'file' : 'part', file, Number(size), `${agent}"`, seconds];
}

function checkLine(text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  const reader = new AccessLogReader();
  const kind = reader.read(bytes, 0, bytes.length);
  const { pathStart, pathEnd, agentStart, agentEnd, size, seconds } = reader;
  demand(kind === 'unreadable' || Number.isSafeInteger(seconds), 'a line that is read tells a time');
  if (kind !== 'file' && kind !== 'part') return;
  const [file, agent] = [text.slice(pathStart, pathEnd), text.slice(agentStart, agentEnd)];
  demand(pathEnd <= agentStart && agentEnd <= text.length, 'the parts of a line lie in it, in their order');
  demand(/^\/[^ ?]*$/.test(file) && size >= 0, 'a file has a path without query, and a size');
  demand(
    /^(?:\/packages|packages)\//.test(file.startsWith('/packages/') ? file : resolvedPath(file)),
    'it is below /packages/',
  );
  demand(agent.endsWith('"'), 'an agent comes with the quote that ends it');
  const expected = expectedOf(text);
  if (expected !== undefined) demandSame([kind, file, size, agent, seconds], expected, 'a plain line is read plainly');
  checkAgent(unescapeAgent(bytes.subarray(agentStart, agentEnd)));
}

/** Apache writes what it escapes so that it can be read again. */
function checkAgent(agent: string | undefined): void {
  if (agent === undefined) return;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  const escaped = agent.replace(/["\\\x00-\x1f\x7f-\xff]/g, (character) =>
    /["\\]/.test(character) ? `\\${character}` : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  demandSame(unescapeAgent(Buffer.from(`${escaped}"`, 'latin1')), agent, 'an agent that is escaped again is the same');
}

function check15(text: string): void {
  const found = parseLine15(text);
  if (found === undefined) return;
  demand(/^\d{4}-\d\d-\d\d$/.test(found.day), 'a day is a date');
  demand(!/\/| /.test(found.project + found.filename) && found.filename !== '', 'a name is one part of a path');
}

/** Both see the same logs, so that they give the same numbers. */
const [inOne, inPieces] = [new LogScanner(), new LogScanner()];

function scanned(scanner: LogScanner, bytes: Buffer, size: number): ScannedLines {
  scanner.begin(0);
  for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size));
  scanner.end();
  return scanner.take();
}

function check(text: string): void {
  for (const one of text.split('\n')) {
    checkLine(one);
    check15(one);
  }
  const bytes = Buffer.from(text, 'latin1');
  demandSame(scanned(inPieces, bytes, 7), scanned(inOne, bytes, 1 << 16), 'a log in pieces says the same');
}

function read(text: string): void {
  scanned(new LogScanner(), Buffer.from(text, 'latin1'), 1 << 16);
  // What is longer is passed over.
  if (text.length <= 1 << 16) parseLine15(text);
}

export const accessLog: FuzzTarget = {
  name: 'access-log',
  encoding: 'latin1',
  inputs: fc.oneof(
    fc.array(line, { maxLength: 4 }).map((lines) => lines.join('\n')),
    runOf(tokens, 20),
  ),
  tokens,
  starts: [
    '',
    '192.0.2.7 - - [22/Nov/2026:15:09:45 +0000] "GET ',
    `a [22/Nov/2026:15:09:45 +0000] "GET ${path} HTTP/1.1" 200 1 "-" "`,
  ],
  read,
  check,
};
