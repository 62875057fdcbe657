import fc from 'fast-check';
import { parse } from 'smol-toml';
import t from 'tap';
import { type Given, type SettingName, type Settings, settingNames, settingsFrom } from '../../src/cli/settings.ts';
import { parseBandersnatchConf } from '../../src/formats/bandersnatch-conf.ts';
import { filters, mirrorOptions } from '../../src/formats/bandersnatch-options.ts';
import { type ImportedBandersnatch, importBandersnatch } from '../../src/formats/import-bandersnatch.ts';
import { renderTomlSetting } from '../../src/formats/render-toml.ts';

function imported(...lines: readonly string[]): ImportedBandersnatch {
  return importBandersnatch(parseBandersnatchConf(lines.join('\n'), 'bandersnatch.conf'));
}

/** What `mirror.toml` says, by its own reader. */
function values(...lines: readonly string[]): Record<string, unknown> {
  return parse(imported(...lines).toml);
}

/** What pep381run makes of it. Throws where it would. */
function settings(toml: string): Settings {
  const given = new Map<SettingName, Given>();
  for (const [key, value] of Object.entries(parse(toml))) {
    // What is held is read elsewhere, but as a list of names it is what --project takes.
    const name = [...settingNames, 'projects' as const].find((known) => known === key);
    if (name === undefined) throw new Error(`${key} is no setting`);
    given.set(name, { value, where: key });
  }
  return settingsFrom(given);
}

const defaults = `; comments, as in the example that bandersnatch writes
[mirror]
directory = /srv/pypi
json = false
release-files = true
cleanup = false
; master = https://test.pypi.org
master = https://pypi.org
timeout = 10
global-timeout = 1800
workers = 3
hash-index = false
simple-format = ALL
stop-on-error = false
storage-backend = filesystem
; log-config = /etc/bandersnatch-log.conf
verifiers = 3
; keep_index_versions = 0
compare-method = hash
`.split('\n');

t.test('the configuration that bandersnatch writes becomes a mirror of all of PyPI', async (t) => {
  const { toml, notes } = imported(...defaults);
  t.strictSame({ ...parse(toml) }, { 'index-only': false, upstream: 'https://pypi.org', workers: 3 });
  t.match(settings(toml), { upstream: 'https://pypi.org', indexOnly: false, workers: 3, projects: undefined });
  t.equal(
    toml,
    `# Made from a configuration of bandersnatch.

# line 5: [mirror] release_files = true
index-only = false

# line 8: [mirror] master
upstream = "https://pypi.org"

# line 11: [mirror] workers = 3
workers = 3
`,
  );
  t.match(notes[0], 'line 3: [mirror] directory: the target is given on the command line');
  t.match(notes[1], 'line 4: [mirror] json = false: the legacy JSON API is not mirrored');
  t.equal(notes.length, 12, 'one for each option without a place, and one for workers');
});

t.test('every option of bandersnatch has a setting or a note, and none is unknown', async (t) => {
  const options =
    'directory storage-backend storage-filesystem-manage-permissions master allow-non-https proxy download-mirror ' +
    'download-mirror-no-fallback json release-files core-metadata root_uri simple-format hash-index digest_name ' +
    'compare-method keep_index_versions diff-file diff-append-epoch cleanup workers verifiers stop-on-error timeout ' +
    'global-timeout log-config delete-packages';
  for (const option of options.split(' ')) {
    const { toml, notes } = imported('[mirror]', `${option} = 1`);
    const key = option.replaceAll('-', '_');
    t.match(`${toml}${notes.join('\n')}`, `line 2: [mirror] ${key}`, option);
    t.notMatch(notes.join('\n'), 'unknown');
    t.ok(mirrorOptions.has(key));
  }
});

t.test('every filter of bandersnatch has a setting or a note, and its settings are known', async (t) => {
  const known: [string, string[]][] = [
    ['allowlist_project', ['allowlist', 'packages']],
    ['allowlist_release', ['allowlist', 'packages']],
    ['blocklist_project', ['blocklist', 'packages']],
    ['blocklist_release', ['blocklist', 'packages']],
    ['project_requirements', ['allowlist', 'requirements', 'requirements_path']],
    ['project_requirements_pinned', ['allowlist', 'requirements', 'requirements_path']],
    ['regex_project', ['filter_regex', 'packages']],
    ['regex_release', ['filter_regex', 'releases']],
    ['prerelease_release', ['filter_prerelease', 'packages']],
    ['latest_release', ['latest_release', 'keep', 'sort_by']],
    ['exclude_platform', ['blocklist', 'platforms']],
    ['regex_project_metadata', ['regex_project_metadata', 'any:info.classifiers']],
    ['regex_release_file_metadata', ['regex_release_file_metadata', 'any:release_file.packagetype']],
    ['version_range_project_metadata', ['version_range_project_metadata', 'info.requires_python']],
    ['version_range_release_file_metadata', ['version_range_release_file_metadata', 'release_file.requires_python']],
    ['size_project_metadata', ['size_project_metadata', 'max_package_size']],
    ['versions_count_project_metadata', ['versions_count_project_metadata', 'min_versions', 'max_versions']],
  ];
  t.strictSame([...filters.keys()].sort(), known.map(([name]) => name).sort());
  for (const [name, [section = '', ...keys]] of known) {
    const lines = [`[${section}]`, ...keys.map((key) => `${key} = x`)];
    const enabled = imported('[plugins]', `enabled = ${name}`, ...lines);
    const told = `${enabled.toml}${enabled.notes.join('\n')}`;
    t.match(told, `line 4: [plugins] ${name}`, 'named with the line of its setting');
    t.equal(told.split('line ').length, 2, `${name} is told once`);
    t.notMatch(told, /unknown|no filter is enabled/);
    const disabled = imported('[plugins]', 'enabled = other', ...lines);
    t.strictSame(disabled.notes, [
      'line 2: [plugins] other: unknown: bandersnatch 8 has no such filter',
      ...keys.map((key, index) => `line ${index + 4}: [${section}] ${key}: no filter is enabled that reads it`),
    ]);
  }
});

t.test('what is unknown is told to be unknown', async (t) => {
  t.strictSame(
    imported(
      '[mirror]',
      'worker = 3',
      '[latest_releases]',
      'keep = 3',
      '[blocklist]',
      'package = x',
      '[plugins]',
      'on = x',
    ).notes,
    [
      'line 2: [mirror] worker: unknown: bandersnatch 8 has no such option',
      '[latest_releases]: unknown: bandersnatch 8 has no such section',
      'line 6: [blocklist] package: unknown: bandersnatch 8 has no such option',
      'line 8: [plugins] on: unknown: bandersnatch 8 has no such option',
    ],
  );
  for (const name of ['__proto__', 'constructor', 'toString']) {
    t.match(imported('[mirror]', `${name} = 1`).notes, [/unknown/], name);
    t.match(imported('[plugins]', 'enabled =', ` ${name}`).notes, [/unknown/]);
    t.match(imported(`[${name}]`, 'x = 1').notes, [/unknown/]);
    t.match(imported('[blocklist]', `${name} = 1`).notes, [/unknown/]);
  }
});

t.test('a list of projects becomes the projects, by their names', async (t) => {
  const lines = [
    '[plugins]',
    'enabled =',
    '    allowlist_project',
    '    allowlist_project',
    '[allowlist]',
    'packages =',
    '    # the web',
    '    Flask',
    '    zope.Interface   # with a comment',
    '    black>=18.5,<19',
    '    requests[security] ; python_version > "3"',
    '',
    '    flask',
  ];
  const { toml, notes } = imported(...lines);
  t.strictSame(settings(toml).projects, ['flask', 'zope-interface', 'black', 'requests']);
  t.match(toml, '# line 6: [plugins] allowlist_project\nprojects = [\n  "flask",\n');
  t.strictSame(notes, []);
  const released = imported(...lines.map((line, index) => (index === 3 ? '    allowlist_release' : line)));
  t.strictSame(released.notes, ['line 6: [plugins] allowlist_release: no equivalent: all releases are mirrored']);
});

t.test('a list of projects that names none lets everything pass, and says so', async (t) => {
  const empty = /line 4: \[plugins\] allowlist_project: an empty list lets everything pass: all projects are mirrored/;
  for (const value of ['', '\n  # nothing']) {
    const { toml, notes } = imported('[plugins]', 'enabled = allowlist_project', '[allowlist]', `packages =${value}`);
    t.match(notes, [empty]);
    t.strictSame({ ...parse(toml) }, {});
  }
  t.match(imported('[plugins]', 'enabled = allowlist_project').notes, [/line 2: .*an empty list lets everything pass/]);
  const broken = imported(
    '[plugins]',
    'enabled = allowlist_project',
    '[allowlist]',
    'packages =',
    '  -x',
    '  ?',
    '  a',
  );
  t.match(broken.notes, [/left out: 2 of the lines, which begin with no valid project name/]);
  t.strictSame(settings(broken.toml).projects, ['a']);
});

t.test('a list of projects is not used when its filter is not enabled', async (t) => {
  t.strictSame({ ...values('[allowlist]', 'packages = a') }, {});
  t.match(imported('[allowlist]', 'packages = a').notes, [/line 2: \[allowlist\] packages: no filter is enabled/]);
});

t.test('all filters means those that something is said about', async (t) => {
  const { toml, notes } = imported(
    '[plugins]',
    'enabled = all',
    '[blocklist]',
    'platforms = windows',
    '[allowlist]',
    'packages = a',
  );
  t.strictSame(settings(toml).projects, ['a']);
  t.strictSame(notes, [
    'line 6: [plugins] allowlist_release: no equivalent: all releases are mirrored',
    'line 2: [plugins] prerelease_release: no equivalent: prereleases are mirrored too',
    'line 4: [plugins] exclude_platform: no equivalent: files for all platforms are mirrored',
  ]);
});

t.test('switches and numbers are read as Python reads them', async (t) => {
  for (const on of ['1', 'yes', 'True', 'ON']) {
    t.strictSame({ ...values('[mirror]', `release-files = ${on}`) }, { 'index-only': false }, on);
    t.strictSame({ ...values('[mirror]', `allow-non-https = ${on}`) }, { 'allow-http': true }, on);
  }
  for (const off of ['0', 'no', 'False', 'off']) {
    t.strictSame({ ...values('[mirror]', `release-files = ${off}`) }, { 'index-only': true }, off);
    t.strictSame({ ...values('[mirror]', `allow-non-https = ${off}`) }, { 'allow-http': false }, off);
  }
  t.strictSame({ ...values('[mirror]', 'workers = 10') }, { workers: 10 });
  for (const wrong of [
    'release-files = maybe',
    'allow-non-https =',
    'workers = 0',
    'workers = 101',
    'workers = 1e1',
    'workers =',
  ]) {
    const { toml, notes } = imported('[mirror]', wrong);
    t.strictSame({ ...parse(toml) }, {}, wrong);
    t.match(notes, [/left out: expected/], wrong);
  }
});

t.test('an upstream is taken only where pep381run takes it', async (t) => {
  const taken: [string, string][] = [
    ['https://test.pypi.org', 'https://test.pypi.org'],
    ['https://mirror.example/pypi/', 'https://mirror.example/pypi'],
    ['HTTPS://Mirror.Example:443//', 'https://mirror.example'],
    ['https://mirror.example/a"b\\c', 'https://mirror.example/a%22b/c'],
  ];
  for (const [master, upstream] of taken) {
    t.equal(settings(imported('[mirror]', `master = ${master}`).toml).upstream, upstream, master);
  }
  for (const master of [
    '',
    'pypi.org',
    'ftp://pypi.org',
    'http://pypi.org',
    'https://a:b@pypi.org',
    'https://pypi.org?x=1',
    'https://pypi.org#x',
    'https://[',
    'file:///srv',
  ]) {
    const { toml, notes } = imported('[mirror]', `master = ${master}`);
    t.match(notes, [/line 2: \[mirror\] master.*: left out: /], master);
    t.equal(settings(toml).upstream, 'https://pypi.org');
  }
  const plain = imported('[mirror]', 'master = http://pypi.example', 'allow-non-https = true');
  t.match(settings(plain.toml), { upstream: 'http://pypi.example', allowHttp: true });
});

t.test('a name that is cut in the middle of a letter leaves no half of it', async (t) => {
  for (const length of [70, 71, 79, 80]) {
    const { toml, notes } = imported('[mirror]', `${'x'.repeat(length)}😀😀 = 1`, `[${'y'.repeat(length)}😀😀]`);
    t.notMatch(toml + notes.join(''), /\p{Cs}/u);
  }
});

t.test('what might be a secret is not told', async (t) => {
  const { toml, notes } = imported(
    '[mirror]',
    'proxy = http://me:s3cret-word@proxy.example:3128',
    'master = https://me:s3cret-word@pypi.example',
    'x = s3cret',
    '[s3]',
    'aws_secret_access_key = s3cret',
    'config_param_x = s3cret',
  );
  t.notMatch(toml + notes.join('\n'), 's3cret');
  t.strictSame(notes.at(-1), '[s3]: a mirror is a folder, nothing else');
});

t.test('no configuration makes a mirror.toml that pep381run refuses, or a note that is not one line', async (t) => {
  const key = fc.constantFrom(...mirrorOptions.keys(), '__proto__', 'x\u001b[2J', 'packages', 'enabled', 'ä"\\\'');
  const value = fc.oneof(
    fc.constantFrom(
      'all',
      'allowlist_project',
      'true',
      'false',
      '5',
      '-1',
      'https://x.example/"\\\u007f',
      'http://x',
      '\n  a\n  "b"',
    ),
    fc.string({ unit: 'grapheme' }),
  );
  const setting = fc.tuple(fc.constantFrom('mirror', 'plugins', 'allowlist', 'blocklist', 'a"]\u202e'), key, value);
  fc.assert(
    fc.property(fc.array(setting), (given) => {
      const conf = new Map<string, Map<string, { value: string; line: number }>>();
      for (const [index, [section, name, text]] of given.entries()) {
        const known = conf.get(section) ?? new Map();
        conf.set(section, known.set(name, { value: text, line: index + 1 }));
      }
      const { toml, notes } = importBandersnatch(conf);
      settings(toml);
      return notes.every((note) => note.length < 400 && !/\p{C}/u.test(note));
    }),
    { numRuns: 1000 },
  );
  t.pass('none did');
});

t.test('every text comes back from TOML as it was', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('"', "'", '\\', '\n', '\t', '\x7f', '\0', '$', '\u2028', '😀') }),
  );
  fc.assert(
    fc.property(text, fc.array(text), (one, several) => {
      const toml = renderTomlSetting('one', one) + renderTomlSetting('several', several) + renderTomlSetting('n', 5);
      const back = parse(toml);
      return back.one === one && JSON.stringify(back.several) === JSON.stringify(several) && back.n === 5;
    }),
  );
  t.strictSame(
    { ...parse(renderTomlSetting('half', 'a\ud800b')) },
    { half: 'a\ufffdb' },
    'what is no text is replaced',
  );
});
