/** What pep381sync.cgi answers, and what it starts. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import t from 'tap';
import { until } from '../e2e/program.ts';
import { openCgi } from './opened-cgi.ts';

const started = { code: 0, stdout: 'Content-Type: text/plain\n\nMirroring started\n', stderr: '' };

t.test('it is a few kilobytes and needs nothing but Node', async (t) => {
  const program = join(openCgi(t).programs, 'pep381sync.cgi');
  t.ok(statSync(program).size < 12_000, `${statSync(program).size} bytes`);
  const source = readFileSync(program, 'utf8');
  t.ok(source.startsWith('#!/usr/bin/env node\n'));
  const required = [...source.matchAll(/\brequire\(["']([^"']+)["']\)/g)].map(([, name = '']) => name);
  t.ok(required.length > 0 && required.every((name) => isBuiltin(name)), required.join());
});

t.test('it answers in the words of 1.5 and starts pep381run -q TARGET', async (t) => {
  const cgi = openCgi(t);
  t.same(await cgi.ask(), started);
  t.ok(existsSync(cgi.flag), 'the request is on record before the run starts');
  const [notes = []] = await cgi.runs(1);
  t.same(notes[0], `args -q ${cgi.target}`);
});

t.test('the run is detached, says what it says to a log, and has an environment without the client', async (t) => {
  const cgi = openCgi(t);
  await cgi.ask({
    env: {
      HOME: '/home/pypi',
      HTTP_PROXY: 'http://evil.example',
      http_proxy: 'http://evil.example',
      HTTPS_PROXY: 'http://evil.example',
      HTTP_X_ANYTHING: 'x',
      QUERY_STRING: 'a=b',
      LD_LIBRARY_PATH: '/tmp',
      NODE_OPTIONS: '--no-warnings',
      NODE_EXTRA_CA_CERTS: '/dev/null',
    },
  });
  const [notes = []] = await cgi.runs(1);
  const named = (name: string): string[] =>
    notes.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length));
  const variables = named('env ')
    .map((line) => line.split('=')[0])
    // The shell adds these.
    .filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? ''));
  t.same(variables.sort(), ['HOME', 'PATH']);
  t.ok(named('env PATH=')[0]?.endsWith(`:${dirname(process.execPath)}`), 'node is found where this one is');
  const log = join(cgi.target, 'run/sync.log');
  t.same(named('fd '), ['/dev/null', log, log]);
  const [pid, group, session] = named('pids ')[0]?.split(' ') ?? [];
  t.same([group, session], [pid, pid], 'what ends the web server does not end the run');
});

t.test('the program is the one in its own folder, also when it is called by a link', async (t) => {
  const cgi = openCgi(t);
  mkdirSync(join(cgi.target, 'run'));
  const link = join(cgi.target, 'run/link.cgi');
  symlinkSync(join(cgi.programs, 'pep381sync.cgi'), link);
  t.same(await cgi.ask({ program: link }), started);
  await cgi.runs(1);
});

t.test('where links to all programs lie beside each other, it starts the link: sudo knows that path', async (t) => {
  const cgi = openCgi(t);
  const stable = join(cgi.programs, '../stable');
  mkdirSync(stable);
  for (const name of ['pep381sync.cgi', 'pep381run']) symlinkSync(join(cgi.programs, name), join(stable, name));
  t.same(await cgi.ask({ program: join(stable, 'pep381sync.cgi') }), started);
  await until('the run', () => existsSync(join(stable, 'notes')));
});

t.test('without a target it says so as 1.5 did', async (t) => {
  const cgi = openCgi(t);
  const noTarget =
    'Status: 412 Precondition failed\nContent-type: text/plain\n\nPyPI mirror targetdir not configured\n';
  const file = join(cgi.target, 'file');
  writeFileSync(file, '');
  const missing = { PYPITARGET: join(cgi.target, 'missing') };
  t.same(await cgi.ask({ env: missing }), { code: 0, stdout: noTarget, stderr: '' });
  for (const PYPITARGET of ['', 'target', file, `${cgi.target}/run`]) {
    t.same(await cgi.answer({ env: { PYPITARGET } }), { code: 0, stdout: noTarget, stderr: '' }, PYPITARGET);
  }
  t.notOk(existsSync(join(cgi.target, 'run')));
});

t.test('the command line belongs to the client and means nothing', async (t) => {
  const cgi = openCgi(t);
  t.same(await cgi.ask({ args: ['--help'], env: { QUERY_STRING: '--help' } }), started);
  t.same(await cgi.ask({ args: ['-q', '/etc'] }), started);
  const runs = await cgi.runs(1);
  t.same(runs[0]?.[0], `args -q ${cgi.target}`);
});

t.test('only the address itself is an address', async (t) => {
  const cgi = openCgi(t);
  for (const [at, PATH_INFO] of ['/x', '/a/b', '//', '/../pep381run'].entries()) {
    const { stdout } = await (at === 0 ? cgi.ask : cgi.answer)({ env: { PATH_INFO } });
    t.equal(stdout, 'Status: 404 Not Found\nContent-Type: text/plain\n\nNothing here\n', PATH_INFO);
  }
  t.notOk(existsSync(cgi.flag));
  t.same(await cgi.answer({ env: { PATH_INFO: '/' } }), started);
  await cgi.runs(1);
});

t.test('GET, HEAD and POST are the methods; HEAD gets no body', async (t) => {
  const cgi = openCgi(t);
  for (const [at, REQUEST_METHOD] of ['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'get', 'TRACE', ''].entries()) {
    const { stdout } = await (at === 0 ? cgi.ask : cgi.answer)({ env: { REQUEST_METHOD } });
    t.match(stdout, /^Status: 405 .*\nContent-Type: text\/plain\nAllow: GET, HEAD, POST\n\n/, REQUEST_METHOD);
  }
  t.notOk(existsSync(cgi.flag));
  t.same(await cgi.ask({ env: { REQUEST_METHOD: 'HEAD' } }), { ...started, stdout: 'Content-Type: text/plain\n\n' });
  t.same(await cgi.answer({ env: { REQUEST_METHOD: 'POST' } }), started);
  t.same(await cgi.ask({ body: 'x'.repeat(4096) }), started);
  await cgi.runs(1);
});

t.test('a body of more than 4096 bytes is read, to a bound, and refused', async (t) => {
  const cgi = openCgi(t);
  for (const [at, body] of ['x'.repeat(20_000_000), 'x'.repeat(500_000), 'x'.repeat(4097)].entries()) {
    const ask = at === 0 ? cgi.ask : cgi.answer;
    t.match((await ask({ body })).stdout, /^Status: 413 /, `${body.length} bytes`);
    const chunked = { CONTENT_LENGTH: '', HTTP_TRANSFER_ENCODING: 'chunked' };
    t.match((await ask({ body, env: chunked })).stdout, /^Status: 413 /, `${body.length} bytes in chunks`);
  }
  t.match((await cgi.answer({ body: 'x', env: { CONTENT_LENGTH: '4097' } })).stdout, /^Status: 413 /, 'as announced');
  t.notOk(existsSync(cgi.flag));
});

t.test('a program that cannot be started is told to the error log, and tried again by the next request', async (t) => {
  const cgi = openCgi(t);
  const run = join(cgi.programs, 'pep381run');
  chmodSync(run, 0o644);
  for (const attempt of [1, 2, 3]) {
    const { stdout, stderr } = await (attempt === 1 ? cgi.ask : cgi.answer)();
    t.match(stdout, /^Status: 500 .*\n.*\n\nMirroring could not be started; the error log says why\n$/, `${attempt}`);
    t.notOk(stdout.includes(cgi.programs), 'the client sees no path');
    t.match(stderr, /^pep381sync: spawn [^\n]+\/pep381run EACCES\n$/);
    t.ok(existsSync(cgi.flag), 'the request stays for whoever runs next');
  }
  chmodSync(run, 0o755);
  t.same(await cgi.ask(), started);
  await cgi.runs(1);
  rmSync(run);
  rmSync(cgi.flag);
  t.match((await cgi.answer()).stderr, /^pep381sync: spawn [^\n]+\/pep381run ENOENT\n$/);
});

t.test('through sudo it starts what sudo allows, and tells where that is nothing', async (t) => {
  const cgi = openCgi(t);
  const bin = join(cgi.target, '../bin');
  const log = join(cgi.target, 'run/sync.log');
  const sudo = (script: string): void => {
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'sudo'), `#!/bin/sh\n${script}`);
    chmodSync(join(bin, 'sudo'), 0o755);
  };
  const env = { PATH: `${bin}:${process.env.PATH}`, PEP381_SYNC_USER: 'pypi' };
  const command = `-u pypi -- ${cgi.programs}/pep381run -q ${cgi.target}`;
  const refused = `sudo does not let the web server start ${command} (sudo: a password is required); see README.md, "Through sudo"\n`;

  sudo('echo "sudo: a password is required" >&2; exit 1');
  for (const attempt of [1, 2]) {
    const { stdout, stderr } = await (attempt === 1 ? cgi.ask : cgi.answer)({ env });
    t.match(stdout, /^Status: 500 .*\n.*\n\nMirroring could not be started; the error log says why\n$/, `${attempt}`);
    t.equal(stderr, `pep381sync: ${refused}`);
    t.ok(existsSync(cgi.flag), 'the request stays for whoever runs next');
  }
  t.equal(readFileSync(log, 'utf8'), refused.repeat(2), 'who is told, too');

  sudo('[ "$2" = -l ] || { shift 4; exec "$@"; }');
  t.same(await cgi.answer({ env }), started);
  const [notes = []] = await cgi.runs(1);
  t.same(notes[0], `args -q ${cgi.target}`);
});

t.test('what the log cannot be leads nowhere', async (t) => {
  const cgi = openCgi(t);
  const log = join(cgi.target, 'run/sync.log');
  mkdirSync(dirname(log));
  const elsewhere = join(cgi.target, 'elsewhere');
  writeFileSync(elsewhere, 'as it was');
  symlinkSync(elsewhere, log);
  t.match(await cgi.ask(), { code: 0, stdout: /^Status: 500 /, stderr: /^pep381sync: ELOOP: / });
  t.equal(readFileSync(elsewhere, 'utf8'), 'as it was');
  rmSync(log);
  writeFileSync(log, 'x'.repeat(70_000));
  t.same(await cgi.ask(), started);
  await cgi.runs(1);
  t.equal(statSync(log).size, 0, 'what nobody reads for long begins anew');
  t.equal(statSync(log).mode & 0o777, 0o644, 'the owner of the mirror may read it');
});

t.test('a target that cannot be written to is told to the error log', async (t) => {
  const cgi = openCgi(t);
  writeFileSync(join(cgi.target, 'run'), 'a file where a folder belongs');
  const { code, stdout, stderr } = await cgi.ask();
  t.equal(code, 0);
  t.match(stdout, /^Status: 500 /);
  t.match(stderr, /^pep381sync: ENOTDIR: [^\n]*sync-requested'\n$/);
});

t.test('a wrong setting is told to the error log and starts nothing', async (t) => {
  const cgi = openCgi(t);
  const wrong: [Record<string, string>, RegExp][] = [
    [{ PEP381_SYNC_MODE: 'cron' }, /^pep381sync: PEP381_SYNC_MODE: expected start or flag\n$/],
    [{ PEP381_SYNC_USER: '-s' }, /^pep381sync: PEP381_SYNC_USER: no user name\n$/],
    [{ PEP381_SYNC_USER: '' }, /^pep381sync: PEP381_SYNC_USER: no user name\n$/],
    [{ PEP381_SYNC_SECRET_FILE: 'key' }, /^pep381sync: PEP381_SYNC_SECRET_FILE: expected an absolute path\n$/],
  ];
  for (const [at, [env, told]] of wrong.entries()) {
    const { stdout, stderr } = await (at === 0 ? cgi.ask : cgi.answer)({ env });
    t.match(stdout, /^Status: 500 /);
    t.match(stderr, told);
  }
  t.notOk(existsSync(cgi.flag));
});

t.test('in flag mode it only leaves the flag', async (t) => {
  const cgi = openCgi(t);
  for (const attempt of [1, 2]) {
    t.same(
      await (attempt === 1 ? cgi.ask : cgi.answer)({ env: { PEP381_SYNC_MODE: 'flag' } }),
      { code: 0, stdout: 'Status: 202 Accepted\nContent-Type: text/plain\n\nMirroring requested\n', stderr: '' },
      `request ${attempt}`,
    );
    t.ok(existsSync(cgi.flag));
  }
  rmSync(cgi.flag);
  await cgi.answer();
  t.equal((await cgi.runs(1)).length, 1, 'the only run is the one of start mode');
});

t.test('with a user it runs through sudo', async (t) => {
  const cgi = openCgi(t);
  const sudo = join(cgi.programs, 'sudo');
  const notes = readFileSync(join(cgi.programs, 'pep381run'), 'utf8');
  // It is asked first what it would do.
  writeFileSync(sudo, notes.replace('\n', '\n[ "$2" != -l ] || exit 0\n'));
  chmodSync(sudo, 0o755);
  const PATH = `${cgi.programs}:${process.env.PATH}`;
  t.same(await cgi.ask({ env: { PEP381_SYNC_USER: 'pypi', PATH } }), started);
  const [run = []] = await cgi.runs(1);
  t.same(run[0], `args -n -u pypi -- ${join(cgi.programs, 'pep381run')} -q ${cgi.target}`);
});
