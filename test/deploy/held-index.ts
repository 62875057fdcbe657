/** An index that lets its first request wait, so that something can happen during a run. */
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { smallIndex } from '../fixtures/small-index.ts';
import { openSampleServer } from '../sample/sample-server.ts';

export interface HeldIndex {
  /** The lines of mirror.toml that make a mirror of it, and let it take notices. */
  readonly settings: string;
  /** Resolves when somebody asks. */
  readonly asked: Promise<unknown>;
  /** Lets whoever asks have answers. */
  release(): void;
  close(): Promise<void>;
}

/** Opens the index on `port`; 0 takes a free one. Calls `told` for each notice. */
export async function openHeldIndex(port: number, told: () => void): Promise<HeldIndex> {
  const sample = await openSampleServer({ index: smallIndex() });
  const events = new EventEmitter();
  const [asked, released] = [once(events, 'asked'), once(events, 'released')];
  const server = createServer(async (message, response) => {
    if (message.url === '/told') {
      told();
      response.end();
      return;
    }
    events.emit('asked');
    await released;
    await forward(message, response, sample.url).catch(() => response.destroy());
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    settings: `upstream = "${url}"\nfile-hosts = ["${new URL(sample.url).host}"]\nnotify = ["${url}/told"]\n`,
    asked,
    release() {
      events.emit('released');
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await sample.close();
    },
  };
}

async function forward(message: IncomingMessage, response: ServerResponse, origin: string): Promise<void> {
  const { url = '', method, headers } = message;
  const passedOn = request(new URL(url, origin), { method, headers });
  const answered = once(passedOn, 'response');
  await pipeline(message, passedOn);
  const [answer] = (await answered) as [IncomingMessage];
  response.writeHead(answer.statusCode ?? 0, answer.headers);
  await pipeline(answer, response);
}
