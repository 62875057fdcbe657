import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';

const inTypescript = new URL('../../../scripts/developer/typescript.mjs', import.meta.url).href;
const program = new URL('../../../src/cli/program/program.ts', import.meta.url).href;

t.test('a program with nothing but unsettled promises left says so, and its exit code is that of a bug', async (t) => {
  const run = (ends: string) => {
    const script = `import { start } from '${program}';
      start({ name: 'waits', help: '', usage: '', parse: () => ({ kind: 'run' }), run: () => ${ends} });`;
    const path = join(t.testdir({ 'script.mjs': script }), 'script.mjs');
    const { status, stderr } = spawnSync(process.execPath, ['--import', inTypescript, path], { encoding: 'utf8' });
    return { status, stderr };
  };
  const stderr = /^waits: ended before its work was done: [^\n]+\n$/;
  t.match(run('new Promise(() => {})'), { status: 70, stderr });
  t.same(run('Promise.resolve(3)'), { status: 3, stderr: '' });
});
