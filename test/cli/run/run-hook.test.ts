/** Commands of `[hooks]`: what they get, and what becomes of those that fail, hang, or read nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type HookCall, runHook } from '../../../src/cli/run/run-hook.ts';

/** Runs a shell script, and resolves with what went wrong. */
function hook(script: string, call: Partial<HookCall> = {}): Promise<string | undefined> {
  return runHook({
    command: ['/bin/sh', '-c', script],
    input: [],
    env: {},
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    ...call,
  });
}

/** Returns true if the process with the number in the file at `path` is alive, and no zombie that nobody waits for. */
function isAlive(path: string): boolean {
  const status = `/proc/${readFileSync(path, 'utf8').trim()}/status`;
  return existsSync(status) && !/^State:\tZ/m.test(readFileSync(status, 'utf8'));
}

t.test('a hook gets its input, and nothing else of the run', async (t) => {
  const out = join(t.testdir(), 'out');
  const script = `cat >${out}; env -0 >${out}.env; pwd >${out}.pwd; ps -o pgid= -p $$ >${out}.pgid`;
  const variables = { PEP381_HOOK: 'after-run', PEP381_TARGET: '/var/pypi; rm -rf /' };
  t.equal(await hook(script, { input: ['{"path":"a"}\n', '{"path":"b"}\n'], env: variables }), undefined);
  t.equal(readFileSync(out, 'utf8'), '{"path":"a"}\n{"path":"b"}\n');
  const names = readFileSync(`${out}.env`, 'utf8')
    .split('\0')
    .map((text) => text.split('=')[0] ?? '');
  // The shell and the runner of these tests add some of their own.
  const given = names.filter((name) => !/^(?:PWD|OLDPWD|SHLVL|_.*|)$/.test(name));
  t.same(given.sort(), ['HOME', 'PATH', 'PEP381_HOOK', 'PEP381_TARGET']);
  t.equal(readFileSync(`${out}.pwd`, 'utf8'), '/\n');
  t.not(Number(readFileSync(`${out}.pgid`, 'utf8')), process.pid);
});

t.test('a hook that reads nothing of a long input is no failure, nor one that reads a part', async (t) => {
  const line = `${'x'.repeat(1000)}\n`;
  function* long(): Iterable<string> {
    for (let at = 0; at < 20_000; at += 1) yield line;
  }
  t.equal(await hook('exit 0', { input: long() }), undefined);
  t.equal(await hook('head -c 5000 >/dev/null', { input: long() }), undefined);
});

t.test('a failure is told with what the hook said last', async (t) => {
  t.equal(await hook('echo one; echo "no route" >&2; exit 3'), 'ended with 3; it said: one no route');
  t.equal(await hook('kill -9 $$'), 'died of SIGKILL');
  t.match(await hook('seq 100000; exit 1'), /^ended with 1; it said: .{200,310}$/);
  t.match(await hook('', { command: ['/nonexistent/hook'] }), /^cannot be started: .*ENOENT/);
  t.match(await hook('', { command: ['/etc/passwd'] }), /^cannot be started: .*EACCES/);
});

t.test('an input that cannot be read is a failure', async (t) => {
  function* broken(): Iterable<string> {
    yield 'a\n';
    throw new Error('EIO: the disk is gone');
  }
  t.equal(await hook('cat >/dev/null', { input: broken() }), 'EIO: the disk is gone');
});

t.test('a hook that hangs is ended with all that it has started', async (t) => {
  const out = join(t.testdir(), 'pid');
  const stubborn = `trap '' TERM; (trap '' TERM; sleep 600) & echo $! >${out}; wait; sleep 600`;
  const told = await hook(stubborn, { timeoutMs: 1500 });
  t.match(told, /^was ended, as it took more than 1\.5 s/);
  t.notOk(isAlive(out), 'nothing stays');
});

t.test('a pause of the run ends the hook', async (t) => {
  const pause = new AbortController();
  const out = join(t.testdir(), 'pid');
  function* begun(): Iterable<string> {
    yield 'a\n';
    setTimeout(() => pause.abort(), 50);
  }
  const told = await hook(`echo $$ >${out}; exec sleep 600`, { input: begun(), signal: pause.signal });
  t.equal(told, 'was ended, as the run is paused');
  t.equal(await hook('sleep 600', { signal: AbortSignal.abort() }), 'was ended, as the run is paused');
});

t.test('what a hook leaves behind holds up nothing', async (t: Test) => {
  const out = join(t.testdir(), 'pid');
  const before = Date.now();
  t.equal(await hook(`sleep 600 & echo $! >${out}; echo done`), undefined);
  t.ok(Date.now() - before < 60_000);
  t.ok(isAlive(out));
  process.kill(Number(readFileSync(out, 'utf8')));
});
