/** `npm test` before its tests: what it installs, and for whom. */
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Checkout, type Ended, openCheckout } from './checkout.ts';

const update = 'apt-get update -q';
const install = 'apt-get install -qy --no-install-recommends apache2 bzip2';
const refusal = 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)';
const refuse = `echo '${refusal}' >&2; exit 100`;

/** Calls a function of test-programs.mjs. */
function call(checkout: Checkout, expression: string): Promise<Ended> {
  const lines = ["import * as programs from './test-programs.mjs';", "import { orFail } from './run.mjs';"];
  checkout.write('scripts/developer/call.mjs', [...lines, `await orFail(programs.${expression});`].join('\n'));
  return checkout.run('call.mjs');
}

const aptInstall = (checkout: Checkout): Promise<Ended> =>
  call(checkout, "aptInstall(['apache2', 'bzip2'], { pauseMs: 1, tries: 3 })");

t.test('nobody gets packages without asking for them', async (t) => {
  const checkout = openCheckout(t);
  checkout.program('apt-get');
  const { code, stderr } = await call(checkout, "provideTestPrograms(false, ['apache2', 'bzip2'])");
  t.equal(code, 0);
  t.match(stderr, /^Not installed: apache2, bzip2\. .* npm test -- --install gets them\.\n$/);
  t.same(checkout.called(), []);
});

t.test('who asks gets them, as root', async (t) => {
  const checkout = openCheckout(t);
  checkout.program('apt-get');
  const ended = await call(checkout, "provideTestPrograms(true, ['apache2', 'bzip2'])");
  if (process.getuid?.() === 0) {
    t.same(ended, { code: 0, stdout: '', stderr: '' });
    t.same(checkout.called(), [update, install]);
  } else t.match(ended, { code: 1, stderr: /^Only root .*: apache2, bzip2\n$/ });
});

const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root installs packages: run the tests as root, too' };
t.test('no package may start its services meanwhile', asRoot, async (t) => {
  const checkout = openCheckout(t);
  const policy = '/usr/sbin/policy-rc.d';
  const before = existsSync(policy) && readFileSync(policy, 'utf8');
  checkout.program('apt-get', `${policy}; [ $? = 101 ]`);
  t.match(await call(checkout, "provideTestPrograms(true, ['ceph-mon'])"), { code: 0, stderr: '' });
  t.same(checkout.called(), [update, 'apt-get install -qy --no-install-recommends ceph-mon']);
  t.equal(existsSync(policy) && readFileSync(policy, 'utf8'), before, 'afterwards they may again');
});

t.test('while another program holds a lock of apt-get it waits', async (t) => {
  const checkout = openCheckout(t);
  checkout.program('apt-get', `[ -e second ] && exit; [ -e first ] && : >second; : >first; ${refuse}`);
  t.same(await aptInstall(checkout), { code: 0, stdout: '', stderr: `${refusal}\n`.repeat(2) });
  t.same(checkout.called(), [update, update, update, install]);
});

t.test('a lock that is never released is a failure', async (t) => {
  const checkout = openCheckout(t);
  checkout.program('apt-get', refuse);
  const { code, stderr } = await aptInstall(checkout);
  t.equal(code, 1);
  t.equal(stderr.split('\n').at(-2), `${install}: ended with 100`);
  t.same(checkout.called(), [...Array(4).fill(update), ...Array(4).fill(install)]);
});

t.test('old lists may do, and what cannot be installed is a failure', async (t) => {
  const checkout = openCheckout(t);
  checkout.program('apt-get', '[ "$1" = install ] || exit 100');
  t.equal((await aptInstall(checkout)).code, 0);
  t.same(checkout.called(), [update, install]);
  checkout.program('apt-get', 'exit 100');
  t.match(await aptInstall(checkout), { code: 1, stderr: `${install}: ended with 100\n` });
});

t.test('npm test', async (t) => {
  const checkout = openCheckout(t);
  checkout.install('built');
  const made = 'node_modules/@tapjs/test/test-built/dist/esm/index.js';
  checkout.write('.taprc', 'plugin:\n  - "!@tapjs/mock"\n');
  checkout.write(made, 'import * as Plugin_mock from "@tapjs/mock"');
  for (const folder of ['src', 'test']) checkout.write(`${folder}/empty`, '');
  checkout.write('scripts/developer/build.mjs', '');
  for (const name of ['tap', 'tsc', 'biome', 'python3', 'bzip2', 'openssl', 'promtool']) checkout.program(name);
  const calls = (): string[] => checkout.called().filter((call) => !call.startsWith('python3'));

  await t.test('makes tap without plugins that are not used, also after npm start', async (t) => {
    t.equal((await checkout.run('test.mjs')).code, 0);
    t.same(calls(), ['tap build', 'tsc -p .', 'biome check .']);
  });

  await t.test('does so once', async (t) => {
    checkout.write(made, 'import * as Plugin_spawn from "@tapjs/spawn"');
    t.equal((await checkout.run('test.mjs')).code, 0);
    t.same(calls(), ['tsc -p .', 'biome check .']);
  });

  await t.test('runs the files that it is told, and only these', async (t) => {
    t.equal((await checkout.run('test.mjs', ['test/core/names.test.ts', '--jobs=1'])).code, 0);
    t.same(calls(), ['tap test/core/names.test.ts --jobs=1']);
  });

  await t.test('runs one file without the runner of tap', async (t) => {
    const node = join(checkout.programs, 'node');
    rmSync(node);
    checkout.program('node');
    t.equal((await checkout.run('test.mjs', ['x.test.ts'])).code, 0);
    rmSync(node);
    symlinkSync(process.execPath, node);
    const loading = '--enable-source-maps --import=./scripts/developer/typescript.mjs';
    t.same(calls(), ['node scripts/developer/build.mjs', `node ${loading} x.test.ts`]);
  });

  const two = ['x.test.ts', 'y.test.ts'];
  await t.test('installs what it misses under CI=true or with --install only', async (t) => {
    rmSync(join(checkout.programs, 'bzip2'));
    checkout.program('apt-get');
    const plain = await checkout.run('test.mjs', two);
    t.match(plain, { code: 0, stderr: /^Not installed: .*bzip2.* -- --install gets them\.\n$/ });
    t.same(calls(), ['tap x.test.ts y.test.ts']);
    for (const [args, env] of [
      [['--install'], {}],
      [[], { CI: 'true' }],
    ] as const) {
      const { code, stderr } = await checkout.run('test.mjs', [...two, ...args], env);
      if (process.getuid?.() === 0) {
        t.equal(code, 0);
        t.match(calls(), ['apt-get update -q', / install .* bzip2/, 'tap x.test.ts y.test.ts']);
      } else t.match({ code, stderr }, { code: 1, stderr: /Only root .*bzip2/ });
    }
  });

  await t.test('fails with its tests', async (t) => {
    checkout.program('tap', 'exit 1');
    const { code, stderr } = await checkout.run('test.mjs', two);
    t.equal(code, 1);
    t.match(stderr, /^tap x\.test\.ts y\.test\.ts: ended with 1$/m);
  });
});
