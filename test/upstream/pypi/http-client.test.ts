import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { Agent } from 'undici';
import { MismatchError, NonsenseError, PausedError, UnreachableError } from '../../../src/core/errors.ts';
import { Throttle } from '../../../src/core/throttle.ts';
import { HttpClient } from '../../../src/upstream/pypi/http-client.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

/** A server that answers as told, and a client for it. */
async function open(t: Test, answer: RequestListener, options: ConstructorParameters<typeof Agent>[0] = {}) {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dispatcher = new Agent({ connections: 2, ...options });
  const pause = new AbortController();
  const clock = new FakeClock();
  t.teardown(async () => {
    await dispatcher.destroy();
    server.close();
    server.closeAllConnections();
  });
  const client = new HttpClient({ dispatcher, clock, signal: pause.signal, userAgent: () => 'tester/1' });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query`);
  return {
    client,
    url,
    pause,
    clock,
    dispatcher,
    get: () => client.exchange({ url, headers: { accept: 'text/plain' } }),
  };
}

t.test('an answer has its status, its headers and its body', async (t) => {
  let seen: { method?: string | undefined; url?: string | undefined; headers: IncomingHttpHeaders } | undefined;
  const { get } = await open(t, (request, response) => {
    seen = { method: request.method, url: request.url, headers: request.headers };
    response.writeHead(404, { 'X-Serial': '7' }).end('nothing here');
  });
  const answer = await get();
  t.match(answer, { status: 404, headers: { 'x-serial': '7' } });
  t.equal(answer.body.toString(), 'nothing here');
  t.match(seen, { method: 'GET', url: '/path?query', headers: { accept: 'text/plain', 'user-agent': 'tester/1' } });
});

t.test('a body can be sent', async (t) => {
  const { client, url } = await open(t, (request, response) => {
    request.pipe(response.writeHead(200));
  });
  const answer = await client.exchange({ url, method: 'POST', headers: {}, body: '<call/>' });
  t.equal(answer.body.toString(), '<call/>');
});

for (const size of [100, 3 << 20]) {
  t.test(`a compressed body of ${size} bytes arrives decompressed`, async (t) => {
    const text = Buffer.alloc(size, 'abcdefg ');
    const { get } = await open(t, (_, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(text, { level: 0 }));
    });
    t.ok((await get()).body.equals(text));
  });
}

t.test('a body that decompresses to more than 64 MB is refused', async (t) => {
  const bomb = gzipSync(Buffer.alloc(65 << 20));
  const { get, url } = await open(t, (_, response) => {
    response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bomb);
  });
  await t.rejects(get(), NonsenseError);
  await t.rejects(get(), { message: new RegExp(`^${url.origin}.*cannot be read within`) });
});

t.test('a body that is not the gzip it claims to be is refused', async (t) => {
  const { get } = await open(t, (_, response) => {
    response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('plain');
  });
  await t.rejects(get(), NonsenseError);
});

t.test('bytes go to the receiver that was chosen by the head, which can hold them back', async (t) => {
  const body = Buffer.alloc(500_000, 'x');
  const { client, url } = await open(t, (_, response) => {
    response.writeHead(206, { ETag: '"a"' }).end(body);
  });
  let bytes = 0;
  let atOnce = 0;
  const answer = await client.exchange({ url, headers: {} }, (status, headers) => {
    t.same([status, headers.etag], [206, '"a"']);
    return async (chunk) => {
      atOnce += 1;
      t.equal(atOnce, 1);
      await new Promise(setImmediate);
      atOnce -= 1;
      bytes += chunk.length;
    };
  });
  t.equal(bytes, body.length);
  t.equal(answer.body.length, 0);
});

t.test('an error that a receiver throws ends the request with that very error', async (t) => {
  const { client, url } = await open(t, (_, response) => {
    response.writeHead(200).write(Buffer.alloc(100_000));
  });
  const failure = new MismatchError('too long');
  const failing = [
    () => {
      throw failure;
    },
    () => () => {
      throw failure;
    },
    () => () => Promise.reject(failure),
  ];
  for (const choose of failing) {
    const error = await client.exchange({ url, headers: {} }, choose).catch((caught: unknown) => caught);
    t.equal(error, failure);
  }
});

t.test('a request can be paused before and while it runs', async (t) => {
  const { client, url, pause } = await open(t, (_, response) => {
    response.writeHead(200).write('first');
  });
  const running = client.exchange({ url, headers: {} }, () => () => pause.abort());
  await t.rejects(running, PausedError);
  await t.rejects(client.exchange({ url, headers: {} }), PausedError);
});

t.test('a connection that breaks is an UnreachableError that names the URL', async (t) => {
  const { get, url } = await open(t, (_, response) => {
    response.socket?.destroy();
  });
  await t.rejects(get(), UnreachableError);
  await t.rejects(get(), { message: new RegExp(`^${url.href.replace('?', '\\?')}: `) });
});

t.test('a body that breaks is an UnreachableError', async (t) => {
  const { get } = await open(t, (_, response) => {
    response.writeHead(200, { 'Content-Length': 1000 }).write('short', () => response.destroy());
  });
  await t.rejects(get(), UnreachableError);
});

t.test('a closed port is an UnreachableError that names the URL', async (t) => {
  const server = createSocketServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const { client } = await open(t, () => {});
  const url = new URL(`http://127.0.0.1:${port}/simple/`);
  await t.rejects(client.exchange({ url, headers: {} }), { name: 'UnreachableError', message: /^http.*ECONNREFUSED/ });
});

t.test('a server that does not answer is an UnreachableError', async (t) => {
  const { get } = await open(t, () => {}, { headersTimeout: 50 });
  await t.rejects(get(), UnreachableError);
});

t.test('an answer that is not HTTP is an UnreachableError', async (t) => {
  const server = createSocketServer((socket) => socket.end('SSH-2.0-nothing\r\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { client } = await open(t, () => {});
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await t.rejects(client.exchange({ url, headers: {} }), UnreachableError);
});

t.test('a body that stays below 1000 bytes a second is given up after half a minute, not before', async (t) => {
  const { client, url, clock } = await open(t, (_, response) => {
    const timer = setInterval(() => response.write('x'), 1);
    response.once('close', () => clearInterval(timer));
  });
  let bytes = 0;
  const started = clock.now();
  const slow = client.exchange({ url, headers: {} }, () => (chunk) => {
    bytes += chunk.length;
    clock.advance(1000);
  });
  await t.rejects(slow, { name: 'UnreachableError', message: /gave up at \d bytes\/s$/ });
  t.ok(clock.now() - started > 30_000);
  t.ok(bytes >= 30);
});

t.test('a page that comes at 2000 bytes a second is given up after two minutes, and a file is not', async (t) => {
  const { client, url, clock, get } = await open(t, (_, response) => {
    let left = 200;
    const timer = setInterval(() => {
      clock.advance(1000);
      left -= 1;
      response.write('x'.repeat(2000));
      if (left === 0) response.end();
    }, 1);
    response.once('close', () => clearInterval(timer));
  });
  const started = clock.now();
  await t.rejects(get(), { name: 'UnreachableError', message: /gave up at \d+ bytes\/s$/ });
  const seconds = (clock.now() - started) / 1000;
  t.ok(seconds > 120 && seconds < 160, `${seconds} s`);
  t.equal((await client.exchange({ url, headers: {} }, () => () => {})).status, 200);
});

t.test('interim answers without end are given up', async (t) => {
  const { get } = await open(t, (_, response) => {
    const more = () =>
      response.destroyed || response.writeEarlyHints({ link: '</a>; rel=preload' }, () => setImmediate(more));
    more();
  });
  await t.rejects(get(), { name: 'NonsenseError', message: /: upstream answers 103 without end$/ });
});

t.test('an interim answer before the real one is ignored', async (t) => {
  const { get } = await open(t, (_, response) => {
    response.writeEarlyHints({ link: '</a>; rel=preload' });
    response.end('real');
  });
  t.equal((await get()).body.toString(), 'real');
});

/** The ways in which servers end a body of `bytes` that they send over a socket. */
const endings: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  'a length, and the connection ends': (bytes) =>
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${bytes.length}\r\n\r\n`),
      bytes,
    ]),
  'a length, and the connection ends without a word': (bytes) =>
    Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes]),
  'chunks, and the connection ends': (bytes) =>
    Buffer.concat([
      Buffer.from('HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'),
      Buffer.from(`${bytes.length.toString(16)}\r\n`),
      bytes,
      Buffer.from('\r\n0\r\n\r\n'),
    ]),
  'the end of the connection': (bytes) => Buffer.concat([Buffer.from('HTTP/1.0 200 OK\r\n\r\n'), bytes]),
};

for (const [what, answerOf] of Object.entries(endings)) {
  t.test(`a slow receiver, and a limited line, lose nothing of a body that is ended by ${what}`, async (t) => {
    const bytes = Buffer.alloc(600_000, 'abcdefghij');
    const server = createSocketServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answerOf(bytes)));
    });
    t.teardown(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const clock = { now: () => Date.now(), random: () => 0.5, sleep: (ms: number) => delay(Math.min(ms, 20)) };
    for (const throttle of [undefined, new Throttle(100_000, clock)]) {
      const dispatcher = new Agent({ connections: 2 });
      t.teardown(() => dispatcher.destroy());
      const { signal } = new AbortController();
      const client = new HttpClient({ dispatcher, clock, signal, userAgent: () => 'tester/1', throttle });
      const received: Buffer[] = [];
      let isReceiving = false;
      const receive = async (chunk: Buffer): Promise<void> => {
        t.notOk(isReceiving, 'one after the other');
        isReceiving = true;
        await delay(5);
        received.push(Buffer.from(chunk));
        isReceiving = false;
      };
      const { measured } = await client.exchange({ url, headers: {} }, () => receive);
      t.ok(Buffer.concat(received).equals(bytes), 'all bytes, and all were received when the answer is there');
      t.equal(measured.bytes, bytes.length);
      t.ok(measured.headMs < 1000, 'the time of the head does not contain our own rests');
    }
  });

  t.test(`an error of the receiver is that of a body that is ended by ${what}`, async (t) => {
    const server = createSocketServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answerOf(Buffer.from('a few bytes'))));
    });
    t.teardown(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const dispatcher = new Agent({ connections: 2 });
    t.teardown(() => dispatcher.destroy());
    const { signal } = new AbortController();
    const client = new HttpClient({ dispatcher, clock: new FakeClock(), signal, userAgent: () => 'tester/1' });
    const refuse = async (): Promise<void> => {
      await delay(5);
      throw new MismatchError('wrong bytes');
    };
    await t.rejects(
      client.exchange({ url, headers: {} }, () => refuse),
      MismatchError,
    );
  });
}

t.test('a connection that breaks while the receiver is at work is told once the receiver is done', async (t) => {
  let reset = (): void => {};
  const { client, url, dispatcher } = await open(t, ({ socket }, response) => {
    reset = () => socket.resetAndDestroy();
    response.writeHead(200, { 'content-length': 100 }).write('half');
  });
  const done: string[] = [];
  let finish = (): void => {};
  const receiving = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const choose = () => async (): Promise<void> => {
    begin();
    await receiving;
    done.push('received');
  };
  const failed = client.exchange({ url, headers: {} }, choose).catch((error: unknown) => {
    done.push('failed');
    return error;
  });
  await begun;
  const isLost = once(dispatcher, 'disconnect');
  reset();
  await isLost;
  await new Promise(setImmediate);
  t.same(done, []);
  finish();
  t.match(await failed, UnreachableError);
  t.same(done, ['received', 'failed']);
});
