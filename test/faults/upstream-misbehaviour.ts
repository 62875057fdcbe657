/** What an upstream can do wrong with one request, and which of it nobody can notice at once. */
import type { Fault } from '../sample/fault-behaviours.ts';

/** What a request asks for. */
export type Asked = 'list' | 'page' | 'file' | 'metadata' | 'provenance' | 'changelog';

/** One way to do it wrong. */
export interface Misbehaviour {
  readonly name: string;
  readonly fault: Fault;
  /** An answer that says less than there is and looks right: uncovered within a day, or with the project's next change. */
  readonly hidden?: 'for a day' | 'until it changes' | false;
}

/** What the request in `line` asks for; undefined where it does not matter to a mirror. */
export function askedBy(line: string): Asked | undefined {
  if (/^POST /.test(line)) return 'changelog';
  if (/^GET \/simple\/$/.test(line)) return 'list';
  if (/^GET \/simple\//.test(line)) return 'page';
  if (/^GET \/integrity\//.test(line)) return 'provenance';
  if (/^GET \/packages\/.*\.metadata$/.test(line)) return 'metadata';
  return /^GET \/packages\//.test(line) ? 'file' : undefined;
}

/** All that can go wrong with the request in `line`. `now` is the time, in milliseconds. */
export function misbehavioursOf(line: string, now: number): readonly Misbehaviour[] {
  const asked = askedBy(line);
  if (asked === undefined) return [];
  const path = line.split(' ')[1] ?? '/';
  return [...ofAll(path, asked, now), ...(ofOne[asked] ?? [])];
}

function ofAll(path: string, asked: Asked, now: number): Misbehaviour[] {
  const sidecar = asked === 'metadata' || asked === 'provenance';
  const status = (code: number, retryAfter?: string): Misbehaviour => ({
    name: `${code}${retryAfter === undefined ? '' : `, Retry-After ${retryAfter}`}`,
    fault: { do: 'status', status: code, ...(retryAfter !== undefined && { retryAfter }) },
    hidden: sidecar && (code === 404 || code === 410) && 'until it changes',
  });
  return [
    { name: 'a redirect to itself', fault: { do: 'redirect', location: path } },
    ...[304, 400, 403, 404, 407, 410, 429, 451, 500, 502, 503, 504].map((code) => status(code)),
    status(429, '3'),
    status(429, new Date(now + 20_000).toUTCString()),
    status(503, '7200'),
    status(503, 'soon'),
    { name: 'HTML with 200', fault: { do: 'html-200' } },
    { name: 'nothing with 200', fault: { do: 'change', change: () => Buffer.alloc(0) } },
    { name: 'half of it', fault: { do: 'truncate-length' } },
    { name: 'a byte less', fault: { do: 'truncate-length', by: 1 } },
    { name: 'a wrong byte', fault: { do: 'corrupt' } },
    { name: 'a cut', fault: { do: 'cut', after: 100 } },
    { name: 'a cut, chunked', fault: { do: 'cut-chunked', after: 100 } },
    { name: 'a reset', fault: { do: 'reset' } },
    { name: 'a stall', fault: { do: 'stall' } },
    { name: 'a stall in the middle', fault: { do: 'stall', after: 20 } },
    { name: 'another ETag', fault: { do: 'etag-change' } },
  ];
}

const text = 'text/plain';
const row = /<value><array><data>\n(?:<value>(?:<\w+>[^<]*<\/\w+>|<nil\/>)<\/value>\n){5}<\/data><\/array><\/value>\n/;
const everyRow = new RegExp(row, 'g');

const change = (name: string, make: (text: string) => string | Buffer): Misbehaviour => ({
  name,
  fault: { do: 'change', change: (body) => Buffer.from(make(body.toString())) },
});

const ofOne: Readonly<Partial<Record<Asked, readonly Misbehaviour[]>>> = {
  list: [{ name: 'another type', fault: { do: 'content-type', contentType: text } }],
  page: [{ name: 'another type', fault: { do: 'content-type', contentType: text } }],
  file: [
    { name: 'a cut far behind', fault: { do: 'cut', after: 1_300_000 } },
    { name: 'a forged range', fault: { do: 'wrong-range' } },
    { name: 'a range that is ignored', fault: { do: 'ignore-range' } },
    { name: 'more than there is', fault: { do: 'change', change: (body) => Buffer.concat([body, body]) } },
  ],
  changelog: [
    { name: 'a fault', fault: { do: 'xmlrpc-fault', code: -32500, text: 'HTTPTooManyRequests: reset in 2 seconds' } },
    { name: 'an outage', fault: { do: 'xmlrpc-fault', code: 1, text: 'internal error' } },
    { name: 'no such method', fault: { do: 'xmlrpc-fault', code: -32601, text: 'method not found' } },
    { name: 'a body that is no reply', fault: { do: 'body', body: '<methodResponse>', contentType: 'text/xml' } },
    change('no number', (reply) => reply.replace(/<int>\d+<\/int>/g, '<int>NaN</int>')),
    change('a negative number', (reply) => reply.replace(/<int>(\d+)<\/int>/g, '<int>-$1</int>')),
    change('a fraction', (reply) => reply.replace(/<int>(\d+)<\/int>/g, '<double>$1.5</double>')),
    change('every row twice', (reply) => reply.replace(everyRow, '$&$&')),
    { ...change('a row less', (reply) => reply.replace(row, '')), hidden: 'for a day' },
    change('what is not UTF-8', (reply) => {
      const bytes = Buffer.from(reply.replace('<string>', '<string>?'));
      const at = bytes.indexOf('<string>?');
      if (at >= 0) bytes[at + '<string>'.length] = 0xff;
      return at >= 0 ? bytes : Buffer.concat([bytes, Buffer.from([0xff])]);
    }),
    change('no end', (reply) => reply.replace(/<\/params>.*/s, '')),
  ],
};
