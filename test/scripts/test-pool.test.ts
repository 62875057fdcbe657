/** The processes that `npm test` shares among its files: what fails is told, whichever way, and costs no other file. */
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pool = new URL('../../scripts/developer/test-pool.mjs', import.meta.url).href;

const files = {
  'right.test.ts': `
    import t from 'tap';
    t.test('right', async (t) => { t.ok(true); t.equal(1 + 1, 2); });
    t.test('left out', { skip: 'there is no foo' }, async (t) => { t.ok(true); });`,
  'wrong.test.ts': `
    import t from 'tap';
    t.test('wrong', async (t) => { t.testdir(); t.equal(1, 2, 'numbers'); });`,
  'deadly.test.ts': `
    import t from 'tap';
    t.test('deadly', async (t) => { t.ok(true); process.kill(process.pid, 'SIGKILL'); });`,
  'thrown.test.ts': `
    import t from 'tap';
    t.test('thrown', async (t) => {
      setTimeout(() => { throw new Error('nobody waits for this'); }, 1);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    });`,
  'endless.test.ts': `
    import t from 'tap';
    t.test('endless', async (t) => { await new Promise(() => {}); });`,
  'last.test.ts': `
    import t from 'tap';
    t.test('last', async (t) => { t.ok(true); });`,
  'late.test.ts': `
    import t from 'tap';
    t.test('late', async (t) => { t.ok(true); setTimeout(() => { throw new Error('too late'); }, 1); });`,
};

function runInPool(
  folder: string,
  names: readonly string[],
): { status: number | null; stdout: string; stderr: string } {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const script = `
    import { runInPool } from ${JSON.stringify(pool)};
    await runInPool(${JSON.stringify(names.map((name) => join(folder, name)))}, 20, 1).catch(({ message }) => {
      console.error(message);
      process.exitCode = 1;
    });`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
}

t.test('each file that fails is told, with its output, and the others run', async (t) => {
  const folder = t.testdir(files);
  const names = Object.keys(files).filter((name) => name !== 'late.test.ts');
  const { status, stdout, stderr } = runInPool(folder, names);
  t.equal(status, 1);
  const wrong = ['wrong', 'deadly', 'thrown', 'endless'].map((name) => join(folder, `${name}.test.ts`));
  t.equal(stderr, `Failed: ${wrong.join(' ')}\n`);
  t.match(stdout, /^ok \S+right\.test\.ts: 2 assertions, [\d.]+ s$/m);
  t.match(stdout, /^ok \S+last\.test\.ts: 1 assertions, /m);
  t.match(stdout, /^NOT OK \S+wrong\.test\.ts: 1 assertions, [\s\S]*not ok 1 - numbers[\s\S]*^ +-2\n +\+1\n/m);
  t.match(stdout, /^NOT OK \S+deadly\.test\.ts: [\s\S]*The process ended with SIGKILL\./m);
  t.match(stdout, /^NOT OK \S+thrown\.test\.ts: [\s\S]*not ok \d+ - nobody waits for this$/m);
  t.match(stdout, /^NOT OK \S+endless\.test\.ts: [\s\S]*not ok \d+ - timeout!$/m);
  t.match(stdout, /^skipped: \S+right\.test\.ts: left out: there is no foo$/m);
  t.match(stdout, /^6 files, \d+ assertions, 1 tests skipped, [\d.]+ s\n$/m);
});

t.test('an error after the end of a test is told, too', async (t) => {
  const { status, stderr } = runInPool(t.testdir({ 'late.test.ts': files['late.test.ts'] }), ['late.test.ts']);
  t.equal(status, 1);
  t.match(stderr, /too late/);
});
