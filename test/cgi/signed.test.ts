/** With PEP381_SYNC_SECRET_FILE only who knows the secret starts a run. */
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { howMany } from '../fixtures/every-case.ts';
import { type CgiQuestion, type CgiReply, leave, type OpenedCgi, openCgi } from './opened-cgi.ts';

const secret = 'a secret that nobody knows';
const nowSeconds = (): number => Math.floor(Date.now() / 1000);
/** So many seconds away a signature is good, and no longer good, however slow the machine is; test/core has the limit itself. */
const [soon, far] = [150, 1200];

t.test('a signed request starts a run', async (t) => {
  const { cgi, ask, answer } = openSigned(t);
  t.match(await ask(signed(nowSeconds(), 'hello'), 'hello'), { stdout: /Mirroring started/, stderr: '' });
  await cgi.runs(1);
  for (const timestamp of [nowSeconds() - soon, nowSeconds() + soon, `${nowSeconds()}.123`]) {
    t.match(await answer(signed(timestamp)), { stdout: /Mirroring started/ }, `${timestamp}`);
  }
  const { HTTP_X_PEP381_SIGNATURE: signature, ...rest } = signed(nowSeconds() - 1);
  const shouted = signature.toUpperCase().replace('SHA', 'sha');
  t.match(await answer({ ...rest, HTTP_X_PEP381_SIGNATURE: shouted }), { stdout: /started/ }, 'hex in capitals');
});

t.test('everybody else is refused, and hears why', async (t) => {
  const { cgi, ask, answer } = openSigned(t);
  const now = nowSeconds();
  const good = signed(now, 'hello');
  const refused: [string, Record<string, string>, string][] = [
    ['no signature at all', {}, ''],
    ['no signature', { HTTP_X_PEP381_TIMESTAMP: String(now) }, ''],
    ['no timestamp', { HTTP_X_PEP381_SIGNATURE: good.HTTP_X_PEP381_SIGNATURE }, 'hello'],
    ['another body', good, 'hellO'],
    ['no body', good, ''],
    ['another time', { ...good, HTTP_X_PEP381_TIMESTAMP: String(now + 1) }, 'hello'],
    ['another secret', signed(now, '', 'another secret'), ''],
    ['an empty secret', signed(now, '', ''), ''],
    ['another algorithm', { ...good, HTTP_X_PEP381_SIGNATURE: good.HTTP_X_PEP381_SIGNATURE.slice(7) }, 'hello'],
    ['too old', signed(now - far), ''],
    ['too new', signed(now + far), ''],
    ['a signed timestamp that is none', signed('1e99'), ''],
    ['an empty signed timestamp', signed(''), ''],
    ['not ASCII', { ...good, HTTP_X_PEP381_SIGNATURE: 'sha256=ü' }, 'hello'],
  ];
  for (const [at, [what, env, body]] of refused.entries()) {
    const { stdout, stderr } = await (at === 0 ? ask : answer)(env, body);
    t.match(stdout, /^Status: 403 Forbidden\nContent-Type: text\/plain\n\nThe (?:timestamp|signature) is /, what);
    t.equal(stderr, '');
  }
  t.notOk(existsSync(cgi.flag));
  t.notOk(existsSync(join(cgi.target, 'run')), 'who does not know the secret leaves nothing behind');
});

t.test('a signature is good once', async (t) => {
  const { cgi, ask, answer } = openSigned(t);
  const env = signed(nowSeconds());
  const count = howMany(10, 6);
  const replies = await Promise.all(Array.from({ length: count }, () => ask(env)));
  t.equal(replies.filter(({ stdout }) => stdout.includes('Mirroring started')).length, 1);
  t.equal(replies.filter(({ stdout }) => stdout.endsWith('\nThe signature was used before\n')).length, count - 1);
  await cgi.runs(1);
  rmSync(cgi.flag);
  t.match((await answer(env)).stdout, /^Status: 403 /, 'also when the run has begun');
});

t.test('a signature is good once, however it is written, sent and asked for', async (t) => {
  const { cgi, ask, answer } = openSigned(t);
  const timestamp = nowSeconds();
  const env = signed(timestamp, 'hello');
  const { HTTP_X_PEP381_SIGNATURE: signature } = env;
  const [prefix = '', hex = ''] = signature.split('=');
  t.match((await ask(env, 'hello')).stdout, /Mirroring started/);
  const again: Record<string, string>[] = [
    { HTTP_X_PEP381_SIGNATURE: `${prefix}=${hex.toUpperCase()}` },
    { HTTP_X_PEP381_SIGNATURE: signature.toUpperCase() },
    { HTTP_X_PEP381_SIGNATURE: `${prefix}=${hex.slice(0, 32).toUpperCase()}${hex.slice(32)}` },
    { PATH_INFO: '/' },
    { REQUEST_METHOD: 'GET', CONTENT_LENGTH: '5' },
    { CONTENT_LENGTH: '', HTTP_TRANSFER_ENCODING: 'chunked' },
  ];
  for (const changed of again) {
    rmSync(cgi.flag, { force: true });
    const { stdout } = await answer({ ...env, ...changed }, 'hello');
    t.match(stdout, /^Status: 403 .*\n.*\n\nThe signature was used before\n$/, JSON.stringify(changed));
    t.notOk(existsSync(cgi.flag));
  }
  await cgi.runs(1);
});

t.test('a signature is remembered for as long as it is good', async (t) => {
  const { cgi, ask } = openSigned(t);
  const env = signed(nowSeconds() + 290);
  await ask(env);
  const marks = join(cgi.target, 'run/sync-signatures');
  const [mark = ''] = readdirSync(marks);
  utimesSync(join(marks, mark), nowSeconds() - 590, nowSeconds() - 590);
  t.match((await ask(env)).stdout, /used before/, 'from five minutes before its time to five minutes after it');
  await cgi.runs(1);
});

t.test('what it remembers is bounded', async (t) => {
  const { cgi, answer } = openSigned(t);
  mkdirSync(join(cgi.target, 'run/sync-signatures'), { recursive: true });
  for (let count = 0; count < 1000; count++) leave(cgi, `sync-signatures/${count}`);
  t.match((await answer(signed(nowSeconds()))).stdout, /^Status: 429 .*\n.*\nRetry-After: 600\n/);
});

t.test('without a secret to compare with it refuses everybody, and the log says why', async (t) => {
  const { key, ask, answer } = openSigned(t);
  for (const content of ['', '\n', ' \n\t\n']) {
    writeFileSync(key, content);
    for (const [at, env] of [signed(nowSeconds()), signed(nowSeconds(), '', ''), {}].entries()) {
      const { stdout, stderr } = await (content === '' && at === 0 ? ask : answer)(env);
      t.match(stdout, /^Status: 500 /);
      t.equal(stderr, `pep381sync: ${key}: is empty, expected the secret\n`);
    }
  }
  rmSync(key);
  const missing = await answer(signed(nowSeconds()));
  t.match(missing.stdout, /^Status: 500 /);
  t.match(missing.stderr, /^pep381sync: ENOENT: no such file or directory, open '[^'\n]*'\n$/);
  mkdirSync(key);
  t.match((await answer({})).stderr, /^pep381sync: EISDIR: [^\n]*\n$/);
});

t.test('the secret is told to nobody', async (t) => {
  const { cgi, ask, answer } = openSigned(t);
  for (const [at, env] of [signed(nowSeconds()), {}, signed(1)].entries()) {
    const { stdout, stderr } = await (at === 0 ? ask : answer)(env);
    t.notOk((stdout + stderr).includes(secret));
    t.notMatch(stdout + stderr, /[0-9a-f]{64}/);
  }
  await cgi.runs(1);
});

type Headers = { HTTP_X_PEP381_TIMESTAMP: string; HTTP_X_PEP381_SIGNATURE: string };

/** As a program of somebody else would sign. */
function signed(timestamp: number | string, body = '', key = secret): Headers {
  const digest = createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex');
  return { HTTP_X_PEP381_TIMESTAMP: String(timestamp), HTTP_X_PEP381_SIGNATURE: `sha256=${digest}` };
}

type Ask = (env: Readonly<Record<string, string>>, body?: string) => Promise<CgiReply>;

/** Both ways to ask a CGI that knows the secret. */
function openSigned(t: Test): {
  readonly cgi: OpenedCgi;
  readonly key: string;
  readonly ask: Ask;
  readonly answer: Ask;
} {
  const cgi = openCgi(t);
  const key = join(cgi.programs, 'key');
  writeFileSync(key, `${secret}\n`);
  const question = (env: Readonly<Record<string, string>>, body: string): CgiQuestion => {
    return { body, env: { REQUEST_METHOD: 'POST', PEP381_SYNC_SECRET_FILE: key, ...env } };
  };
  return {
    cgi,
    key,
    ask: (env, body = '') => cgi.ask(question(env, body)),
    answer: (env, body = '') => cgi.answer(question(env, body)),
  };
}
