/** The sample upstream: a real HTTP server in place of PyPI that serves a sample index, with faults on demand. */

import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TlsOptions } from 'node:tls';
import { spoilReply, spoilRequest, spoilWriting } from './fault-behaviours.ts';
import { Faults } from './faults.ts';
import { plainReply, type SampleRequest, writeHead } from './reply.ts';
import { answer, currentPage, type Site } from './routes.ts';
import type { SampleIndex } from './sample-index.ts';
import { methodName } from './xml-rpc.ts';

/** The record of a request. */
export interface RequestRecord {
  readonly method: string;
  /** The path with query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The method of an XML-RPC call. */
  readonly rpc?: string;
  /** 0 until the request is answered. It stays 0 if a fault breaks or stalls the reply. */
  status: number;
}

/** The options of a sample server. */
export interface SampleServerOptions {
  readonly index: SampleIndex;
  /** 0 takes a free port. */
  readonly port?: number;
  /** The largest number of rows in a changelog page, by default 50,000. */
  readonly changelogPageSize?: number;
  /** If given, the server speaks TLS under the name `localhost`. */
  readonly tls?: TlsOptions;
  /** `user:password`. Requests without it are answered with 401. */
  readonly login?: string;
  /** Serves pages in HTML only. */
  readonly htmlOnly?: boolean;
}

/** A running sample server. */
export interface SampleServer {
  /** The origin without a trailing slash. */
  readonly url: string;
  readonly index: SampleIndex;
  /** The latest requests, oldest first; at least the last 10,000. Set `length = 0` to forget them. */
  readonly requests: RequestRecord[];
  readonly faults: Faults;
  readonly traffic: {
    /** Bytes of all replies on the wire, including headers. */
    readonly bytesSent: number;
    /** The largest number of concurrent requests so far. May be reset to 0. */
    peakRequests: number;
  };
  /** Returns the time for the Date header in milliseconds since 1970, or undefined for none. May be replaced. */
  now: () => number | undefined;
  /** Stops at once, and breaks off replies in progress. */
  close(): Promise<void>;
}

/** Opens a server on the loopback interface. */
export const openSampleServer = async (options: SampleServerOptions): Promise<SampleServer> => {
  const { index, port = 0, changelogPageSize = 50_000, tls, login, htmlOnly = false } = options;
  const keepAliveTimeout = 60_000;
  const server = tls === undefined ? createServer({ keepAliveTimeout }) : createTlsServer({ keepAliveTimeout, ...tls });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  const url = tls === undefined ? `http://127.0.0.1:${bound}` : `https://localhost:${bound}`;
  const faults = new Faults((path) => currentPage(path, index, url));
  const site = { index, origin: url, changelogPageSize, frozen: faults.frozen };
  const requests: RequestRecord[] = [];
  const traffic = watchTraffic(server);
  server.on('request', (message, response) => {
    const time = sample.now();
    if (time === undefined) response.sendDate = false;
    else response.setHeader('Date', new Date(time).toUTCString());
    if (login !== undefined && message.headers.authorization !== `Basic ${Buffer.from(login).toString('base64')}`) {
      const refusal = plainReply(401, { 'WWW-Authenticate': 'Basic realm="index"' });
      writeHead(response, refusal).end(refusal.body);
      return;
    }
    if (htmlOnly) message.headers.accept = 'text/html';
    text(message).then(
      (body) => serve(message, body, response, site, faults, requests),
      // A client may disconnect while it sends.
      () => response.destroy(),
    );
  });
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const sample: SampleServer = { url, index, requests, faults, traffic, now: Date.now, close };
  return sample;
};

const serve = (
  message: IncomingMessage,
  body: string,
  response: ServerResponse,
  site: Site,
  faults: Faults,
  requests: RequestRecord[],
): void => {
  const { method = '', url: target = '', headers } = message;
  const rpc = body === '' ? '' : methodName(body);
  const request: SampleRequest = { method, target, headers: { ...headers }, body };
  const record: RequestRecord = { method, path: target, headers, status: 0, ...(rpc !== '' && { rpc }) };
  if (requests.length >= 20_000) requests.splice(0, 10_000);
  requests.push(record);

  const spoiling = faults.take(`${method} ${target}${rpc && ` ${rpc}`}`);
  for (const fault of spoiling) spoilRequest(fault, request.headers);
  const reply = spoiling.reduce((good, fault) => spoilReply(fault, good), answer(request, site));
  const finish = () => {
    record.status = reply.status;
    writeHead(response, reply).end(reply.body);
  };
  const write = spoiling.reduceRight((next, fault) => () => spoilWriting(fault, response, reply, next), finish);
  write();
};

const watchTraffic = (server: Pick<Server, 'on'>): { readonly bytesSent: number; peakRequests: number } => {
  const sockets = new Set<Socket>();
  let closedBytes = 0;
  let open = 0;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      closedBytes += socket.bytesWritten;
    });
  });
  const traffic = {
    get bytesSent() {
      return [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, closedBytes);
    },
    peakRequests: 0,
  };
  server.on('request', (_message, response) => {
    open += 1;
    traffic.peakRequests = Math.max(traffic.peakRequests, open);
    response.once('close', () => {
      open -= 1;
    });
  });
  return traffic;
};
