/** Requests for a run, from the one who asks to the page that shows the change: none is lost, and the three ways of running. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { ask } from '../apache/ask.ts';
import { apacheOrReason } from '../fixtures/apache.ts';
import { openSyncSite } from './opened-sync-site.ts';

/** How many requests come one after the other; `npm run test:faults` lets more come. */
const most = Number(process.env.REQUESTS_AT_ONCE ?? 10);

t.test('no request is lost, whenever it comes', apacheOrReason(), async (t) => {
  const site = await openSyncSite(t);
  for (let count = 1; count <= most; count++) {
    // Sooner or later after the request before, so that it meets a run at its beginning, its middle or its end.
    await delay((count * 37) % 400);
    site.publish(`3.${count}`);
    t.equal((await ask(site.apache.url, '/sync')).status, 200);
    if (count % 5 === 0) await site.offers(`3.${count}`);
  }
  await site.ended();
  t.notOk(existsSync(site.flag));
});

t.test(
  'in flag mode the mirror’s own user runs, and Apache answers while a request waits',
  apacheOrReason(),
  async (t) => {
    const site = await openSyncSite(t, { flag: true });
    const { url } = site.apache;
    site.publish('2.0');
    const first = await ask(url, '/sync', { method: 'POST', body: 'hello' });
    t.equal(first.status, 202);
    t.equal(first.body.toString(), 'Mirroring requested\n');
    t.ok(existsSync(site.flag));

    const post = { method: 'POST', body: 'hello' };
    const others = await Promise.all(Array.from({ length: 200 }, () => ask(url, '/sync', post)));
    t.same(new Set(others.map(({ status }) => status)), new Set([202]));
    t.same(new Set(others.map(({ body }) => body.toString())), new Set(['Mirroring requested\n']));
    t.equal((await ask(url, '/sync/x')).status, 404);
    t.equal(site.starts(), 0, 'nobody started anything');

    t.same(await site.run('-q', site.target), { code: 0, stdout: '', stderr: '' });
    await site.offers('2.0');
    t.notOk(existsSync(site.flag));
    t.equal((await ask(url, '/sync')).body.toString(), 'Mirroring requested\n', 'then the next request is one');
  },
);

t.test(
  'a mirror notifies the mirrors below it, and only those that know its secret accept the notice',
  apacheOrReason(),
  async (t) => {
    const below = await openSyncSite(t, { secret: 'between us' });
    const { url } = below.apache;
    t.equal((await ask(url, '/sync')).status, 403);
    t.equal((await ask(url, '/sync', { method: 'POST', body: '{"serial":1}\n' })).status, 403);
    t.equal(below.starts(), 0);

    below.publish('2.0');
    const above = join(below.target, '../above');
    const settings = [
      `upstream = "${below.server.url}"`,
      `notify = ["${url}/sync"]`,
      `notify-secret-file = "${below.key}"`,
    ];
    mkdirSync(above);
    writeFileSync(join(above, 'mirror.toml'), settings.join('\n'));
    t.same(await below.run('-q', above), { code: 0, stdout: '', stderr: '' });
    await below.offers('2.0');
    t.equal(below.starts(), 1);

    t.same(await below.run('-q', above), { code: 0, stdout: '', stderr: '' });
    t.equal(below.starts(), 1, 'a run that changed nothing tells nobody');

    rmSync(below.key);
    t.equal((await ask(url, '/sync')).status, 500, 'without its secret the mirror below is closed');
    t.match(readFileSync(below.apache.errorLog, 'utf8'), /pep381sync: ENOENT: .*sync\.key/);
    await below.ended();
  },
);
