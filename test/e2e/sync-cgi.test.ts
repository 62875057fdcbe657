/** /sync under a real Apache, with the shipped virtual host and the built programs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ask, type Question, type Reply } from '../apache/ask.ts';
import { apacheOrReason } from '../fixtures/apache.ts';
import { openSyncSite } from './opened-sync-site.ts';
import { pipOrReason, pipSucceeds } from './pip.ts';
import { until } from './program.ts';

const needsPip = await pipOrReason();
/** Where the body of a request is not read, mod_cgid lets the client wait for five seconds. */
const stalledMs = 4_500;
/** How many ask at a time; `npm run test:faults` lets more ask. */
const most = Number(process.env.REQUESTS_AT_ONCE ?? 15);

for (const module of ['event', 'prefork'] as const) {
  // What comes later asks the same Apache, when nothing runs.
  t.test(`on ${module}`, apacheOrReason(), async (t) => {
    const site = await openSyncSite(t, { module });

    await t.test('a request mirrors what is new, and pip finds it', needsPip, async (t) => {
      site.publish('2.0');
      const reply = await ask(site.apache.url, '/sync');
      t.equal(reply.status, 200);
      t.equal(reply.headers['content-type'], 'text/plain');
      t.equal(reply.headers['cache-control'], 'no-store');
      t.equal(reply.body.toString(), 'Mirroring started\n');
      await site.offers('2.0');
      const into = join(site.target, '../download');
      const index = ['--index-url', `${site.apache.url}/simple/`];
      await pipSucceeds(t, 'download', '--no-deps', '-d', into, ...index, 'alpha==2.0');
      t.ok(existsSync(join(into, 'alpha-2.0-py3-none-any.whl')));
      await site.ended();
    });

    await t.test('every kind of request is answered at once', async (t) => {
      const chunked = { 'Transfer-Encoding': 'chunked' };
      const rows: [path: string, question: Question, status: number][] = [
        ['/sync', { method: 'HEAD' }, 200],
        ['/sync', { method: 'POST' }, 200],
        ['/sync', { method: 'POST', body: 'hello' }, 200],
        ['/sync', { method: 'POST', body: 'x'.repeat(4096) }, 200],
        ['/sync', { method: 'POST', body: 'hello', headers: chunked }, 200],
        ['/sync', { method: 'POST', body: 'x'.repeat(4097) }, 413],
        ['/sync', { method: 'POST', body: 'x'.repeat(300_000) }, 413],
        ['/sync', { method: 'POST', body: 'x'.repeat(300_000), headers: chunked }, 413],
        ['/sync', { method: 'PUT', body: 'hello' }, 405],
        ['/sync', { method: 'DELETE' }, 405],
        ['/sync', { method: 'OPTIONS' }, 405],
        ['/sync?--help', {}, 200],
        ['/sync?-q+/etc', { method: 'POST', body: 'hello' }, 200],
        ['/sync/', {}, 200],
        ['/sync/x', {}, 404],
        ['/sync/x', { method: 'POST', body: 'hello' }, 404],
        ['/sync', { headers: { Proxy: 'http://evil.example', 'X-PYPITARGET': '/etc' } }, 200],
      ];
      for (const [path, question, status] of rows) {
        const what = `${question.method ?? 'GET'} ${path} ${question.body?.length ?? 0}`;
        const { reply, ms } = await quickest(() => ask(site.apache.url, path, question));
        t.equal(reply.status, status, what);
        t.ok(ms < stalledMs, `${what}: ${ms} ms`);
        if (status === 405) t.equal(reply.headers.allow, 'GET, HEAD, POST');
        if (status === 200 && question.method !== 'HEAD') t.equal(reply.body.toString(), 'Mirroring started\n', what);
        if (question.method === 'HEAD') t.equal(reply.body.length, 0);
      }
      site.publish('3.0');
      await ask(site.apache.url, '/sync', { headers: { Proxy: 'http://127.0.0.1:1' } });
      await site.offers('3.0');
      t.notMatch(readFileSync(site.apache.errorLog, 'utf8'), 'pep381sync');
      await site.ended();
    });

    await t.test('many requests at a time start one process beside the run in progress', async (t) => {
      const before = site.starts();
      const off = site.server.faults.add({ do: 'stall' });
      site.server.requests.length = 0;
      await ask(site.apache.url, '/sync');
      await until('the run to ask upstream', () => site.server.requests.length > 0);
      t.equal(site.starts(), before + 1);

      site.publish('4.0');
      const atOnce = (length: number): Promise<Reply[]> =>
        Promise.all(Array.from({ length }, () => ask(site.apache.url, '/sync', { method: 'POST', body: 'now' })));
      const few = await timed(() => atOnce(10));
      // Apache gives up a request that has not arrived in twenty seconds, as on a machine that does much else.
      const many = await timed(() => atOnce(Math.min(most, Math.ceil((10 * 10_000) / few.ms))));
      const replies = [...few.reply, ...many.reply];
      t.comment(`${many.reply.length} requests: ${many.ms} ms`);
      t.same(new Set(replies.map(({ status }) => status)), new Set([200]));
      t.equal(site.starts(), before + 2);
      t.ok(existsSync(site.flag), 'the request waits');

      off();
      await site.restartUpstream();
      await site.offers('4.0');
      await until('the flag to be taken', () => !existsSync(site.flag));
      t.equal(site.starts(), before + 2, 'the run at work saw to it');
      await site.ended();
    });
  });

  t.test(`on ${module} without a CGI module it is out of service`, apacheOrReason(), async (t) => {
    const site = await openSyncSite(t, { module, cgi: false });
    for (const path of ['/sync', '/sync/', '/sync?x', '/sync/../sync']) {
      const reply = await ask(site.apache.url, path, { method: 'POST', body: 'hello' });
      t.equal(reply.status, 503, path);
      t.notMatch(reply.body.toString(), /require|use strict/);
    }
    t.equal(site.starts(), 0);
  });
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly reply: T; readonly ms: number }> {
  const startMs = performance.now();
  const reply = await work();
  return { reply, ms: Math.round(performance.now() - startMs) };
}

/** The first of ten tries that does not stall, or the last: other programs may slow down some of them, not all. */
async function quickest<T>(work: () => Promise<T>): ReturnType<typeof timed<T>> {
  for (let tries = 1; ; tries += 1) {
    const found = await timed(work);
    if (found.ms < stalledMs || tries === 10) return found;
  }
}
