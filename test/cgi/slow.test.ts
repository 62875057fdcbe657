/** Clients whose bodies do not come: they hold up nobody, and few processes at a time. */
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { howMany } from '../fixtures/every-case.ts';
import { type CgiReply, leave, type OpenedCgi, openCgi } from './opened-cgi.ts';

const secret = 'between us';

function openSigned(t: Test): { readonly cgi: OpenedCgi; ask(headers: object, missing: number): Promise<CgiReply> } {
  const cgi = openCgi(t);
  const key = join(cgi.programs, 'key');
  writeFileSync(key, secret);
  return {
    cgi,
    ask: (headers, missing) => cgi.ask({ body: 'x', missing, env: { PEP381_SYNC_SECRET_FILE: key, ...headers } }),
  };
}

/** Headers that are good, and a signature that is of some body. */
function headers(digest = 'a'.repeat(64)): object {
  return { HTTP_X_PEP381_TIMESTAMP: `${Date.now() / 1000}`, HTTP_X_PEP381_SIGNATURE: `sha256=${digest}` };
}

t.test('where nothing is signed nobody waits for a body', async (t) => {
  const cgi = openCgi(t);
  t.match(await cgi.ask({ body: 'x', missing: 4000 }), { code: 0, stdout: /\n\nMirroring started\n$/ });
  t.equal((await cgi.runs(1)).length, 1);
});

t.test('who has no signature hears so before the body came', async (t) => {
  const { cgi, ask } = openSigned(t);
  const old = { HTTP_X_PEP381_TIMESTAMP: '1', HTTP_X_PEP381_SIGNATURE: `sha256=${'a'.repeat(64)}` };
  const wrong = [{}, { ...headers(), HTTP_X_PEP381_SIGNATURE: 'sha256=1' }, old];
  const hears = async (wrong: object): Promise<void> => {
    // Who waits for the body never takes less than five seconds; who does not may, on a busy machine.
    let isQuick = false;
    for (let tries = 20; !isQuick && tries > 0; tries--) {
      const startMs = performance.now();
      t.match(await ask(wrong, 4000), { code: 0, stdout: /^Status: 403 / });
      isQuick = performance.now() - startMs < 5000;
    }
    t.ok(isQuick, 'five seconds are not waited for');
  };
  await Promise.all(wrong.map(hears));
  t.notOk(existsSync(join(cgi.target, 'run')), 'and nothing is left behind');
});

t.test('of those whose signed body does not come four wait at a time, and not for long', async (t) => {
  const { cgi, ask } = openSigned(t);
  mkdirSync(join(cgi.target, 'run/sync-waiting'), { recursive: true });
  // Left by a process that was killed.
  const killed = leave(cgi, 'sync-waiting/999999999');
  const replies = await Promise.all(Array.from({ length: howMany(12, 8) }, () => ask(headers(), 10)));
  const statuses = replies.map(({ stdout }) => /^Status: (\d+)/.exec(stdout)?.[1]);
  t.ok(statuses.filter((status) => status === '408').length >= 4, statuses.join());
  t.ok(statuses.includes('503'), 'where more come than may wait');
  t.same([...new Set(statuses)].sort(), ['408', '503']);
  t.notOk(existsSync(killed));
  t.same(readdirSync(join(cgi.target, 'run/sync-waiting')), []);
  t.notOk(existsSync(cgi.flag));

  const { HTTP_X_PEP381_TIMESTAMP: time } = headers() as { HTTP_X_PEP381_TIMESTAMP: string };
  const digest = createHmac('sha256', secret).update(`${time}.x`).digest('hex');
  const good = { HTTP_X_PEP381_TIMESTAMP: time, HTTP_X_PEP381_SIGNATURE: `sha256=${digest}` };
  t.match((await ask(good, 0)).stdout, /Mirroring started/, 'then there is room for others');
  t.equal((await cgi.runs(1)).length, 1);
});

for (const to of ['nowhere', 'sync-requested']) {
  t.test(`a flag that is a link to ${to} is a request, and is not followed`, async (t) => {
    const cgi = openCgi(t);
    mkdirSync(join(cgi.target, 'run'));
    symlinkSync(to, cgi.flag);
    t.match(await cgi.ask(), { code: 0, stdout: /\n\nMirroring started\n$/, stderr: '' });
    t.same(readdirSync(join(cgi.target, 'run')), ['sync-requested']);
  });
}

t.test('a folder of marks that leads elsewhere is refused, and nothing there is removed', async (t) => {
  const { cgi, ask } = openSigned(t);
  const theirs = join(cgi.target, 'theirs');
  mkdirSync(join(cgi.target, 'run'));
  mkdirSync(theirs);
  writeFileSync(join(theirs, 'old'), '');
  utimesSync(join(theirs, 'old'), 0, 0);
  for (const name of ['sync-signatures', 'sync-waiting']) symlinkSync(theirs, join(cgi.target, 'run', name));
  const time = String(Math.floor(Date.now() / 1000));
  const digest = createHmac('sha256', secret).update(`${time}.x`).digest('hex');
  const good = { HTTP_X_PEP381_TIMESTAMP: time, HTTP_X_PEP381_SIGNATURE: `sha256=${digest}` };
  for (const missing of [0, 10]) {
    const { stdout, stderr } = await ask(good, missing);
    t.match(stdout, /^Status: 500 /);
    t.match(stderr, /^pep381sync: \S+\/run\/sync-\w+: expected a folder of the web server's user, found a link or/);
  }
  t.same(readdirSync(theirs), ['old']);
});
