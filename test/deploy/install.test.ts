/** install.sh: versions side by side, a switch that no run notices, and the way back. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { nodeFolder } from '../../src/cli/program/node-folder.ts';
import { openBundle } from '../e2e/bundle.ts';
import { run, start } from '../e2e/program.ts';
import { openHeldIndex } from './held-index.ts';

const built = await openBundle();
const parts = ['http.js', 'provenance.js', 'regex.js'];

interface Installed {
  readonly folder: string;
  readonly prefix: string;
  readonly lib: string;
  /** Runs the installer of the programs in that folder, or of those in use. */
  install(programs?: string, ...options: readonly string[]): { code: number | null; stdout: string; stderr: string };
  /** What pep381run in `bin` says of itself. */
  version(): Promise<string>;
}

function openPrefix(t: Test): Installed {
  const folder = t.testdir();
  const prefix = join(folder, 'a prefix');
  const lib = join(prefix, 'lib/pep381client');
  return {
    folder,
    prefix,
    lib,
    install(programs = lib, ...options) {
      const ended = spawnSync('sh', [join(programs, 'install.sh'), '--prefix', prefix, ...options], {
        encoding: 'utf8',
      });
      return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
    },
    version: async () => (await run(join(prefix, 'bin/pep381run'), ['--version'])).stdout.trim(),
  };
}

/** Makes another version of the programs, with parts that end whatever program loads them. */
function otherVersion({ folder }: Installed, version: string): string {
  const made = join(folder, `programs ${version}`);
  cpSync(built, made, { recursive: true, filter: (path) => !/(?:pep381run|http)\.js\.cache$/.test(path) });
  const change = (name: string, edit: (text: string) => string): void =>
    writeFileSync(join(made, name), edit(readFileSync(join(made, name), 'utf8')));
  for (const name of ['package.json', 'pep381run.js']) change(name, (text) => text.replace('"2.0.0"', `"${version}"`));
  for (const name of parts) change(name, () => 'throw new Error("a part of another version")\n');
  return made;
}

t.test('a run ends with the version it began with, although others are installed meanwhile', async (t) => {
  const installed = openPrefix(t);
  let told = 0;
  const index = await openHeldIndex(0, () => {
    told += 1;
  });
  t.teardown(() => index.close());
  const target = join(installed.prefix, 'target');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'mirror.toml'), index.settings);
  t.equal(installed.install(built).code, 0);
  const first = readlinkSync(join(installed.lib, 'current'));
  const running = start(join(installed.prefix, 'bin/pep381run'), ['-q', target]);
  await index.asked;
  for (const version of ['2.0.1', '2.0.2']) {
    t.match(installed.install(otherVersion(installed, version)), { code: 0, stderr: '' });
    t.equal(await installed.version(), version, 'whoever starts now gets the new one');
  }
  index.release();
  t.same(await running.ended, { code: 0, stdout: '', stderr: '' });
  t.equal(told, 1, 'a part was loaded after the switch');
  t.ok(existsSync(join(installed.lib, first)), 'a version that is in use stays, however old it is');
  t.equal(installed.install().code, 0);
  t.notOk(existsSync(join(installed.lib, first)), 'and goes when it is not');
});

t.test('a version beside others, one after the other', async (t) => {
  const installed = openPrefix(t);
  const versions = (): string[] => readdirSync(join(installed.lib, 'versions'));
  t.same(installed.install(built, '--back').stderr, `install.sh: error: ${installed.lib} has no previous version\n`);
  installed.install(built);

  await t.test('what does not run here changes nothing', async (t) => {
    const folder = otherVersion(installed, '2.0.1');
    writeFileSync(join(folder, nodeFolder, 'better_sqlite3.node'), 'of another machine');
    const { code, stderr } = installed.install(folder);
    t.equal(code, 1);
    t.match(
      stderr,
      /^processlogs: error: the SQLite addon cannot be loaded: .*\ninstall\.sh: error: nothing was changed.*\n$/,
    );
    t.equal(await installed.version(), '2.0.0');
    t.same(versions(), [basename(readlinkSync(join(installed.lib, 'current')))]);
    rmSync(folder, { recursive: true });
  });

  await t.test('the same version again repairs what is damaged, and is no new version', async (t) => {
    writeFileSync(join(installed.lib, 'current/pep381run.js'), 'damaged');
    t.match(installed.install(built), { code: 0, stderr: '' });
    t.equal(await installed.version(), '2.0.0');
    t.notOk(existsSync(join(installed.lib, 'previous')));
    t.equal(versions().length, 1);
  });

  await t.test('the previous version is kept, and can be used again', async (t) => {
    const { stdout } = installed.install(otherVersion(installed, '2.0.1'));
    t.match(
      stdout,
      /^pep381client 2\.0\.1-\w{12} is installed in .*\nThe previous version, 2\.0\.0-\w{12}, is kept\. .* --back\n$/,
    );
    t.match(
      installed.install(undefined, '--back').stdout,
      /^pep381client 2\.0\.0-\w{12} is in use again, in place of 2\.0\.1-/,
    );
    t.equal(await installed.version(), '2.0.0');
    installed.install(undefined, '--back');
    t.equal(await installed.version(), '2.0.1');
    t.equal(versions().length, 2);
  });
});

t.test(
  'programs that were copied there before are replaced by links, and nothing is installed into itself',
  async (t) => {
    const installed = openPrefix(t);
    cpSync(built, installed.lib, { recursive: true });
    t.match(installed.install().stderr, /^install\.sh: error: .* is the folder to install into: /);
    t.match(installed.install(otherVersion(installed, '2.0.1')), { code: 0, stderr: '' });
    t.equal((await run(join(installed.lib, 'pep381run'), ['--version'])).stdout, '2.0.1\n');
    t.ok(lstatSync(join(installed.lib, 'pep381sync.cgi')).isSymbolicLink());
  },
);

t.test('wrong options are refused, and --help is there', async (t) => {
  const installed = openPrefix(t);
  t.match(installed.install(built, '--forward'), {
    code: 2,
    stderr: /install\.sh: error: unknown option --forward\n$/,
  });
  t.match(installed.install(built, '--help'), { code: 0, stdout: /^Usage: install\.sh / });
  t.notOk(existsSync(installed.prefix));
});
