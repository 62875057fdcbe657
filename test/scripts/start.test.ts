/** `npm start`, once everything is built: what it prints works, and nothing of it is left behind. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { shellQuote } from '../../src/core/shell-quote.ts';
import { pipOrReason } from '../e2e/pip.ts';
import { until } from '../e2e/program.ts';
import { terminalOrReason } from '../e2e/terminal.ts';
import { apacheOrReason } from '../fixtures/apache.ts';
import { onlyEvery } from '../fixtures/every-case.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { killProcessesOf } from '../fixtures/processes-of.ts';
import { httpRequest } from '../sample/http-request.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const needsBuild = { skip: existsSync(join(root, 'dist/pep381run')) ? (false as const) : 'npm run build comes first' };
const hasPip = (await pipOrReason()).skip === false;

const filled = mkdtempSync(join(tmpdir(), 'filled-'));
t.teardown(() => rmSync(filled, { recursive: true, force: true }));

/** Lets `folder` be what the first start has left there, once there was one: it takes longest to fill it. */
function refill(folder: string): void {
  if (existsSync(join(filled, 'pypi'))) cpSync(filled, folder, { recursive: true, preserveTimestamps: true });
}

const started = ['--import=./scripts/developer/typescript.mjs', 'scripts/developer/start.ts'];

t.test('a folder that cannot be made is told in one line', async (t) => {
  const folder = join(t.testdir({ file: '' }), 'file/below');
  const { status, stderr } = spawnSync(process.execPath, [...started, '--in', folder], { cwd: root, encoding: 'utf8' });
  t.equal(status, 1);
  t.match(stderr, /^ENOTDIR: .*\/file\/below\/pypi'\n$/);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  const needs = signal === 'SIGINT' ? needsBuild : onlyEvery(needsBuild);
  t.test(`it serves a mirror until ${signal}`, needs, async (t) => {
    const folder = join(openToAll(t).testdir(), "somebody's mirror");
    refill(folder);
    const child = spawn(process.execPath, [...started, '--in', folder], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    t.teardown(() => {
      child.kill('SIGKILL');
      return ended;
    });
    let output = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      output += text;
      if (output.includes('Ctrl-C ends it.')) break;
    }
    const url = /^Open (http:\S+)\/ /m.exec(output)?.[1] ?? '';
    t.equal((await httpRequest(`${url}/simple/sample-app/`)).status, 200);
    const [, statistics = ''] = /^ {2}Statistics {2}(http:\S+) of 60 days of made-up downloads$/m.exec(output) ?? [];
    t.ok(statistics.startsWith(`${url}/local-stats/`), statistics);
    t.equal((await httpRequest(statistics)).status, 200);
    for (const page of [`${url}/`, statistics]) {
      const { body } = await httpRequest(page);
      t.equal(body.toString().split('the downloads are made up').length, 2, `${page} says so, once`);
    }
    const line = /^ {2}(python3 -m pip install .*)$/m.exec(output)?.[1] ?? '';
    t.match(line, /--index-url http\S+ --target '.*' sample-app$/);
    if (hasPip && signal === 'SIGINT') {
      execFileSync('sh', ['-c', `${line} --quiet --isolated --no-cache-dir`], { stdio: ['ignore', 'ignore', 'pipe'] });
      t.ok(existsSync(join(folder, 'installed/sample_base')), 'and what it requires');
    }
    child.kill(signal);
    t.equal(await ended, 0);
    await t.rejects(httpRequest(`${url}/`), 'nobody serves any more');
    if (!existsSync(join(filled, 'pypi'))) cpSync(folder, filled, { recursive: true, preserveTimestamps: true });
  });
}

const needsServer = { skip: needsBuild.skip || apacheOrReason().skip };
const ways = [
  {
    what: 'its terminal is closed',
    // It is told of that by SIGHUP, too.
    needs: onlyEvery({ skip: needsServer.skip || terminalOrReason().skip }),
    begin: (command: string) => spawn('script', ['-qefc', `exec ${command}`, '/dev/null']),
  },
  { what: 'its parent dies', needs: needsServer, begin: (command: string) => spawn('sh', ['-c', `${command} & wait`]) },
] as const;

for (const { what, needs, begin } of ways) {
  t.test(`it ends with its Apache once ${what}, and leaves nothing behind`, needs, async (t) => {
    const temporary = openToAll(t).testdir({ tmp: {}, var: {} });
    refill(join(temporary, 'var'));
    const node = [process.execPath, ...started, '--in', join(temporary, 'var')].map(shellQuote).join(' ');
    const folder = join(temporary, 'tmp');
    const child: ChildProcess = begin(`env TMPDIR=${shellQuote(folder)} ${node}`);
    t.teardown(() => killProcessesOf(temporary));
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await until('it serves', () => output.includes('Ctrl-C ends it.'));
    t.match(output, /with Apache\./);
    const [, url = ''] = /^Open (http:\S+)\/ /m.exec(output) ?? [];
    const [apache = ''] = readdirSync(folder).filter((name) => name.startsWith('apache-'));
    const pid = Number(readFileSync(join(folder, apache, 'apache2.pid'), 'utf8'));
    child.kill('SIGKILL');
    await until('the folder of Apache goes', () => !readdirSync(folder).some((name) => name.startsWith('apache-')));
    t.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'Apache has ended');
    await t.rejects(httpRequest(`${url}/`), 'nobody serves any more');
    t.same(readdirSync(folder), [], 'nothing is left');
  });
}
