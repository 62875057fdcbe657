/** `npm test` before its tests: what it installs, and for whom. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Checkout, openCheckout } from './checkout.ts';

interface TestPrograms {
  provideTestPrograms(mayInstall: boolean, missing?: readonly string[]): Promise<void>;
  aptInstall(names: readonly string[], patience?: { readonly pauseMs: number; readonly tries: number }): Promise<void>;
}

const update = 'apt-get update -q';
const install = 'apt-get install -qy --no-install-recommends apache2 bzip2';
const locked = 'echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)" >&2; exit 100';
const patience = { pauseMs: 1, tries: 3 };

/** The functions, and an apt-get that does what `script` says. */
async function openApt(t: Test, script: string): Promise<{ checkout: Checkout; programs: TestPrograms }> {
  const checkout = openCheckout(t);
  checkout.program('apt-get', script);
  const { PATH } = process.env;
  t.teardown(() => Object.assign(process.env, { PATH }));
  process.env.PATH = `${checkout.programs}:${PATH}`;
  const url = new URL('../../scripts/test-programs.mjs', import.meta.url).href;
  return { checkout, programs: (await import(url)) as TestPrograms };
}

t.test('nobody gets packages without asking for them', async (t) => {
  const { checkout, programs } = await openApt(t, '');
  await programs.provideTestPrograms(false, ['apache2', 'bzip2']);
  t.same(checkout.called(), []);
});

t.test('who asks gets them, as root', async (t) => {
  const { checkout, programs } = await openApt(t, '');
  const provided = programs.provideTestPrograms(true, ['apache2', 'bzip2']);
  if (process.getuid?.() !== 0) {
    await t.rejects(provided, { message: /^Only root .*: apache2, bzip2$/ });
    return;
  }
  await provided;
  t.same(checkout.called(), [update, install]);
});

t.test('while another program holds a lock of apt-get it waits', async (t) => {
  const twice = '[ -e tries2 ] || { [ -e tries1 ] && : >tries2; : >tries1; exec /bin/sh "$0.locked"; }';
  const { checkout, programs } = await openApt(t, twice.replaceAll('tries', t.testdirName.concat('/tries')));
  checkout.write('programs/apt-get.locked', locked);
  await programs.aptInstall(['apache2', 'bzip2'], patience);
  t.same(checkout.called(), [update, update, update, install]);
});

t.test('a lock that is never released is a failure', async (t) => {
  const { checkout, programs } = await openApt(t, locked);
  await t.rejects(programs.aptInstall(['apache2', 'bzip2'], patience), { message: `${install}: ended with 100` });
  t.same(checkout.called(), [...Array(4).fill(update), ...Array(4).fill(install)]);
});

t.test('old lists may do, and what cannot be installed is a failure', async (t) => {
  const { checkout, programs } = await openApt(t, '[ "$1" = install ] || exit 100');
  await programs.aptInstall(['apache2', 'bzip2'], patience);
  t.same(checkout.called(), [update, install]);
  checkout.program('apt-get', 'exit 100');
  await t.rejects(programs.aptInstall(['apache2', 'bzip2'], patience), { message: `${install}: ended with 100` });
});

t.test('npm test', async (t) => {
  const checkout = openCheckout(t);
  checkout.install('built');
  const made = 'node_modules/@tapjs/test/test-built/dist/esm/index.js';
  checkout.write('.taprc', 'plugin:\n  - "!@tapjs/mock"\n');
  checkout.write(made, 'import * as Plugin_mock from "@tapjs/mock"');
  for (const folder of ['src', 'test']) checkout.write(`${folder}/empty`, '');
  checkout.write('scripts/build.mjs', '');
  for (const name of ['tap', 'tsc', 'biome', 'python3', 'bzip2', 'openssl']) checkout.program(name);
  const calls = (): string[] => checkout.called().filter((call) => !call.startsWith('python3'));

  await t.test('makes tap without plugins that are not used, also after npm start', async (t) => {
    t.equal((await checkout.run('test.mjs')).code, 0);
    t.same(calls(), ['tap build', 'tsc -p .', 'biome check .', 'tap']);
  });

  await t.test('does so once', async (t) => {
    checkout.write(made, 'import * as Plugin_spawn from "@tapjs/spawn"');
    t.equal((await checkout.run('test.mjs')).code, 0);
    t.same(calls(), ['tsc -p .', 'biome check .', 'tap']);
  });

  await t.test('runs the files that it is told, and only these', async (t) => {
    t.equal((await checkout.run('test.mjs', ['test/core/names.test.ts', '--jobs=1'])).code, 0);
    t.same(calls(), ['tap test/core/names.test.ts --jobs=1']);
  });

  await t.test('installs what it misses under CI=true or with --install only', async (t) => {
    rmSync(join(checkout.programs, 'bzip2'));
    checkout.program('apt-get');
    const plain = await checkout.run('test.mjs', ['x.test.ts']);
    t.match(plain, { code: 0, stderr: /^Not installed: .*bzip2.* -- --install gets them\.\n$/ });
    t.same(calls(), ['tap x.test.ts']);
    for (const [args, env] of [
      [['--install'], {}],
      [[], { CI: 'true' }],
    ] as const) {
      const { code, stderr } = await checkout.run('test.mjs', ['x.test.ts', ...args], env);
      if (process.getuid?.() === 0) {
        t.equal(code, 0);
        t.match(calls(), ['apt-get update -q', / install .* bzip2/, 'tap x.test.ts']);
      } else t.match({ code, stderr }, { code: 1, stderr: /Only root .*bzip2/ });
    }
  });

  await t.test('fails with its tests', async (t) => {
    checkout.program('tap', 'exit 1');
    const { code, stderr } = await checkout.run('test.mjs', ['x.test.ts']);
    t.equal(code, 1);
    t.match(stderr, /^tap x\.test\.ts: ended with 1$/m);
  });
});
