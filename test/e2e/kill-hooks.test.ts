/** Whenever a run is killed, the hooks hear of every path that it and the next one have changed. */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { openBundle } from './bundle.ts';
import { changeEverything } from './index-to-kill.ts';
import { copyOf, openUndisturbed } from './kills.ts';
import { each, run, withoutDeath } from './program.ts';
import { treeOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');
const killAt = fileURLToPath(new URL('kill-at.cjs', import.meta.url));
/** The number of steps at which runs are killed. */
const tries = 16;

/** Makes the hook of a target, which leaves what it hears beside it. Returns the path of that file. */
function addHook(target: string, url: string): string {
  const heard = `${target}.heard`;
  writeFileSync(heard, '');
  writeFileSync(`${target}.hook`, `#!/bin/sh\ncat >>'${heard}'\n`);
  chmodSync(`${target}.hook`, 0o755);
  writeFileSync(join(target, 'mirror.toml'), `upstream = "${url}"\n[hooks]\nafter-run = ["${target}.hook"]\n`);
  return heard;
}

/** Returns the paths of files that are not the same in both trees. */
function changed(before: Record<string, string>, after: Record<string, string>): string[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...paths].filter((path) => before[path] !== after[path] && (before[path] ?? after[path]) !== 'folder');
}

t.test('every change reaches the hook, wherever a run is killed', async (t) => {
  const { server, target: before } = await openUndisturbed(t);
  const tree = treeOf(join(before, 'web'));
  changeEverything(server.index);
  const runOn = (target: string, env: Record<string, string>) =>
    run(program, ['-q', target], { node: ['--require', killAt], env });

  const counted = copyOf(before, 'counted');
  addHook(counted, server.url);
  await runOn(counted, { KILL_LOG: `${counted}.steps` });
  const steps = readFileSync(`${counted}.steps`, 'utf8').trimEnd().split('\n').length;
  const chosen = Array.from({ length: tries }, (_, at) => 1 + Math.floor((at * steps) / tries));
  let killed = 0;
  await each(chosen, async (number) => {
    const target = copyOf(before, `killed-${number}`);
    const heard = addHook(target, server.url);
    const { code } = await runOn(target, { KILL_AT: String(number) });
    if (code === 'SIGKILL') killed += 1;
    t.same(withoutDeath(await run(program, ['-q', target])), { code: 0, stdout: '', stderr: '' });
    const lines = readFileSync(heard, 'utf8').trimEnd().split('\n');
    const told = new Set(lines.map((line) => (JSON.parse(line) as { path: string }).path));
    const isTold = (path: string): boolean =>
      told.has(path) || [...told].some((one) => one.endsWith('/') && path.startsWith(one));
    const after = treeOf(join(target, 'web'));
    t.ok(after['simple/kill-new/index.html'] !== undefined);
    t.same(
      changed(tree, after).filter((path) => !isTold(path)),
      [],
      `before step ${number} of ${steps}`,
    );
    rmSync(target, { recursive: true });
  });
  t.ok(killed > tries / 2, `${killed} runs were killed`);
});
