/** What each kind of fault does to a request, to its reply, or to the way the reply is written: one table. */

import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { plainReply, type Reply, writeHead } from './reply.ts';
import { xmlRpcFault } from './xml-rpc.ts';

/** The options of each kind of fault. */
export interface FaultOptions {
  /** An error status; `retryAfter` is seconds or an HTTP date. */
  status: { status: number; retryAfter?: string; body?: string | Buffer; headers?: Readonly<Record<string, string>> };
  /** The connection is reset before any header. */
  reset: object;
  /** The connection ends after that many bytes of the body. */
  cut: { after: number };
  /** The same of a body whose length was not told. */
  'cut-chunked': { after: number };
  /** One byte in the middle is wrong. */
  corrupt: object;
  /** The last bytes are missing (half the body unless told), and Content-Length agrees. */
  'truncate-length': { by?: number };
  /** Nothing comes at all; or, with `after`, nothing more after that many bytes of the body. */
  stall: { after?: number };
  /** One byte at a time, every 100 ms unless told. */
  drip: { everyMs?: number };
  /** The body never ends. */
  endless: object;
  /** A small compressed body that unfolds to that many MiB (1024 unless told). */
  'gzip-bomb': { mebibytes?: number };
  /** An HTML error page with status 200. */
  'html-200': object;
  /** A 206 claims another range than it carries; the first bytes of the file unless told. */
  'wrong-range': { contentRange?: string };
  /** A request for a range is answered with the whole. */
  'ignore-range': object;
  /** Another ETag with every reply, so that no condition ever holds. */
  'etag-change': object;
  redirect: { location: string; status?: number };
  /** An XML-RPC fault with HTTP status 200; concerns POST only. */
  'xmlrpc-fault': { code: number; text: string };
  /** XML-RPC is gone: 404 unless told; concerns POST only. */
  'xmlrpc-off': { status?: 404 | 405 };
  delay: { ms: number };
  /** Another Content-Type; the rest is right. */
  'content-type': { contentType: string };
  /** More headers; the rest is right. */
  headers: { headers: Readonly<Record<string, string>> };
  /** What `change` makes of the body; where it is compressed, of the compressed one. */
  change: { change: (body: Buffer) => Buffer };
  /** Another body with status 200; a range is not honoured. */
  body: { body: string | Buffer; contentType?: string };
}

/** The kinds of faults. */
export type FaultKind = keyof FaultOptions;
type FaultOf<K extends FaultKind> = { readonly do: K } & Readonly<FaultOptions[K]>;

/** A fault with its limits. */
export type Fault = { [K in FaultKind]: FaultOf<K> }[FaultKind] & {
  /** Compared with `METHOD /path?query`, for XML-RPC with `POST /path method_name`; everything unless told. */
  readonly match?: RegExp;
  /** How many requests it spoils; all unless told. */
  readonly times?: number;
};

interface Behaviour<F> {
  /** Changes the request's headers before it is answered. */
  request?(headers: IncomingHttpHeaders): void;
  /** Changes the reply. */
  reply?(reply: Reply, fault: F): Reply;
  /** Writes the reply in place of the ordinary writer, which is `next`. */
  send?(response: ServerResponse, reply: Reply, fault: F, next: () => void): void;
}

let etagCount = 0;

const oneMebibyte = gzipSync(Buffer.alloc(1024 * 1024));

const behaviours: { readonly [K in FaultKind]: Behaviour<FaultOf<K>> } = {
  status: {
    reply: (_, { status, retryAfter, body = `${status}\n`, headers }) => ({
      status,
      headers: {
        'Content-Type': 'text/plain',
        ...(retryAfter !== undefined && { 'Retry-After': retryAfter }),
        ...headers,
      },
      body: Buffer.from(body),
    }),
  },
  reset: { send: (response) => response.socket?.resetAndDestroy() },
  cut: {
    send: (response, reply, { after }) =>
      writeHead(response, reply).write(reply.body.subarray(0, after), () => response.destroy()),
  },
  'cut-chunked': {
    send: (response, { status, headers, body }, { after }) =>
      response.writeHead(status, headers).write(body.subarray(0, after), () => response.destroy()),
  },
  corrupt: { reply: (reply) => ({ ...reply, body: withWrongByte(reply.body) }) },
  'truncate-length': {
    reply: (reply, { by = Math.ceil(reply.body.length / 2) }) => ({
      ...reply,
      body: reply.body.subarray(0, Math.max(0, reply.body.length - by)),
    }),
  },
  stall: {
    send: (response, reply, { after }) => {
      if (after !== undefined) writeHead(response, reply).write(reply.body.subarray(0, after));
    },
  },
  drip: {
    send: (response, reply, { everyMs = 100 }) => {
      let sent = 0;
      writeHead(response, reply).flushHeaders();
      const timer = setInterval(() => {
        response.write(reply.body.subarray(sent, sent + 1));
        sent += 1;
        if (sent >= reply.body.length) response.end();
      }, everyMs);
      response.once('close', () => clearInterval(timer));
    },
  },
  endless: {
    send: (response, { status, headers, body }) => {
      response.writeHead(status, headers).write(body);
      const more = () => !response.destroyed && response.write(Buffer.alloc(64 * 1024, 32), () => setImmediate(more));
      more();
    },
  },
  'gzip-bomb': {
    reply: (reply, { mebibytes = 1024 }) => ({
      ...reply,
      headers: { ...reply.headers, 'Content-Encoding': 'gzip' },
      // A gzip stream may consist of many members, so one compressed mebibyte is enough to make any size.
      body: Buffer.concat(Array.from({ length: mebibytes }, () => oneMebibyte)),
    }),
  },
  'html-200': {
    reply: () => ({
      status: 200,
      headers: { 'Content-Type': 'text/html' },
      body: Buffer.from(
        '<!DOCTYPE html>\n<html><head><title>Please wait</title></head><body>Client challenge</body></html>\n',
      ),
    }),
  },
  'wrong-range': {
    reply: (reply, fault) => {
      if (reply.status !== 206) return reply;
      const size = reply.headers['Content-Range']?.split('/')[1] ?? '*';
      const { contentRange = `bytes 0-${reply.body.length - 1}/${size}` } = fault;
      return { ...reply, headers: { ...reply.headers, 'Content-Range': contentRange } };
    },
  },
  'ignore-range': { request: (headers) => delete headers.range },
  'etag-change': {
    request: (headers) => {
      if (headers['if-range'] !== undefined) delete headers.range;
      delete headers['if-none-match'];
    },
    reply: (reply) => ({ ...reply, headers: { ...reply.headers, ETag: `"changed-${etagCount++}"` } }),
  },
  redirect: { reply: (_, { location, status = 301 }) => plainReply(status, { Location: location }) },
  'xmlrpc-fault': {
    reply: (_, { code, text }) => ({
      status: 200,
      headers: { 'Content-Type': 'text/xml; charset=UTF-8' },
      body: Buffer.from(xmlRpcFault(code, text)),
    }),
  },
  'xmlrpc-off': { reply: (_, { status = 404 }) => plainReply(status) },
  delay: { send: (response, _reply, { ms }, next) => onceAfter(response, ms, next) },
  'content-type': {
    reply: (reply, { contentType }) => ({ ...reply, headers: { ...reply.headers, 'Content-Type': contentType } }),
  },
  headers: { reply: (reply, { headers }) => ({ ...reply, headers: { ...reply.headers, ...headers } }) },
  change: { reply: (reply, { change }) => ({ ...reply, body: change(reply.body) }) },
  body: {
    reply: (reply, { body, contentType = reply.headers['Content-Type'] ?? 'text/plain' }) => ({
      status: 200,
      headers: { 'Content-Type': contentType },
      body: Buffer.from(body),
    }),
  },
};

/** Changes the request's headers as the fault wants it. */
export const spoilRequest = <K extends FaultKind>(fault: FaultOf<K>, headers: IncomingHttpHeaders): void =>
  behaviours[fault.do as K].request?.(headers);

/** The reply as the fault wants it. */
export const spoilReply = <K extends FaultKind>(fault: FaultOf<K>, reply: Reply): Reply =>
  behaviours[fault.do as K].reply?.(reply, fault) ?? reply;

/** Writes the reply as the fault wants it; `next` writes it in good order. */
export const spoilWriting = <K extends FaultKind>(
  fault: FaultOf<K>,
  response: ServerResponse,
  reply: Reply,
  next: () => void,
): void => {
  const send = behaviours[fault.do as K].send;
  if (send === undefined) next();
  else send(response, reply, fault, next);
};

const withWrongByte = (body: Buffer): Buffer => {
  const copy = Buffer.from(body);
  const at = copy.length >> 1;
  if (copy.length > 0) copy[at] = ~(copy[at] ?? 0) & 0xff;
  return copy;
};

const onceAfter = (response: ServerResponse, ms: number, next: () => void): void => {
  const timer = setTimeout(next, ms);
  response.once('close', () => clearTimeout(timer));
};
