import fc from 'fast-check';
import t from 'tap';
import { AccessLogReader, type LineKind, unescapeAgent } from '../../../src/formats/logs/access-log.ts';
import { resolvedPath } from '../../../src/formats/logs/requested-path.ts';

const path = `/packages/aa/bb/${'c'.repeat(60)}/foo-1.0.tar.gz`;

interface Parts {
  readonly who?: string;
  readonly date?: string;
  readonly request?: string;
  readonly answer?: string;
  readonly referer?: string;
  readonly agent?: string;
  readonly end?: string;
}

function line(parts: Parts = {}): string {
  const { who = '192.0.2.7 - -', date = '22/Nov/2026:15:09:45 +0000', request = `GET ${path} HTTP/1.1` } = parts;
  const { answer = '200 748', referer = '-', agent = 'pip/26.2', end = '' } = parts;
  return `${who} [${date}] "${request}" ${answer} "${referer}" "${agent}"${end}`;
}

function read(text: string): { kind: LineKind; reader: AccessLogReader; bytes: Buffer } {
  const reader = new AccessLogReader();
  const bytes = Buffer.from(`before\n${text}\nafter`, 'latin1');
  const start = 'before\n'.length;
  return { kind: reader.read(bytes, start, start + Buffer.byteLength(text, 'latin1')), reader, bytes };
}

function agentOf(text: string): string | undefined {
  const { kind, reader, bytes } = read(text);
  t.equal(kind, 'file', text.slice(0, 100));
  return unescapeAgent(bytes.subarray(reader.agentStart, reader.agentEnd));
}

t.test('a line of the format combined', async (t) => {
  const { kind, reader, bytes } = read(line());
  t.equal(kind, 'file');
  t.equal(reader.seconds, Date.UTC(2026, 10, 22, 15, 9, 45) / 1000);
  t.equal(bytes.toString('latin1', reader.pathStart, reader.pathEnd), path);
  t.equal(reader.size, 748);
  t.equal(agentOf(line()), 'pip/26.2');
});

t.test('whatever stands before the date', async (t) => {
  for (const who of [
    '2001:db8::1 - -',
    'host.example.org - -',
    'pypi.example.org:80 192.0.2.7 - -',
    '[::1]:443 2001:db8::1 - somebody',
    '192.0.2.7 - a [strange] user',
    '192.0.2.7 - [22/Nov/2026]',
    '192.0.2.7 identd ""',
  ]) {
    t.equal(read(line({ who })).kind, 'file', who);
  }
  t.not(read(line({ who: '192.0.2.7 - -' })).reader.client, read(line({ who: '192.0.2.8 - -' })).reader.client);
});

t.test('every version of HTTP, and requests by way of a proxy', async (t) => {
  for (const version of ['1.0', '1.1', '2', '2.0', '3', '3.0']) {
    t.equal(read(line({ request: `GET ${path} HTTP/${version}` })).kind, 'file', version);
  }
  const { kind, reader, bytes } = read(line({ request: `GET https://pypi.example.org:8443${path} HTTP/1.1` }));
  t.equal(kind, 'file');
  t.equal(bytes.toString('latin1', reader.pathStart, reader.pathEnd), path);
});

t.test('whatever Apache takes for a path below /packages/ is one', async (t) => {
  const odd = [`/${path}`, `//${path}`, `/.${path}`, `/simple/foo/../..${path}`, `/%70${path.slice(2)}`];
  for (const asked of [...odd, `http://pypi.example.org/${path}`]) {
    const { kind, reader, bytes } = read(line({ request: `GET ${asked}?x HTTP/1.1` }));
    t.equal(kind, 'file', asked);
    t.equal(resolvedPath(bytes.toString('latin1', reader.pathStart, reader.pathEnd)), path.slice(1), asked);
  }
});

t.test('the query is no part of the path', async (t) => {
  const { reader, bytes } = read(line({ request: `GET ${path}?a=b/c?d HTTP/1.1` }));
  t.equal(bytes.toString('latin1', reader.pathStart, reader.pathEnd), path);
});

t.test('the time is told in UTC whatever the zone', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['01/Jan/2027:00:30:00 +0100', '2026-12-31T23:30:00'],
    ['31/Dec/2026:20:00:00 -0500', '2027-01-01T01:00:00'],
    ['29/Feb/2028:12:00:00 +0545', '2028-02-29T06:15:00'],
    ['30/Jun/2026:23:59:60 +0000', '2026-07-01T00:00:00'],
  ];
  for (const [date, expected] of rows) {
    const { kind, reader } = read(line({ date }));
    t.equal(kind, 'file', date);
    t.equal(new Date(reader.seconds * 1000).toISOString().slice(0, 19), expected);
  }
});

t.test('what is no download is told apart', async (t) => {
  const rows: readonly (readonly [LineKind, Parts])[] = [
    ['part', { answer: '206 10' }],
    ['status', { answer: '304 -' }],
    ['status', { answer: '404 196' }],
    ['method', { request: `HEAD ${path} HTTP/1.1` }],
    ['method', { request: 'POST /RPC2 HTTP/1.1' }],
    ['method', { request: '-' }],
    ['address', { request: 'GET /simple/foo/ HTTP/1.1' }],
    ['address', { request: 'GET /packages HTTP/1.1' }],
    ['address', { request: 'GET //simple/foo/ HTTP/1.1' }],
    ['address', { request: `GET /simple/..${path}/../../../../../../simple/foo/ HTTP/1.1` }],
    ['address', { request: 'GET /simple/foo/?../packages/ HTTP/1.1' }],
    ['address', { request: 'GET /.well-known/packages/ HTTP/1.1' }],
    ['unreadable', { date: '30/Feb/2026:00:00:00 +0000' }],
    ['unreadable', { date: '22/Xxx/2026:00:00:00 +0000' }],
    ['unreadable', { date: '22/Nov/2026:24:00:00 +0000' }],
    ['unreadable', { answer: '200 x' }],
    ['unreadable', { request: `GET ${path}` }],
  ];
  for (const [kind, parts] of rows) t.equal(read(line(parts)).kind, kind, JSON.stringify(parts));
  for (const text of ['', '\0', 'garbage', line().slice(0, 40), line().slice(0, 150), '['.repeat(1000)]) {
    t.equal(read(text).kind, 'unreadable', text.slice(0, 50));
  }
});

t.test("Apache's escapes are undone, and fields behind the agent are left out", async (t) => {
  t.equal(agentOf(line({ agent: 'pip/26.2 {\\"ci\\":null}' })), 'pip/26.2 {"ci":null}');
  t.equal(agentOf(line({ agent: 'a\\\\' })), 'a\\');
  t.equal(agentOf(line({ agent: 'a\\x22\\xc3\\xa9\\t' })), 'a"\xc3\xa9\t');
  t.equal(agentOf(line({ referer: 'https://example.org/?q=\\"quoted\\" words' })), 'pip/26.2');
  t.equal(agentOf(line({ referer: '' })), 'pip/26.2');
  t.equal(agentOf(line({ agent: '' })), '');
  t.equal(agentOf(line({ end: '\r' })), 'pip/26.2');
  t.equal(agentOf(line({ end: ' 1234 "10.0.0.1"' })), 'pip/26.2');
  t.equal(agentOf(`${line({ agent: 'cut \\"' }).slice(0, -1)}`), undefined, 'a line that was cut off');
});

t.test('any bytes are read without an error, in linear time', async (t) => {
  const piece = fc.constantFrom(
    '[',
    ']',
    '"',
    '\\',
    ' ',
    '/',
    '22/Nov/2026:15:09:45 +0000',
    '] "GET ',
    '200',
    'a',
    '\xff',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const { kind, reader } = read(pieces.join(''));
      return kind !== 'file' || reader.agentEnd > reader.agentStart;
    }),
  );
  const started = process.hrtime.bigint();
  for (const part of [' [', '] "GET ', '" "', '\\"', ' [22/Nov/2026:15:09:45 +0000] "']) {
    for (const before of ['', line().slice(0, 60), line({ agent: '' }).slice(0, -1)]) {
      read(before + part.repeat(64 * 1024).slice(0, 64 * 1024));
    }
  }
  t.ok(Number(process.hrtime.bigint() - started) < 1e9);
});
