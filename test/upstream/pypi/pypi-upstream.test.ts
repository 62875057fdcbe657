import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { Agent } from 'undici';
import { NoChangelogError, NonsenseError, UnreachableError } from '../../../src/core/errors.ts';
import { HttpClient } from '../../../src/upstream/pypi/http-client.ts';
import { PypiUpstream } from '../../../src/upstream/pypi/pypi-upstream.ts';
import { RequestLimiter } from '../../../src/upstream/pypi/request-limiter.ts';
import type { ProjectList } from '../../../src/upstream/upstream.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { smallIndex } from '../../fixtures/small-index.ts';
import { named } from '../../fixtures/test-mirror.ts';
import { openSampleServer } from '../../sample/sample-server.ts';

interface UpstreamOptions {
  readonly fileHosts?: readonly string[];
  readonly clock?: FakeClock;
  readonly changelogTimeoutMs?: number;
}

function openUpstream(t: Test, base: string, options: UpstreamOptions = {}): PypiUpstream {
  const { fileHosts = [], clock = new FakeClock(), ...more } = options;
  const dispatcher = new Agent();
  t.teardown(() => dispatcher.destroy());
  const { signal } = new AbortController();
  const http = new HttpClient({ dispatcher, clock, signal, userAgent: () => 'tester/1' });
  const limiter = new RequestLimiter({ start: 2, max: 2 }, clock, signal);
  return new PypiUpstream({ base, fileHosts, http, clock, signal, limiter, ...more });
}

async function open(t: Test, changelogTimeoutMs = 60_000) {
  const server = await openSampleServer({ index: smallIndex() });
  t.teardown(() => server.close());
  const clock = new FakeClock();
  return { server, index: server.index, clock, upstream: openUpstream(t, server.url, { clock, changelogTimeoutMs }) };
}

const [alpha, nobody] = named('alpha', 'nobody');
if (alpha === undefined || nobody === undefined) throw new Error('there are two names');

async function entriesOf(list: ProjectList | undefined): Promise<string[]> {
  const names: string[] = [];
  for await (const piece of list?.pieces ?? []) names.push(...piece.map(({ displayName }) => displayName));
  return names;
}

t.test('serial and changes come from the changelog', async (t) => {
  const { upstream, index } = await open(t);
  t.equal(await upstream.serial(), index.serial);
  t.match(await upstream.changesSince(index.serial - 1), {
    serial: index.serial,
    complete: true,
    rows: [{ name: 'gamma' }],
  });
});

t.test('a changelog that is gone is a NoChangelogError', async (t) => {
  const { upstream, server } = await open(t);
  server.faults.add({ do: 'xmlrpc-off' });
  await t.rejects(upstream.serial(), NoChangelogError);
  t.equal(server.requests.length, 1, 'and not asked for again');
});

t.test("another answer instead of the changelog's is a temporary error", async (t) => {
  const { upstream, server } = await open(t);
  for (const fault of [{ do: 'html-200' }, { do: 'redirect', location: 'https://elsewhere.example/' }] as const) {
    server.faults.add(fault);
    await t.rejects(upstream.serial(), { name: 'NoChangelogError', isLasting: false });
    server.faults.clear();
  }
  t.equal(server.requests.length, 2, 'and is not asked again at once');
});

t.test('errors of the changelog do not affect other requests', async (t) => {
  const { upstream, server, clock } = await open(t);
  const text = 'HTTPTooManyRequests: The action could not be performed. Limit may reset in 3000 seconds.';
  server.faults.add({ do: 'xmlrpc-fault', code: -32500, text });
  await t.rejects(upstream.serial(), UnreachableError);
  server.faults.clear();
  server.faults.add({ do: 'status', status: 429, retryAfter: '60', match: /^POST/ });
  await t.rejects(upstream.serial(), UnreachableError);
  const before = clock.now();
  t.match(await upstream.project(alpha, undefined, false), { kind: 'page' });
  t.equal(clock.now(), before, 'pages are not waited for');
});

t.test('a changelog that answers too late is not requested again at once', async (t) => {
  const { upstream, server } = await open(t, 50);
  server.faults.add({ do: 'stall', match: /^POST/ });
  await t.rejects(upstream.serial(), UnreachableError);
  t.equal(server.requests.length, 1);
});

t.test('the list comes in pieces, with its serial at the end', async (t) => {
  const { upstream, index } = await open(t);
  const list = await upstream.listProjects(undefined);
  t.equal(list?.serial(), undefined);
  t.same(await entriesOf(list), ['alpha', 'beta', 'gamma']);
  t.equal(list?.serial(), index.serial);
  t.equal(await upstream.listProjects(list?.etag), undefined, 'and is not sent again while it is the same');
});

t.test('a list that is not read to its end holds up nothing', async (t) => {
  const { upstream } = await open(t);
  for (let time = 0; time < 5; time += 1) {
    const list = await upstream.listProjects(undefined);
    for await (const _ of list?.pieces ?? []) break;
  }
  t.same(await upstream.project(alpha, undefined, false).then(({ kind }) => kind), 'page');
});

t.test('the answer for a project is a page, unchanged, or absent', async (t) => {
  const { upstream, server } = await open(t);
  const answer = await upstream.project(alpha, undefined, false);
  t.match(answer, { kind: 'page', page: { name: 'alpha', files: { length: 2 } }, etag: /^"/ });
  const etag = answer.kind === 'page' ? answer.etag : undefined;
  t.match(await upstream.project(alpha, etag, false), { kind: 'unchanged' });
  t.match(await upstream.project(alpha, etag, true), { kind: 'page' }, 'a fresh one is asked for without conditions');
  for (const nonsense of ['', '\0', '"\ufffd"', '"a"\n', 'a', '"a" "b"', `"${'a'.repeat(99_999)}"`]) {
    t.match(await upstream.project(alpha, nonsense, false), { kind: 'page' }, 'and so with an ETag that is none');
    t.ok(await upstream.listProjects(nonsense));
  }
  t.match(await upstream.project(nobody, undefined, false), { kind: 'absent' });
  server.faults.add({ do: 'redirect', location: '/simple/other/', match: /alpha/ });
  await t.rejects(upstream.project(alpha, undefined, false), NonsenseError, 'moved to another name');
  server.faults.clear();
  server.faults.add({ do: 'status', status: 410, match: /alpha/ });
  t.match(await upstream.project(alpha, undefined, false), { kind: 'absent' });
});

t.test('a failing request is sent five times, with growing pauses', async (t) => {
  const { upstream, server } = await open(t);
  server.faults.add({ do: 'status', status: 500, match: /alpha/ });
  await t.rejects(upstream.project(alpha, undefined, false), UnreachableError);
  t.equal(server.requests.length, 5);
  server.faults.clear();
  server.faults.add({ do: 'reset', match: /alpha/, times: 4 });
  t.match(await upstream.project(alpha, undefined, false), { kind: 'page' });
});

t.test('a request with an invalid answer is not sent again', async (t) => {
  const { upstream, server } = await open(t);
  server.faults.add({ do: 'status', status: 400, match: /alpha/ });
  await t.rejects(upstream.project(alpha, undefined, false), NonsenseError);
  t.equal(server.requests.length, 1);
});

t.test('a sidecar is decompressed, or absent', async (t) => {
  const { upstream, server, index } = await open(t);
  const url = new URL(server.url + index.pathOf('beta', 'beta-1.0-py3-none-any.whl'));
  t.match(
    (await upstream.sidecar(new URL(`${url}.metadata`), 'metadata', alpha))?.toString(),
    /^Metadata-Version: 2\.1\n/,
  );
  t.equal(await upstream.sidecar(new URL(`${url}.provenance`), 'provenance', alpha), undefined);
  t.equal(server.requests[0]?.headers['accept-encoding'], 'gzip');
});

t.test('files may come from the index and the hosts that are named, and from nowhere else', async (t) => {
  const cases: [base: string, url: string, allowed: boolean][] = [
    ['https://pypi.example', 'https://pypi.example/packages/x', true],
    ['https://pypi.example', 'https://files.example/x', true],
    ['https://pypi.example', 'https://FILES.example:443/x', true],
    ['https://pypi.example', 'http://files.example/x', false],
    ['https://pypi.example', 'https://files.example:444/x', false],
    ['https://pypi.example', 'https://files.example.evil.example/x', false],
    ['https://pypi.example', 'https://user@files.example/x', false],
    ['https://pypi.example', 'https://:secret@files.example/x', false],
    ['https://pypi.example', 'ftp://files.example/x', false],
    ['https://pypi.example', 'file://files.example/x', false],
    ['http://localhost:3000', 'http://localhost:3000/x', true],
    ['http://localhost:3000', 'https://files.example/x', true],
    ['http://localhost:3000', 'http://localhost/x', false],
  ];
  for (const [base, url, allowed] of cases) {
    t.equal(
      openUpstream(t, base, { fileHosts: ['files.example'] }).allows(new URL(url)),
      allowed,
      `${url} for ${base}`,
    );
  }
});

t.test('"not modified" is a NonsenseError for a request without a condition', async (t) => {
  const { upstream, server } = await open(t);
  server.faults.add({ do: 'status', status: 304 });
  await t.rejects(upstream.project(alpha, undefined, false), NonsenseError);
  await t.rejects(upstream.project(alpha, '"an etag"', true), NonsenseError, 'a fresh page is asked for without one');
  await t.rejects(upstream.listProjects(undefined), NonsenseError);
});

t.test('text that is not UTF-8 is a NonsenseError, wherever it stands', async (t) => {
  const { upstream, server } = await open(t);
  const spoil = (body: Buffer): Buffer => Buffer.from(body.toString().replaceAll('alpha', 'alph\xff'), 'latin1');
  server.faults.add({ do: 'change', change: spoil });
  await t.rejects(upstream.project(alpha, undefined, true), { name: 'NonsenseError', message: /expected UTF-8/ });
  await t.rejects(upstream.changesSince(0), { name: 'NonsenseError', message: /expected UTF-8/ });
});

t.test('a sidecar has a maximum size, compressed or decompressed', async (t) => {
  const { upstream, server } = await open(t);
  for (const [kind, mebibytes] of [
    ['metadata', 16],
    ['provenance', 1],
  ] as const) {
    const url = new URL(`${server.url}/packages/x.whl.${kind}`);
    const bytes = mebibytes << 20;
    const heal = server.faults.add({ do: 'body', body: Buffer.alloc(bytes + 1, ' ') });
    await t.rejects(upstream.sidecar(url, kind, alpha), {
      name: 'NonsenseError',
      message: `${url}: larger than ${bytes} bytes`,
    });
    heal();
    const healBomb = server.faults.add({ do: 'gzip-bomb', mebibytes: mebibytes + 1 });
    const message = new RegExp(`the gzip body cannot be read within ${bytes} bytes`);
    await t.rejects(upstream.sidecar(url, kind, alpha), { name: 'NonsenseError', message });
    healBomb();
  }
});

t.test('provenance that upstream switched off counts as absent, and slows nothing down', async (t) => {
  const { upstream, server } = await open(t);
  const url = new URL(`${server.url}/integrity/alpha/1.0/alpha-1.0.tar.gz/provenance`);
  const refusal = { do: 'status', status: 403, body: '{"message":"Attestations are temporarily disabled"}' } as const;
  const off = server.faults.add({ ...refusal, headers: { 'Content-Type': 'application/json' } });
  t.equal(await upstream.sidecar(url, 'provenance', alpha), 'off');
  t.equal(server.requests.length, 1);
  await t.rejects(upstream.sidecar(url, 'metadata', alpha), UnreachableError, 'nothing else is switched off so');
  off();
  server.faults.add({ do: 'status', status: 403, body: 'Your IP address has been temporarily blocked\nby us' });
  await t.rejects(upstream.sidecar(url, 'provenance', alpha), {
    name: 'UnreachableError',
    message: /answers 403 \("Your IP address has been temporarily blocked"\)/,
  });
});

t.test('the ETag of an uncompressed answer is not used for a compressed one', async (t) => {
  const { upstream, server } = await open(t);
  const [packed, plain] = [
    await upstream.project(alpha, undefined, false),
    await upstream.project(alpha, undefined, true),
  ];
  t.match([packed, plain], [{ etag: /^"/ }, { kind: 'page' }]);
  t.equal('etag' in plain && plain.etag, undefined);
  t.same(
    server.requests.map(({ headers }) => headers['accept-encoding']),
    ['gzip', 'identity'],
  );
});

t.test('names of codings have no case, x-gzip is gzip, and an unknown one is named', async (t) => {
  const { upstream, server } = await open(t);
  for (const coding of ['GZIP', 'x-gzip', 'X-Gzip', 'identity, gzip', ' gzip ']) {
    server.faults.add({ do: 'headers', headers: { 'Content-Encoding': coding } });
    t.match(await upstream.project(alpha, undefined, false), { kind: 'page', page: { name: 'alpha' } }, coding);
    t.same(await entriesOf(await upstream.listProjects(undefined)), ['alpha', 'beta', 'gamma'], coding);
    server.faults.clear();
  }
  for (const coding of ['br', 'gzip, gzip', 'zstd', 'deflate', 'gzip;q=1']) {
    server.faults.add({ do: 'headers', headers: { 'Content-Encoding': coding } });
    const message = new RegExp(`expected Content-Encoding: gzip or none, found "${coding}"$`);
    await t.rejects(upstream.project(alpha, undefined, false), { name: 'NonsenseError', message }, coding);
    await t.rejects(upstream.listProjects(undefined), { name: 'NonsenseError', message }, coding);
    server.faults.clear();
  }
  server.faults.add({ do: 'status', status: 404, headers: { 'Content-Encoding': 'br' } });
  t.match(await upstream.project(alpha, undefined, false), { kind: 'absent' }, 'nobody reads what comes with a 404');
});

t.test("a firewall's page does not take the place of a sidecar in JSON", async (t) => {
  const { upstream, server, index } = await open(t);
  const url = new URL(`${server.url + index.pathOf('beta', 'beta-1.0-py3-none-any.whl')}.metadata`);
  server.faults.add({ do: 'html-200' });
  const message = /: expected JSON, found "<!DOCTYPE html>/;
  await t.rejects(upstream.sidecar(url, 'provenance', alpha), {
    name: 'NonsenseError',
    message,
  });
});

t.test('a file without a known size must end, too', async (t) => {
  const gibibyte = 2 ** 30;
  const server = createServer((_, response) => {
    const range = `bytes ${10 * gibibyte - 5}-${10 * gibibyte + 4}/${10 * gibibyte + 5}`;
    response.writeHead(206, { 'Content-Range': range, 'Content-Length': 10 }).end('0123456789');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const upstream = openUpstream(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const from = { bytes: 10 * gibibyte - 5, etag: '"a"' };
  const sink = { begin: () => {}, write: () => {} };
  const file = upstream.file(
    new URL('/packages/x', `http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    undefined,
    from,
    sink,
    alpha,
  );
  await t.rejects(file, {
    name: 'NonsenseError',
    message: /: more than 10737418240 bytes, and the index tells no size$/,
  });
});
