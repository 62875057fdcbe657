import fc from 'fast-check';
import t from 'tap';
import { UsageError } from '../../../src/core/errors.ts';
import { parseListedRequirements } from '../../../src/formats/requirements/listed-requirements.ts';
import { brief, listed, refuses } from './listed.ts';

const package1 = '\n[[package]]\nname = "a"\nversion = "1"\n';

t.test('the name of a file tells its format', async (t) => {
  const rows: [path: string, text: string, expected: string][] = [
    ['requirements.txt', 'a==1', 'requirements.txt:1 a==1'],
    ['any/thing', 'a==1', 'any/thing:1 a==1'],
    ['my-uv.lock', 'a==1', 'my-uv.lock:1 a==1'],
    ['uv.lock/a', 'a==1', 'uv.lock/a:1 a==1'],
    ['pylock.a.b.toml', 'a==1', 'pylock.a.b.toml:1 a==1'],
    ['x/uv.lock', `version = 1${package1}source.registry = "x"`, 'x/uv.lock:2 a==1'],
    ['x/script.py.lock', `version = 1${package1}source.registry = "x"`, 'x/script.py.lock:2 a==1'],
    ['requirements.lock', 'a==1', 'requirements.lock:1 a==1'],
    ['x/poetry.lock', `[metadata]${package1}`, 'x/poetry.lock:2 a==1'],
    ['x/pylock.toml', 'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"', 'x/pylock.toml:2 a==1'],
    ['pylock.x.toml', 'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"', 'pylock.x.toml:2 a==1'],
    ['Pipfile.lock', '{"_meta":{"pipfile-spec":6},"default":{"a":{"version":"==1"}}}', 'Pipfile.lock:1 a==1'],
  ];
  for (const [path, text, expected] of rows) {
    t.same(listed({ [path]: text }).requirements.map(brief), [expected]);
    t.same(listed({ [path]: `\ufeff${text}` }).requirements.map(brief), [expected], 'with a byte order mark');
  }
});

t.test('what is not read is refused by its name, with what to do', async (t) => {
  const rows: [path: string, text: string, advice: string][] = [
    ['pdm.lock', '[metadata]\n', 'give the file that `pdm export -f pylock -o pylock.toml` writes'],
    ['x/pdm.prod.lock', '[metadata]\n', 'give the file that `pdm export -f pylock -o pylock.toml` writes'],
    ['pixi.lock', 'version: 6\n', 'its packages come from conda, .*: name those of pip in a requirements file'],
    ['conda-lock.yml', 'version: 1\n', 'its packages come from conda, .*: name those of pip in a requirements file'],
    ['gpu.conda-lock.yml', '', 'its packages come from conda, .*: name those of pip in a requirements file'],
    ['environment.yaml', '', 'its packages come from conda, .*: name those of pip in a requirements file'],
    ['package-lock.json', '{}', 'its packages are not those of Python; give a requirements file'],
    ['Cargo.lock', '', 'its packages are not those of Python; give a requirements file'],
    ['Pipfile', '[packages]\n', 'give the Pipfile.lock that `pipenv lock` writes'],
    ['x/pyproject.toml', '[project]\n', 'give the lock file of it, or what `uv export -o requirements.txt` or pip-com'],
    ['setup.py', 'import x\n', 'give what pip-compile writes of it'],
  ];
  for (const [path, text, advice] of rows) {
    refuses(t, { [path]: text }, new RegExp(`^${path}: a file of this kind is not read: ${advice}`));
  }
  const included = (path: string): Record<string, string> => ({ 'r.txt': `a\n-r ${path}\n`, [path]: '' });
  refuses(t, included('x/pdm.lock'), /^r\.txt:2: x\/pdm\.lock: a file of this kind is not read: give the file that /);
  for (const path of ['uv.lock', 'x/pylock.toml', 'Pipfile.lock']) {
    const told = 'a file of this kind is not read: a lock file is not included, name it in requirements of mirror.toml';
    refuses(t, included(path), `r.txt:2: ${path}: ${told}`);
  }
});

t.test('integers may come as numbers or as bigints', async (t) => {
  const text = 'version = 1\n';
  for (const version of [1, 1n]) {
    const parsed = parseListedRequirements('uv.lock', { read: () => text, parseToml: () => ({ version }) });
    t.match(parsed, { requirements: [], constraints: [], notes: [], empty: ['uv.lock'] });
  }
});

t.test('any value in a lock file is either read or refused as wrong usage', async () => {
  const member = fc.constantFrom(...'name version source registry url git wheels sdist hash hashes sha256'.split(' '));
  const more = fc.constantFrom(...'files markers marker groups archive vcs resolution-markers type extras'.split(' '));
  const leaf = fc.oneof(fc.constantFrom('a', '1.0', 'sha256:', 'legacy', "os_name == 'nt'"), fc.jsonValue());
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(member, more), tie('value'), { maxKeys: 6 }),
    ),
  }));
  const packages = fc.array(fc.dictionary(fc.oneof(member, more), value), { maxLength: 3 });
  fc.assert(
    fc.property(packages, value, (found, metadata) => {
      const content = {
        ...{ version: 1, 'lock-version': '1.0', package: found, packages: found },
        ...{ metadata: { files: metadata }, _meta: { 'pipfile-spec': 6 } },
      };
      for (const path of ['uv.lock', 'poetry.lock', 'pylock.toml', 'Pipfile.lock']) {
        const pipfile = { _meta: content._meta, default: Object.fromEntries(found.map((one, i) => [`a${i}`, one])) };
        try {
          parseListedRequirements(path, { read: () => JSON.stringify(pipfile), parseToml: () => content });
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
        }
      }
    }),
  );
});
