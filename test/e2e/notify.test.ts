/** `notify` in mirror.toml: which mirrors are notified after a run, and what happens if that fails. */
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { type OpenedSample, openMirrored, openSample } from './opened-sample.ts';

const program = join(await openBundle(), 'pep381run');

t.test('after each run that changed something the mirrors below are notified, once', async (t) => {
  const { sample, told, urls } = await openDownstream(t, (_, response) => response.end());
  configure(sample, [`notify = ${JSON.stringify(urls)}`]);
  t.same(await sample.mirror('-q'), { code: 0, stdout: '', stderr: '' });
  t.same(told, [`POST /sync {"serial":${sample.server.index.serial}}\n`]);
  await sample.mirrorHere('-q');
  t.equal(told.length, 1, 'nothing changed');
  await sample.mirrorHere('-q', '--dry-run', '--reconcile');
  t.equal(told.length, 1, 'nothing was done');
  sample.server.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  await sample.mirrorHere('-q');
  t.equal(told.length, 2);
});

t.test('the mirrors below are notified of removals, too', async (t) => {
  const { told, urls } = await openDownstream(t, (_, response) => response.end());
  const sample = await openMirrored(t, program, smallIndex);
  configure(sample, [`notify = ${JSON.stringify(urls)}`]);
  sample.server.index.removeProject('gamma');
  t.same(await sample.mirrorHere('-q'), { code: 0, stdout: '', stderr: '' });
  t.same(told, [`POST /sync {"serial":${sample.server.index.serial}}\n`], 'be it all that there is');
});

t.test('a mirror below that fails is a warning', async (t) => {
  const { sample, urls } = await openDownstream(t, (_, response) => response.writeHead(503).end());
  configure(sample, [`notify = ["${urls[0]}", "http://127.0.0.1:1/sync"]`]);
  const { code, stdout, stderr } = await sample.mirror();
  t.equal(code, 0);
  t.match(stderr, `Warning: ${urls[0]} was not notified: expected status 2xx, found 503\n`);
  t.match(stderr, /Warning: http:\/\/127\.0\.0\.1:1\/sync was not notified: [^\n]*ECONNREFUSED/);
  t.match(stdout, /, 2 warnings in [\d.]+ s\.\n$/);
  const status = JSON.parse(readFileSync(join(sample.target, 'web/mirror-status.json'), 'utf8'));
  t.match(status, { 'exit-code': 0, summary: /2 warnings/ });
});

t.test('a mirror below that does not answer is given up after ten seconds', async (t) => {
  const { sample, urls } = await openDownstream(t, () => {});
  configure(sample, [`notify = ${JSON.stringify(urls)}`]);
  const { code, stderr } = await sample.mirror();
  t.equal(code, 0);
  t.match(stderr, `Warning: ${urls[0]} was not notified: no answer within 10 s\n`);
});

t.test('without the secret for notices a run does not begin', async (t) => {
  const { sample, told, urls } = await openDownstream(t, (_, response) => response.end());
  const key = join(sample.target, 'sync.key');
  const settings = [`notify = ${JSON.stringify(urls)}`, `notify-secret-file = "${key}"`];
  configure(sample, settings);
  const missing = await sample.mirrorHere('-q');
  t.equal(missing.code, 2);
  t.match(missing.stderr, /^pep381run: error: notify-secret-file: [^\n]+ cannot be read: ENOENT/);
  const empty = join(sample.target, 'run');
  mkdirSync(empty);
  writeFileSync(join(empty, 'key'), '\n');
  configure(sample, [settings[0] ?? '', `notify-secret-file = "${join(empty, 'key')}"`]);
  t.match(await sample.mirrorHere('-q'), { code: 2, stderr: /notify-secret-file: [^\n]+ is empty\n$/ });
  t.same(told, []);
});

async function openDownstream(
  t: Test,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly sample: OpenedSample; readonly told: string[]; readonly urls: string[] }> {
  const told: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      told.push(`${request.method} ${request.url} ${body}`);
      answer(request, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { sample: await openSample(t, program, smallIndex()), told, urls: [`http://127.0.0.1:${port}/sync`] };
}

function configure({ target }: OpenedSample, lines: readonly string[]): void {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'mirror.toml'), `${lines.join('\n')}\n`);
}
