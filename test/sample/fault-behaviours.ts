/** A table of faults: the effect of each kind on a request, on its reply, or on the writing of the reply. */

import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { plainReply, type Reply, writeHead } from './reply.ts';
import { xmlRpcFault } from './xml-rpc.ts';

/** The options of each kind of fault. */
export interface FaultOptions {
  /** An error status. `retryAfter` is seconds or an HTTP date. */
  status: { status: number; retryAfter?: string; body?: string | Buffer; headers?: Readonly<Record<string, string>> };
  /** Resets the connection before any header. */
  reset: object;
  /** Ends the connection after this many bytes of the body. */
  cut: { after: number };
  /** The same without a Content-Length. */
  'cut-chunked': { after: number };
  /** Changes one byte in the middle. */
  corrupt: object;
  /** Cuts off the last bytes, by default half the body, with a matching Content-Length. */
  'truncate-length': { by?: number };
  /** Sends nothing at all, or with `after` nothing more after this many bytes of the body. */
  stall: { after?: number };
  /** Sends one byte at a time, by default every 100 ms. */
  drip: { everyMs?: number };
  /** Sends a body that never ends. */
  endless: object;
  /** Sends a small compressed body that unpacks to this many MiB, by default 1024. */
  'gzip-bomb': { mebibytes?: number };
  /** Sends an HTML error page with status 200. */
  'html-200': object;
  /** Claims another range in a 206 than it carries, by default the first bytes of the file. */
  'wrong-range': { contentRange?: string };
  /** Answers a request for a range with the whole file. */
  'ignore-range': object;
  /** Changes the ETag with every reply, so that no condition ever holds. */
  'etag-change': object;
  redirect: { location: string; status?: number };
  /** Sends an XML-RPC fault with HTTP status 200. Only for POST. */
  'xmlrpc-fault': { code: number; text: string };
  /** Answers XML-RPC with 404 by default. Only for POST. */
  'xmlrpc-off': { status?: 404 | 405 };
  delay: { ms: number };
  /** Changes only the Content-Type. */
  'content-type': { contentType: string };
  /** Adds headers. */
  headers: { headers: Readonly<Record<string, string>> };
  /** Changes the body as sent, which may be compressed. */
  change: { change: (body: Buffer) => Buffer };
  /** Sends another body with status 200, and ignores ranges. */
  body: { body: string | Buffer; contentType?: string };
}

/** The kinds of faults. */
export type FaultKind = keyof FaultOptions;
type FaultOf<K extends FaultKind> = { readonly do: K } & Readonly<FaultOptions[K]>;

/** A fault with its limits. */
export type Fault = { [K in FaultKind]: FaultOf<K> }[FaultKind] & {
  /** Matched against `METHOD /path?query`, or `POST /path method_name` for XML-RPC. By default everything matches. */
  readonly match?: RegExp;
  /** The number of requests that it affects, by default all. */
  readonly times?: number;
};

interface Behaviour<F> {
  /** Changes the request's headers before it is answered. */
  request?(headers: IncomingHttpHeaders): void;
  /** Returns the changed reply. */
  reply?(reply: Reply, fault: F): Reply;
  /** Writes the reply instead of the ordinary writer, which is `next`. */
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
      // A gzip stream may have many members, so one compressed mebibyte makes any size.
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

/** Changes the request's headers by the fault. */
export const spoilRequest = <K extends FaultKind>(fault: FaultOf<K>, headers: IncomingHttpHeaders): void =>
  behaviours[fault.do as K].request?.(headers);

/** Returns the reply changed by the fault. */
export const spoilReply = <K extends FaultKind>(fault: FaultOf<K>, reply: Reply): Reply =>
  behaviours[fault.do as K].reply?.(reply, fault) ?? reply;

/** Writes the reply with the fault. `next` writes it without. */
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
