import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readConfigFile } from '../../../src/cli/config/config-file.ts';
import { StorageError, UsageError } from '../../../src/core/errors.ts';

function write(t: Test, text: string): string {
  return join(t.testdir({ 'mirror.toml': text }), 'mirror.toml');
}

/** What is wrong with a file of this text, without the path in front. */
function problem(t: Test, text: string): string {
  const path = write(t, text);
  try {
    return `accepted: ${JSON.stringify([...readConfigFile(path).given])}`;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.message.replace(`${path}:`, '');
  }
}

t.test('without a file no setting is given', async (t) => {
  t.equal(readConfigFile(join(t.testdir(), 'mirror.toml')).given.size, 0);
});

t.test('an empty file, or one of comments, gives nothing', async (t) => {
  t.equal(readConfigFile(write(t, '')).given.size, 0);
  t.equal(readConfigFile(write(t, '# workers = 5\n\n')).given.size, 0);
});

t.test('each setting is given with its value and the line it stands on', async (t) => {
  const path = write(
    t,
    `# upstream = "https://other.example"
upstream = "https://pypi.example"

workers=5
"index-only" = true
projects = [
  "workers",
  "sweep"]
  sweep   =   7
contact = """
log-format = x"""
log-format = "json"
`,
  );
  const { given, toml, text } = readConfigFile(path);
  const found = [...given].map(([name, { value, where }]) => [name, value, where.replace(path, '')]);
  t.same(found, [
    ['upstream', 'https://pypi.example', ':2: upstream'],
    ['workers', 5, ':4: workers'],
    ['index-only', true, ':5: index-only'],
    ['sweep', 7, ':9: sweep'],
    ['contact', 'log-format = x', ':10: contact'],
    ['log-format', 'json', ':12: log-format'],
  ]);
  t.same(toml.projects, ['workers', 'sweep'], 'what is held is no setting, but there to be read');
  t.match(text, 'upstream = "https://pypi.example"');
});

t.test('the keys of the policy may stand between the settings, and are none of them', async (t) => {
  const path = write(
    t,
    'workers = 5\nunmirrored = "hide"\ndependencies = true\n[releases]\nkeep = 3\n[[rule]]\nhold = "none"\nprojects = "a"\n' +
      '[files]\n[budget]\n[[environment]]\n',
  );
  t.same([...readConfigFile(path).given.keys()], ['workers']);
  t.equal(problem(t, 'unmirored = "hide"'), '1: unknown key unmirored; did you mean unmirrored?');
  t.equal(problem(t, '[release]\nkeep = 3'), '1: unknown section [release]; did you mean releases?');
});

t.test('an unknown key is named with its line and the key that was probably meant', async (t) => {
  t.equal(problem(t, 'workers = 5\n\nupstraem = "x"\n'), '3: unknown key upstraem; did you mean upstream?');
  t.equal(problem(t, '\n"Workers" = 5'), '2: unknown key Workers; did you mean workers?');
  t.equal(problem(t, 'indexonly = true'), '1: unknown key indexonly; did you mean index-only?');
  t.match(
    problem(t, 'frobnicate = 1'),
    /^1: unknown key frobnicate; known are upstream, upstream-aliases, allow-http, .*, notify-secret-file, .*, budget$/,
  );
});

t.test('an unknown section is named with its line and the key that was probably meant', async (t) => {
  t.equal(problem(t, 'workers = 5\n\n[upstreams]\nx = 1'), '3: unknown section [upstreams]; did you mean upstream?');
  t.match(problem(t, '\n  [ mirror ]  # the mirror\nworkers = 5'), /^2: unknown section \[mirror\]; known are/);
  t.match(problem(t, '[a.b]\nc = 1'), /^1: unknown section \[a\]/);
  t.match(problem(t, '# x\nmirror.workers = 5'), /^2: unknown section \[mirror\]/);
});

t.test('invalid TOML is refused with line and column', async (t) => {
  t.match(problem(t, 'workers = 5\nupstream = https://pypi.example\n'), /^2:\d+: not valid TOML: \S/);
  t.match(problem(t, 'workers = 5\nworkers = 6\n'), /^2:\d+: not valid TOML: \S/);
  t.match(problem(t, 'projects = ["a"\n\nworkers = 5'), /^\d+:\d+: not valid TOML: \S/);
  t.match(problem(t, 'workers: 5'), /^1:\d+: not valid TOML: \S/);
  t.match(problem(t, 'sweep = 99999999999999999999'), /^1:\d+: not valid TOML: \S/);
});

t.test('a file that cannot be read is a failure of the disk, not of the settings', async (t) => {
  const path = join(t.testdir(), 'mirror.toml');
  mkdirSync(path);
  t.throws(() => readConfigFile(path), StorageError);
  t.throws(() => readConfigFile(path), { message: `${path}: cannot be read` });
});

t.test('a path that is no file, or far too large, is an error in one line, at once', async (t) => {
  const folder = t.testdir({ folder: {} });
  const [pipe, large] = [join(folder, 'pipe'), join(folder, 'large')];
  execFileSync('mkfifo', [pipe]);
  writeFileSync(large, '');
  truncateSync(large, 2 ** 33);
  for (const [path, reason] of [
    [join(folder, 'folder'), /cannot be read: not a regular file$/],
    [pipe, /cannot be read: not a regular file$/],
    ['/dev/zero', /cannot be read: not a regular file$/],
    [large, /cannot be read: larger than 67108864 bytes$/],
  ] as const) {
    t.throws(() => readConfigFile(path), StorageError);
    t.throws(() => readConfigFile(path), reason);
  }
});

t.test('a broken link is not taken for a missing configuration', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'mirror.toml');
  t.same(readConfigFile(path).toml, {}, 'where nothing is, there is none');
  symlinkSync('/nowhere/mirror.toml', path);
  t.throws(() => readConfigFile(path), UsageError);
  t.throws(() => readConfigFile(path), { message: `${path}: is a link to /nowhere/mirror.toml, which is not there` });
});
