/** What a fresh clone, and one that is not so fresh, is told and given before anything else. */
import { readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openCheckout } from './checkout.ts';

const ci = 'npm ci --no-audit --no-fund --ignore-scripts --include=dev --loglevel=error';
const rebuild = 'npm rebuild --loglevel=error';
const noTools = 'missing here: python3, make, g++ (on Debian: apt-get install python3 make g++)';
const building = `Building SQLite for Node.js ${process.version}: a minute or two where it has to be compiled.
Should it have to be compiled: ${noTools}.
`;
const buildAddon = "echo 'module.exports = class { close() {} };' >node_modules/better-sqlite3/index.js";

t.test('where all is there, nothing is done and nothing said', async (t) => {
  const checkout = openCheckout(t);
  checkout.program('npm');
  checkout.install('built');
  t.same(await checkout.run('setup.mjs'), { code: 0, stdout: '', stderr: '' });
  t.same(checkout.called(), []);
});

t.test('a fresh clone gets its packages, then the addon, and says what takes long before it begins', async (t) => {
  const checkout = openCheckout(t);
  checkout.install('unfit');
  renameSync(join(checkout.folder, 'node_modules'), join(checkout.folder, 'packages'));
  checkout.program('npm', `case $1 in ci) /bin/mv packages node_modules;; rebuild) ${buildAddon};; esac`);
  const { code, stdout, stderr } = await checkout.run('setup.mjs', [], { npm_config_loglevel: 'silent' });
  t.same({ code, stderr }, { code: 0, stderr: '' });
  t.equal(stdout, `Installing the packages of package-lock.json.\n${building}`);
  t.same(checkout.called(), [ci, rebuild]);
});

t.test('an addon of another Node is built anew, and nothing else', async (t) => {
  const checkout = openCheckout(t);
  checkout.install('unfit');
  checkout.program('npm', buildAddon);
  t.same(await checkout.run('setup.mjs'), { code: 0, stdout: building, stderr: '' });
  t.same(checkout.called(), [rebuild]);
});

t.test('an addon compiled with headers by which Node.js ends at random is built anew, without them', async (t) => {
  const checkout = openCheckout(t);
  const addon = 'node_modules/better-sqlite3/build/Release/better_sqlite3.node';
  checkout.install('built');
  checkout.write(addon, 'what it needs: _ZN4node28RemoveEnvironmentCleanupHookEPN2v87Isolate');
  checkout.program('npm', `echo $CXXFLAGS >>'${checkout.folder}/called'; echo AddEnvironmentCleanupHook >${addon}`);
  const include = '-include ../../../scripts/developer/object-wrap.h';
  t.same(await checkout.run('setup.mjs'), { code: 0, stdout: building, stderr: '' });
  t.same(checkout.called(), [rebuild, include]);
  checkout.write(addon, 'RemoveEnvironmentCleanupHook');
  await checkout.run('setup.mjs', [], { CXXFLAGS: '-O1' });
  t.same(checkout.called(), [rebuild, `-O1 ${include}`]);
  checkout.program('npm', `echo "from source: $npm_config_build_from_source" >>'${checkout.folder}/called'`);
  checkout.write(addon, 'RemoveEnvironmentCleanupHook');
  const { code, stderr } = await checkout.run('setup.mjs');
  t.same(
    checkout.called(),
    [rebuild, 'from source: ', rebuild, 'from source: true'],
    'what was downloaded is compiled',
  );
  t.equal(code, 1);
  t.match(stderr, /^npm rebuild has built no SQLite .* \(it was compiled so that .* CXXFLAGS="-include .*\n$/);
});

t.test(
  'packages of another version are replaced, a newer time of package-lock.json alone changes nothing',
  async (t) => {
    const checkout = openCheckout(t);
    checkout.program('npm');
    checkout.install('built');
    const lock = readFileSync(join(checkout.folder, 'package-lock.json'), 'utf8');
    checkout.write('package-lock.json', lock);
    await checkout.run('setup.mjs');
    t.same(checkout.called(), []);
    for (const changed of [lock.replace('12.0.0', '12.0.1'), lock.replace('sha512-x', 'sha512-z')]) {
      checkout.write('package-lock.json', changed);
      await checkout.run('setup.mjs');
      t.same(checkout.called(), [ci]);
    }
  },
);

t.test('what fails shows its cause, and the last line says what is missing', async (t) => {
  const checkout = openCheckout(t);
  checkout.install('unfit');
  checkout.program('npm', 'echo the cause >&2; exit 1');
  const failed = 'SQLite could not be built (npm rebuild --loglevel=error: ended with 1): ';
  t.same(await checkout.run('setup.mjs'), { code: 1, stdout: building, stderr: `the cause\n${failed}${noTools}\n` });
  for (const tool of ['python3', 'g++']) checkout.program(tool);
  const one = 'missing here: make (on Debian: apt-get install make)';
  t.equal((await checkout.run('setup.mjs')).stderr, `the cause\n${failed}${one}\n`);
  const { stderr } = await checkout.run('setup.mjs', [], { MAKE: '/elsewhere/gmake' });
  t.match(stderr, /: the cause stands above\. .*npm_config_nodedir.*libnode-dev\)\n$/);
});

t.test('headers that came with this very Node spare the download, unless somebody named others', async (t) => {
  const { npm_config_nodedir: named } = process.env;
  const forget = (): void => {
    delete process.env.npm_config_nodedir;
  };
  t.teardown(() => (named === undefined ? forget() : Object.assign(process.env, { npm_config_nodedir: named })));
  forget();
  const url = new URL('../../scripts/developer/setup.mjs', import.meta.url).href;
  const { headersOf } = (await import(url)) as { headersOf(node: string): Readonly<Record<string, string>> };
  const version = (abi: string): string => `#else\n#define NODE_MODULE_VERSION ${abi}\n#endif\n`;
  const prefix = (abi: string) => ({ include: { node: { 'node_version.h': version(abi) } } });
  const folder = t.testdir({ none: {}, own: prefix(process.versions.modules), other: prefix('1') });
  t.same(headersOf(join(folder, 'none/bin/node')), {});
  t.same(headersOf(join(folder, 'other/bin/node')), {});
  t.same(headersOf(join(folder, 'own/bin/node')), { npm_config_nodedir: join(folder, 'own') });
  process.env.npm_config_nodedir = '/elsewhere';
  t.same(headersOf(join(folder, 'own/bin/node')), {});
});

t.test('an npm that runs no install scripts is found out', async (t) => {
  const checkout = openCheckout(t);
  checkout.install('unfit');
  checkout.program('npm');
  const text = 'Could not locate the bindings file. Tried:\\n one\\n another';
  checkout.write('node_modules/better-sqlite3/index.js', `throw new Error('${text}');`);
  const { code, stderr } = await checkout.run('setup.mjs');
  t.equal(code, 1);
  const says = 'npm rebuild has built no SQLite that can be loaded (Error: Could not locate the bindings file.), ';
  t.ok(stderr.startsWith(`${says}as where npm is told ignore-scripts: build it with CXXFLAGS=`), stderr);
  t.match(stderr, /^.*\n$/);
});

t.test('a build that fails is told in one line', async (t) => {
  const checkout = openCheckout(t);
  checkout.install('built');
  checkout.write('package.json', '{ "engines": { "node": ">=20.18.1" }, "version": "2.0.0" }');
  checkout.write('node_modules/esbuild/index.js', "exports.build = async () => { throw new Error('the cause'); };");
  t.same(await checkout.run('build.mjs'), { code: 1, stdout: '', stderr: 'the cause\n' });
});

t.test('a link to the packages of another checkout is not emptied', async (t) => {
  const checkout = openCheckout(t);
  checkout.program('npm');
  symlinkSync('elsewhere', join(checkout.folder, 'node_modules'));
  const { code, stderr } = await checkout.run('setup.mjs');
  t.equal(code, 1);
  t.match(stderr, /^node_modules is a symbolic link.*\n$/);
  t.same(checkout.called(), []);
});
