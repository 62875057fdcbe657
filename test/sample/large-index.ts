/** The upstream of the benchmarks. It serves a large synthetic index with as little work per request as possible. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import { type LargeIndexOptions, LargeModel } from './large-model.ts';
import { normalizedName } from './names.ts';
import { renderJson, renderProjectHtml } from './pages.ts';
import { acceptsGzip, fileReply, plainReply, type Reply, simpleType, writeHead } from './reply.ts';
import { type NetworkOptions, SlowNetwork } from './slow-network.ts';
import { answerXmlRpc } from './xml-rpc.ts';

/** A running large index. */
export interface LargeIndex {
  readonly url: string;
  /** The total size of all files in bytes. */
  readonly bytes: number;
  /** The highest serial. */
  readonly serial: number;
  /** Requests so far. */
  readonly requests: number;
  /** The largest number of requests that were in progress at the same time. */
  readonly mostRequests: number;
  /** The number of requests that were answered with 429. */
  readonly refusals: number;
  /** Bytes on the wire so far, in both directions, including headers. */
  readonly traffic: number;
  /** Gives `count` projects, in turn, a new file and a new serial. Resolves when the list is up to date. */
  touch(count: number): Promise<void>;
  close(): Promise<void>;
}

/** One representation of a page, ready to be sent. */
interface ReadyPage {
  readonly etag: string;
  readonly fresh: Reply;
  readonly unchanged: Reply;
}

/** A page in both encodings. */
interface Page {
  readonly identity: ReadyPage;
  readonly compressed: ReadyPage;
}

/** Opens a large index on the loopback interface. All its files are hashed first. */
export const openLargeIndex = async (
  options: LargeIndexOptions & NetworkOptions & { readonly port?: number },
): Promise<LargeIndex> => {
  const model = new LargeModel(options);
  const server = createServer({ keepAliveTimeout: 60_000 });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const pages = new Pages(model, url);
  await pages.renderAll();
  const network = new SlowNetwork(options);
  let requests = 0;
  let closedTraffic = 0;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      closedTraffic += trafficOf(socket);
    });
  });
  server.on('request', (message: IncomingMessage, response) => {
    requests += 1;
    if (message.method === 'POST') {
      text(message).then(
        (body) => send(xmlRpcReply(body, model)),
        () => response.destroy(),
      );
    } else {
      send(answer(message.url ?? '', message.headers, model, pages));
    }
    function send(reply: Reply): void {
      const status = network.enter(message.url ?? '');
      const sent = status === undefined ? reply : plainReply(status, status === 429 ? { 'Retry-After': '1' } : {});
      const passed = network.pass(sent.body.length);
      const write = (): void => {
        network.leave();
        writeHead(response, sent).end(sent.body);
      };
      if (passed === undefined) write();
      else void passed.then(write);
    }
  });
  return {
    url,
    get bytes() {
      return model.bytes;
    },
    get serial() {
      return model.serial;
    },
    get requests() {
      return requests;
    },
    get mostRequests() {
      return network.mostRequests;
    },
    get refusals() {
      return network.refusals;
    },
    get traffic() {
      return [...sockets].reduce((sum, socket) => sum + trafficOf(socket), closedTraffic);
    },
    touch: (count) => {
      for (const project of model.touch(count)) pages.renderProject(project);
      return pages.renderList();
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

const trafficOf = (socket: Socket): number => socket.bytesRead + socket.bytesWritten;

const json = 'application/vnd.pypi.simple.v1+json';

/** The pages, rendered in advance so that the first request for each is as cheap as the second. */
class Pages {
  readonly #model: LargeModel;
  readonly #origin: string;
  readonly #projects: Page[] = [];
  readonly #listOnlyRows: string[];
  #list: Page | undefined;

  constructor(model: LargeModel, origin: string) {
    this.#model = model;
    this.#origin = origin;
    this.#listOnlyRows = Array.from(model.listOnlyProjects(), listRow);
  }

  /** The list of projects, in JSON only. */
  get list(): Page | undefined {
    return this.#list;
  }

  renderAll(): Promise<void> {
    for (let project = 0; project < this.#model.count; project += 1) this.renderProject(project);
    return this.renderList();
  }

  async renderList(): Promise<void> {
    const { serial } = this.#model;
    const rows = [...this.#listOnlyRows, ...Array.from(this.#model.fullProjects(), listRow)].join(',');
    const body = Buffer.from(`{"meta":{"_last-serial":${serial},"api-version":"1.4"},"projects":[${rows}]}\n`);
    const compressed = await promisify(gzip)(body, { level: 1 });
    this.#list = { identity: readyPage(body, serial), compressed: readyPage(compressed, serial, 'gzip') };
  }

  renderProject(project: number): void {
    this.#projects[project] = this.#render(project);
  }

  /** Returns the page of a project in JSON. List-only projects are rendered for each request. */
  project(project: number): Page {
    return this.#projects[project] ?? this.#render(project);
  }

  /** Returns the page of a project in HTML, for people. */
  html(project: number): Reply {
    const body = Buffer.from(renderProjectHtml(this.#model.page(project, this.#origin)));
    return { status: 200, headers: { 'Content-Type': 'text/html' }, body };
  }

  #render(project: number): Page {
    const body = Buffer.from(renderJson(this.#model.page(project, this.#origin)));
    const serial = this.#model.serialOf(project);
    return {
      identity: readyPage(body, serial),
      compressed: readyPage(gzipSync(body, { level: 1 }), serial, 'gzip'),
    };
  }
}

const listRow = ({ displayName, serial }: { displayName: string; serial: number }): string =>
  `{"_last-serial":${serial},"name":"${displayName}"}`;

const readyPage = (body: Buffer, serial: number, encoding?: 'gzip'): ReadyPage => {
  const etag = `"${serial}-${encoding ?? 'identity'}"`;
  const shared = { ETag: etag, 'Cache-Control': 'public, max-age=600', Vary: 'Accept, Accept-Encoding' };
  const headers = { ...shared, 'Content-Type': json, 'X-PyPI-Last-Serial': String(serial) };
  return {
    etag,
    fresh: { status: 200, headers: encoding ? { ...headers, 'Content-Encoding': encoding } : headers, body },
    unchanged: { status: 304, headers: shared, body: Buffer.alloc(0) },
  };
};

const answer = (target: string, headers: IncomingHttpHeaders, model: LargeModel, pages: Pages): Reply => {
  if (target.startsWith('/packages/')) return packageReply(target, headers, model);
  const [, name] = /^\/simple\/([^/?]*)\/?$/.exec(target) ?? [];
  if (name === undefined) return plainReply(404);
  const path = name === '' ? '/simple/' : `/simple/${normalizedName(name)}/`;
  if (target !== path) return plainReply(301, { Location: path });
  if (name === '') return pages.list === undefined ? plainReply(503) : pageReply(headers, pages.list);
  const project = model.find(name);
  if (project === undefined) return plainReply(404);
  const wantsJson = headers.accept === json || simpleType(headers.accept) === json;
  return wantsJson ? pageReply(headers, pages.project(project)) : pages.html(project);
};

const pageReply = (headers: IncomingHttpHeaders, page: Page): Reply => {
  const { etag, fresh, unchanged } = acceptsGzip(headers['accept-encoding']) ? page.compressed : page.identity;
  return headers['if-none-match'] === etag ? unchanged : fresh;
};

const fileHeaders = {
  'Content-Type': 'application/octet-stream',
  'Cache-Control': 'max-age=365000000, immutable, public',
};

const packageReply = (path: string, headers: IncomingHttpHeaders, model: LargeModel): Reply => {
  const content = model.blob(path);
  // The ETag is the digest in the path. Hashing the content would take longer than all the rest.
  return content === undefined
    ? plainReply(404)
    : fileReply({ headers }, content, fileHeaders, `"${path.slice(10, 42)}"`);
};

const xmlRpcReply = (body: string, model: LargeModel): Reply => ({
  status: 200,
  headers: { 'Content-Type': 'text/xml; charset=UTF-8' },
  body: Buffer.from(answerXmlRpc(body, model)),
});
