/** Hooks of real runs: what they hear, once, also of runs that died, and that they disturb nothing. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import type { SampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { openMirrored, openSample } from './opened-sample.ts';
import { type Ended, killAtEnd, run, start, until } from './program.ts';
import { runHere } from './run-here.ts';

const bundle = await openBundle();
const program = join(bundle, 'pep381run');
const quiet = { code: 0, stdout: '', stderr: '' };

interface Hooked {
  readonly server: SampleServer;
  readonly target: string;
  /** The folder in which the hooks leave what they hear. */
  readonly heard: string;
  /** Makes the script of a hook. It may use `$HEARD`. */
  script(name: 'after-run' | 'on-alarm', text: string): void;
  mirror(...options: string[]): Promise<Ended>;
  /** Does the same in this process. */
  mirrorHere(...options: string[]): Promise<Ended>;
  /** Returns what a hook left in a file, and removes the file; undefined if there is none. */
  take(name: string): string | undefined;
}

const records = {
  'after-run':
    'cat >>$HEARD/paths; env >$HEARD/env; for fd in /proc/self/fd/*; do readlink $fd; done >$HEARD/fds; true',
  'on-alarm': 'cat >>$HEARD/alarms',
};

/** A target with hooks, which is a mirror already if `open` is openMirrored. */
async function openHooked(t: Test, open: typeof openMirrored = openNew): Promise<Hooked> {
  const { server, target } = await open(t, program, smallIndex);
  const folder = t.testdir({ heard: {} });
  const heard = join(folder, 'heard');
  const pathOf = (name: string): string => join(folder, name);
  const script = (name: 'after-run' | 'on-alarm', text: string): void => {
    writeFileSync(pathOf(name), `#!/bin/sh\nHEARD=${heard}\n${text}\n`);
    chmodSync(pathOf(name), 0o755);
  };
  script('after-run', records['after-run']);
  script('on-alarm', records['on-alarm']);
  mkdirSync(join(target, 'run'), { recursive: true });
  const hooks = ['after-run', 'on-alarm'].map((name) => `${name} = ["${pathOf(name)}"]`).join('\n');
  writeFileSync(join(target, 'mirror.toml'), `upstream = "${server.url}"\n[hooks]\n${hooks}\n`);
  return {
    server,
    target,
    heard,
    script,
    mirror: (...options) => run(program, [...options, target], { env: { SECRET: 'of cron' } }),
    mirrorHere: (...options) => runHere(...options, target),
    take: (name) => {
      const path = join(heard, name);
      if (!existsSync(path)) return undefined;
      const text = readFileSync(path, 'utf8');
      rmSync(path);
      return text;
    },
  };
}

const openNew: typeof openMirrored = (t, program, makeIndex = smallIndex) => openSample(t, program, makeIndex());

interface Line {
  readonly path: string;
  readonly url: string;
  readonly removed?: boolean;
}

function linesOf(text: string | undefined): Line[] {
  return (text ?? '').split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
}

t.test('the hook hears every path that changed, and is not started if none did', async (t) => {
  const { server, target, mirror, mirrorHere, take } = await openHooked(t);
  t.same(await mirror('-q'), quiet);
  const first = linesOf(take('paths'));
  const paths = new Set(first.map(({ path }) => path));
  for (const path of paths) t.ok(existsSync(join(target, 'web', path)), path);
  for (const path of ['simple/alpha/index.html', 'simple/alpha/index.v1_json', 'simple/index.html', 'index.html'])
    t.ok(paths.has(path), path);
  t.equal(first.find(({ path }) => path === 'simple/alpha/index.v1_json')?.url, '/simple/alpha/');
  t.equal(first.find(({ path }) => path === 'simple/index.html')?.url, '/simple/');
  const wheel = first.find(({ path }) => path.startsWith('packages/') && path.endsWith('.whl'));
  t.equal(wheel?.url, `/${wheel?.path}`);
  t.same(
    first
      .slice(-4)
      .map(({ path }) => path)
      .sort(),
    ['index.html', 'last-modified', 'mirror-status.json', 'status/index.html'],
    'what each run renews',
  );
  const env = take('env') ?? '';
  t.match(env, new RegExp(`^PEP381_TARGET=${target}$`, 'm'));
  t.match(env, /^PEP381_EXIT_CODE=0$/m);
  t.match(env, /^PEP381_PUBLISHED_PROJECTS=[1-9]/m);
  t.notMatch(env, 'SECRET', 'nothing of the environment of cron');
  t.notMatch(take('fds'), /state\.db|lock|spool/, 'no open file of the run');

  t.same(await mirrorHere('-q'), quiet);
  t.equal(take('paths'), undefined, 'nothing changed');

  server.index.removeProject('beta');
  server.index.publish(makeWheel({ name: 'alpha', version: '9.0' }));
  t.same(await mirrorHere('-q'), quiet);
  const second = linesOf(take('paths'));
  const removed = second.filter((line) => line.removed === true).map(({ path }) => path);
  t.ok(
    removed.some((path) => path.startsWith('packages/')),
    'a removed file',
  );
  t.ok(
    removed.some((path) => path.startsWith('simple/beta')),
    'a removed page',
  );
  t.ok(second.some(({ path }) => path.endsWith('/alpha-9.0-py3-none-any.whl')));
  t.notOk(
    second.some(({ path }) => path.startsWith('simple/gamma')),
    'and nothing else',
  );
});

t.test('what a hook did not take, the next run gives it again', async (t) => {
  const { server, target, script, mirror, mirrorHere, take } = await openHooked(t);
  script('after-run', 'echo no route to the CDN >&2; exit 7');
  const failed = await mirror();
  t.equal(failed.code, 0, 'a run does not fail by its hook');
  t.match(failed.stderr, /^Warning: hooks\.after-run: ended with 7; it said: no route to the CDN; the next run gives/m);
  t.equal(statSync(join(target, 'spool')).mode & 0o777, 0o700);
  server.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
  t.equal((await mirrorHere('-q')).code, 0);
  t.match(
    readFileSync(join(target, 'web/status/index.html'), 'utf8'),
    'class="verdict">Needs a look: hooks fail since ',
  );
  script('after-run', records['after-run']);
  t.same(await mirrorHere('-q'), quiet);
  t.ok(linesOf(take('paths')).some(({ path }) => path === 'simple/alpha/index.html'));
  t.same(await mirrorHere('-q'), quiet);
  t.equal(take('paths'), undefined);
});

t.test('what a run that was killed has changed, the hook of the next one hears', async (t) => {
  const { target, script, mirror, mirrorHere, take } = await openHooked(t);
  script('after-run', 'kill -9 $PPID');
  t.equal((await mirror('-q')).code, 'SIGKILL');
  // Half a line, as a run leaves it that is killed while it writes.
  writeFileSync(join(target, 'spool/changed-paths'), '{"path":"simple/al', { flag: 'a' });
  script('after-run', records['after-run']);
  t.same(await mirrorHere('-q'), quiet);
  const lines = linesOf(take('paths'));
  t.ok(
    lines.some(({ path }) => path === 'simple/alpha/index.html'),
    'without the half line',
  );
});

t.test('each alarm is given to its hook once', async (t) => {
  const { target, script, mirror, mirrorHere, take } = await openHooked(t, openMirrored);
  const log = join(target, 'run/sync.log');
  script('on-alarm', 'exit 1');
  writeFileSync(log, 'sudo does not let the web server start it\nAlarm: upstream lies \x1b[2J\n');
  const told = await mirror('-q');
  t.equal(told.code, 1);
  t.match(told.stderr, 'Alarm: a run that /sync started said: sudo does not');
  const status = async (): Promise<string> => (await runHere('--status', target)).stdout;
  t.match(await status(), /^Hooks +fail since \S+; a run without -q prints why$/m);
  script('on-alarm', records['on-alarm']);
  t.same(await mirrorHere('-q'), quiet);
  t.notMatch(await status(), /^Hooks/m);
  t.equal(take('alarms'), 'sudo does not let the web server start it\nupstream lies ?[2J\n');
  writeFileSync(log, 'Alarm: upstream lies \x1b[2J\nAlarm: another one\n');
  t.equal((await mirrorHere('-q')).code, 1);
  t.equal(take('alarms'), 'another one\n');
});

t.test('an alarm of a run that is killed is printed by the next one', async (t) => {
  const { target, script, mirror, mirrorHere } = await openHooked(t, openMirrored);
  script('on-alarm', 'kill -9 $PPID');
  writeFileSync(join(target, 'run/sync.log'), 'Alarm: upstream lies\n');
  t.equal((await mirror('-q')).code, 'SIGKILL');
  script('on-alarm', records['on-alarm']);
  const next = await mirrorHere('-q');
  t.equal(next.code, 1);
  t.match(next.stderr, /^Alarm: a run that \/sync started said: Alarm: upstream lies$/m);
  t.same(await mirrorHere('-q'), quiet);
});

t.test('a hook that hangs is ended, and the run ends in order', async (t) => {
  const { target, script, mirror } = await openHooked(t);
  writeFileSync(
    join(target, 'mirror.toml'),
    `${readFileSync(join(target, 'mirror.toml'), 'utf8')}timeout-seconds = 1\n`,
  );
  script('after-run', 'sleep 600');
  t.match(await mirror(), { code: 0, stderr: /hooks\.after-run: was ended, as it took more than 1 s; the next run/ });
});

t.test('a run that is to stop ends its hook, and the next one gives it the same', async (t) => {
  const { target, script, mirrorHere, take, heard } = await openHooked(t);
  script('after-run', 'touch $HEARD/begun; exec sleep 600');
  const running = start(program, [target]);
  killAtEnd(t, running);
  await until('the hook', () => existsSync(join(heard, 'begun')));
  running.kill('SIGTERM');
  t.match(await running.ended, { code: 0, stderr: /hooks\.after-run: was ended, as the run is paused; the next/ });
  script('after-run', records['after-run']);
  t.same(await mirrorHere('-q'), quiet);
  t.ok(linesOf(take('paths')).length > 0);
});

t.test('a dry run starts no hook', async (t) => {
  const { mirrorHere, take, target } = await openHooked(t);
  t.same(await mirrorHere('-q', '--dry-run'), quiet);
  t.equal(take('paths'), undefined);
  t.notOk(existsSync(join(target, 'spool')));
});

t.test('a mirror.toml that everybody may write starts nothing', async (t) => {
  const { target, mirrorHere, take } = await openHooked(t);
  chmodSync(join(target, 'mirror.toml'), 0o666);
  t.match(await mirrorHere('-q'), { code: 2, stderr: /mirror\.toml: everybody may write to it.*chmod o-w/ });
  t.equal(take('paths'), undefined);
});
