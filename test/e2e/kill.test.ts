/**
 * kill -9 at every step that changes something on disk: what is left can be read by pip, the next run makes of it what an
 * undisturbed run would have made, and the hooks hear of every path that both have changed.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { changeEverything } from './index-to-kill.ts';
import { copyMirror, killEverywhere, openUndisturbed, update } from './kills.ts';
import { treeOf } from './tree.ts';

t.test('a run that is killed at any step is completed by the next', async (t) => {
  const first = await openUndisturbed(t);
  await t.test('one that creates a mirror', (t) => killEverywhere(t, first));
  await t.test('one that updates a mirror, of which every change reaches the hook', async (t) => {
    const { server, target: before } = first;
    const tree = treeOf(join(before, 'web'));
    // New files, a yank, and every kind of removal.
    changeEverything(server.index);
    const begin = (target: string): void => {
      copyMirror(before, target);
      addHook(target, server.url);
    };
    const wanted = join(before, '../wanted');
    begin(wanted);
    await killEverywhere(t, await update(t, server, wanted), {
      begin,
      found: (target) => ({ untold: untold(target, changed(tree, treeOf(join(target, 'web')))) }),
      goal: { untold: [] },
    });
  });
});

/** Makes the hook of a target, which leaves what it hears beside it. */
function addHook(target: string, url: string): void {
  const hook = `${target}.hook`;
  writeFileSync(heardBy(target), '');
  writeFileSync(hook, `#!/bin/sh\ncat >>'${heardBy(target)}'\n`);
  chmodSync(hook, 0o755);
  writeFileSync(join(target, 'mirror.toml'), `upstream = "${url}"\n[hooks]\nafter-run = ["${hook}"]\n`);
}

function heardBy(target: string): string {
  return `${target}.heard`;
}

/** Returns those of the paths that the hook of a target has not heard of. */
function untold(target: string, paths: readonly string[]): string[] {
  const lines = readFileSync(heardBy(target), 'utf8').trimEnd().split('\n');
  const told = new Set(lines.map((line) => (JSON.parse(line) as { path: string }).path));
  const folders = [...told].filter((path) => path.endsWith('/'));
  return paths.filter((path) => !told.has(path) && !folders.some((folder) => path.startsWith(folder)));
}

/**
 * Returns the paths of files that are not the same in both trees. What tells of runs is left out: the hook hears of it
 * from the runs that renew it, and not from the next one if such a run is killed at its very end.
 */
function changed(before: Record<string, string>, after: Record<string, string>): string[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const path of ['last-modified', 'mirror-status.json', 'index.html', 'status/index.html']) paths.delete(path);
  return [...paths].filter((path) => before[path] !== after[path] && (before[path] ?? after[path]) !== 'folder');
}
