import fc from 'fast-check';
import { parse } from 'smol-toml';
import t from 'tap';
import {
  type SettingName,
  type Settings,
  type SettingValue,
  settingNames,
  settingsFrom,
} from '../../../src/cli/config/settings.ts';
import { parseBandersnatchConf } from '../../../src/formats/migration/bandersnatch-conf.ts';
import { filters } from '../../../src/formats/migration/bandersnatch-filters.ts';
import { mirrorOptions } from '../../../src/formats/migration/bandersnatch-options.ts';
import { type ImportedBandersnatch, importBandersnatch } from '../../../src/formats/migration/import-bandersnatch.ts';
import { renderTomlSetting } from '../../../src/formats/migration/render-toml.ts';
import { policyKeys } from '../../../src/policy/parse-policy.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { decideProject } from '../../../src/policy/project-decision.ts';
import { isPattern } from '../../../src/policy/project-patterns.ts';
import { anyText } from '../../fixtures/any-text.ts';
import { compileRegex, heldFiles, named, pageOf, policyOf } from '../../policy/policy-of.ts';

function imported(...lines: readonly string[]): ImportedBandersnatch {
  return importBandersnatch(parseBandersnatchConf(lines.join('\n'), 'bandersnatch.conf'), takesPattern);
}

function takesPattern(text: string): boolean {
  return isPattern(text, compileRegex);
}

/** What is held after an import that loses nothing. */
function policy({ toml, lost }: ImportedBandersnatch, files: Readonly<Record<string, string>> = {}): Policy {
  if (lost.length > 0) throw new Error(`lost: ${lost.join()}`);
  const found = policyOf(toml, files);
  if (found.warnings.length > 0) throw new Error(`warned: ${found.warnings.join()}`);
  return found;
}

/** Which of the projects are held. */
function heldNames(of: Policy, ...names: readonly string[]): string[] {
  return names.filter((name) => decideProject(of, named(name)).hold === 'files');
}

/** Which of these versions of `a` are held. */
function heldVersions(of: Policy, ...versions: readonly string[]): string[] {
  const held = heldFiles(
    of,
    pageOf(
      'a',
      versions.map((version) => `a-${version}.tar.gz`),
    ),
  );
  return versions.filter((version) => held.includes(`a-${version}.tar.gz`));
}

/** What `mirror.toml` says, by its own reader. */
function values(...lines: readonly string[]): Record<string, unknown> {
  return parse(imported(...lines).toml);
}

/** What pep381run makes of it. Throws where it would. */
function settings(toml: string): Settings {
  const given = new Map<SettingName, SettingValue>();
  for (const [key, value] of Object.entries(parse(toml))) {
    if (key !== 'projects' && policyKeys.some((known) => known === key)) continue;
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
    t.equal(enabled.toml.split('line ').length, enabled.toml.includes('[plugins]') ? 2 : 1, `${name} is written once`);
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
  t.strictSame(parse(released.toml).projects, ['flask', 'zope-interface', 'black>=18.5,<19', 'requests']);
  t.match(released.notes, [/line 6: .* allowlist_release: of projects without versions, .* none by PEP 440 are held/]);
  t.strictSame(released.lost, []);
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
  t.match(notes, [
    /^line 6: \[plugins\] allowlist_release: /,
    /^line 2: \[plugins\] prerelease_release: /,
    /^line 4: \[plugins\] exclude_platform: /,
  ]);
  t.equal(notes.length, 3);
  t.match(policy(imported('[plugins]', 'enabled = all', '[blocklist]', 'platforms = windows')), {
    releases: { noPrereleases: {} },
    files: { wheelFilter: {} },
  });
});

t.test('blocked projects and patterns become one rule, before the list of what is held', async (t) => {
  const blocked = imported(
    '[plugins]',
    'enabled =',
    '  blocklist_project',
    '  regex_project',
    '[blocklist]',
    'packages =',
    '  Evil.One',
    '  a==1.0',
    '[filter_regex]',
    'packages =',
    '  .+-evil$',
    '  ^bad|worse',
    '  spam',
  );
  t.equal(
    blocked.toml,
    `# Made from a configuration of bandersnatch.

[[rule]]
# line 6: [plugins] blocklist_project
# line 10: [plugins] regex_project
projects = [
  "evil-one",
  "/^(?:.+-evil$)/",
  "/^(?:^bad|worse)/",
  "/^spam/",
]
hold = "none"
`,
  );
  const names = ['evil-one', 'a', 'not-evil', 'not-evil-x', 'bad-x', 'worse', 'not-worse', 'spams', 'x-spam'];
  t.strictSame(heldNames(policy(blocked), ...names), ['a', 'not-evil-x', 'not-worse', 'x-spam']);
  t.match(blocked.notes, [/regex_project: names are compared in their normalized form, without regard to case/]);
  const both = imported(
    ...['[plugins]', 'enabled =', '  allowlist_project', '  blocklist_project'],
    ...['[allowlist]', 'packages =', '  a', '  b', '[blocklist]', 'packages = b'],
    ...['[mirror]', 'workers = 3'],
  );
  t.strictSame(heldNames(policy(both), 'a', 'b', 'c'), ['a'], 'tables follow the settings');
  t.equal(settings(both.toml).workers, 3);
});

t.test('a pattern that would mean something else is lost', async (t) => {
  for (const pattern of ['(', '(?=a)', '(a)\\1', 'a{,3}', '[[:alpha:]]', 'a)(b', 'a_b', 'a\\.b', '[._]x', 'ä', 'a++']) {
    const { toml, lost } = imported(
      '[plugins]',
      'enabled = regex_project',
      '[filter_regex]',
      'packages =',
      ` ${pattern}`,
    );
    t.match(lost, [/line 4: .*no equivalent for 1 of the patterns: they are not in the syntax of RE2/], pattern);
    t.strictSame({ ...parse(toml) }, {}, pattern);
  }
  const { toml, lost } = imported('[plugins]', 'enabled = regex_project', '[filter_regex]', 'packages =', ' ok', ' (');
  t.equal(lost.length, 1);
  t.match(toml, 'projects = [\n  "/^ok/",\n]\nhold = "none"', 'the others are written');
});

t.test('blocked releases are excepted where that says the same', async (t) => {
  const lines = ['[plugins]', 'enabled =', '  blocklist_release', '[blocklist]', 'packages ='];
  const blocked = imported(...lines, '  A == 1.0', '  a==2.*', '  b');
  t.strictSame(heldVersions(policy(blocked), '0.9', '1.0', '1.1', '2.0', '2.5', '3.0rc1'), ['0.9', '1.1', '3.0rc1']);
  t.strictSame(heldNames(policy(blocked), 'a', 'b', 'c'), ['a', 'c'], 'all others are still held');
  t.match(blocked.notes, [/line 5: .*releases whose version is none by PEP 440 are left out too/]);
  for (const line of ['a>=1.0', 'a==1.0,!=2.0', 'a===1.0', 'a!=1', 'a[x]==1.0', '-']) {
    t.match(imported(...lines, `  ${line}`).lost, [/no equivalent for 1 of the lines/], line);
  }
  const allowed = imported(
    ...['[plugins]', 'enabled =', '  blocklist_release', '  allowlist_project', '  allowlist_release'],
    ...['[blocklist]', 'packages = a==1.0', '[allowlist]', 'packages =', '  a<3', '  b'],
  );
  t.strictSame({ ...parse(allowed.toml) }, { projects: ['a<3,!=1.0', 'b'] });
  t.strictSame(heldVersions(policy(allowed), '0.9', '1.0', '2.0', '3.0'), ['0.9', '2.0']);
  t.strictSame(heldNames(policy(allowed), 'a', 'b', 'c'), ['a', 'b']);
  const required = imported(
    ...['[plugins]', 'enabled =', '  blocklist_release', '  project_requirements_pinned'],
    ...['[blocklist]', 'packages = a==1.0', '[allowlist]', 'requirements = /r.txt'],
  );
  t.match(required.lost, [/no equivalent beside requirements files/]);
  t.strictSame({ ...parse(required.toml) }, { requirements: ['/r.txt'] });
});

t.test('versions of allowed releases are kept, without what bandersnatch does not look at', async (t) => {
  const allowed = imported(
    ...['[plugins]', 'enabled =', '  allowlist_release', '  latest_release'],
    ...[
      '[allowlist]',
      'packages =',
      '  a[x]==1.0 ; python_version > "3"',
      '  a >=3, <4',
      '[latest_release]',
      'keep = 1',
    ],
  );
  t.strictSame(parse(allowed.toml).projects, ['a==1.0', 'a>=3,<4']);
  t.strictSame(heldVersions(policy(allowed), '1.0', '2.0', '3.0', '3.1', '4.0'), ['1.0', '3.1']);
  t.match(allowed.notes, [/what is pinned \(==\) is held whatever \[releases\] says/]);
  const none = imported('[plugins]', 'enabled = allowlist_release', '[allowlist]', 'packages =', '  a>2,<1', '  ?');
  t.match(none.lost, [/left out: 2 of the lines, which allow no release/, /no line allows a release/]);
});

t.test('prereleases and old releases are left out', async (t) => {
  const both = imported(
    ...['[plugins]', 'enabled =', '  prerelease_release', '  latest_release', '[latest_release]', 'keep = 2'],
    'sort_by = version',
  );
  t.equal(both.toml.split('[releases]').length, 2, 'one table');
  t.strictSame(heldVersions(policy(both), '1.0', '2.0', '3.0', '4.0rc1'), ['2.0', '3.0']);
  t.match(both.notes, [/PEP 440 says which versions are prereleases/, /releases with a file left are counted/]);
  const some = imported('[plugins]', 'enabled = prerelease_release', '[filter_prerelease]', 'packages = a');
  t.match(some.lost, [/no equivalent for some projects alone/]);
  t.strictSame({ ...parse(some.toml) }, {});
  for (const keep of ['keep = 0', 'keep =', 'sort_by = version']) {
    const { toml, notes, lost } = imported('[plugins]', 'enabled = latest_release', '[latest_release]', keep);
    t.match(notes, [/without a number to keep it did nothing/], keep);
    t.strictSame([{ ...parse(toml) }, lost], [{}, []]);
  }
  const byTime = imported('[plugins]', 'enabled = latest_release', '[latest_release]', 'keep = 3', 'sort_by = time');
  t.match(byTime.lost, [/by version are kept, not by time/]);
  t.match(parse(byTime.toml).releases, { keep: 3 });
  t.match(imported('[plugins]', 'enabled = latest_release', '[latest_release]', 'keep = -1').lost, [
    /left out: expected/,
  ]);
});

t.test('platforms that are left out become the systems and kinds of file that are held', async (t) => {
  const conf = (...platforms: string[]) =>
    imported(
      '[plugins]',
      'enabled = exclude_platform',
      '[blocklist]',
      'platforms =',
      ...platforms.map((p) => `  ${p}`),
    );
  const files = [
    ...['a-1.tar.gz', 'a-1-py3-none-any.whl', 'a-1.win32.exe', 'a-1.win32.msi', 'a-1-1.noarch.rpm', 'a-1.deb'],
    ...[
      'win_amd64',
      'win_arm64',
      'macosx_11_0_arm64',
      'manylinux_2_17_x86_64',
      'musllinux_1_2_x86_64',
      'freebsd_13_amd64',
    ].map((platform) => `a-1-cp312-cp312-${platform}.whl`),
    'a-1-cp312-cp312-haiku_r1_x86_64.whl',
  ];
  const missing = (...platforms: string[]) => {
    const held = heldFiles(policy(conf(...platforms)), pageOf('a', files));
    return files.filter((file) => !held.includes(file)).map((file) => file.replace('a-1-cp312-cp312-', ''));
  };
  t.strictSame(missing('Windows'), ['a-1.win32.exe', 'a-1.win32.msi', 'win_amd64.whl', 'win_arm64.whl']);
  t.strictSame(missing('macos'), ['macosx_11_0_arm64.whl']);
  t.strictSame(missing('linux'), [
    ...['a-1-1.noarch.rpm', 'a-1.deb', 'manylinux_2_17_x86_64.whl', 'musllinux_1_2_x86_64.whl'],
  ]);
  t.strictSame(missing('freebsd'), ['freebsd_13_amd64.whl', 'haiku_r1_x86_64.whl']);
  t.equal(missing('windows', 'macos', 'freebsd', 'linux').length, files.length - 2, 'all but what fits everywhere');
  t.match(conf('freebsd').notes, [/and with FreeBSD systems without a name here/]);
  t.match(conf('windows').notes, [
    /line 4: .*all files for these systems alone are left out, also those that bandersnatch overlooks$/,
  ]);
  for (const platform of ['py2.7', 'win_amd64', 'manylinux1_i686']) {
    t.match(conf(platform).lost, [/no equivalent for 1 of the platforms/], platform);
    t.strictSame({ ...parse(conf(platform).toml) }, {});
  }
  t.match(conf('windows', 'py2.7'), { lost: [/no equivalent for 1 of the platforms/], toml: 'systems = [' });
  t.match(conf(), { lost: [], notes: [/without platforms it did nothing/] });
});

t.test('requirements files are read by their paths', async (t) => {
  const conf = (enabled: string, ...lines: string[]) =>
    imported('[plugins]', `enabled = ${enabled}`, '[allowlist]', ...lines);
  const paths = ['requirements_path = /srv/app/', 'requirements =', '  r.txt # ours', '  /etc/r.txt', '  r.txt'];
  const pinned = conf('project_requirements_pinned', ...paths);
  t.strictSame({ ...parse(pinned.toml) }, { requirements: ['/srv/app/r.txt', '/etc/r.txt'] });
  const files = { '/srv/app/r.txt': 'a==1.0\n', '/etc/r.txt': 'b\n' };
  t.strictSame(heldVersions(policy(pinned, files), '1.0', '2.0'), ['1.0']);
  t.strictSame(heldNames(policy(pinned, files), 'a', 'b', 'c'), ['a', 'b']);
  t.match(pinned.notes, [/line 5: .*what is pinned \(==\) is held whatever \[releases\] says, a range only within/]);
  const named = conf('project_requirements', ...paths);
  t.equal(named.toml.replace('project_requirements', 'project_requirements_pinned'), pinned.toml);
  t.match(named.lost, [/bandersnatch held all of their projects/], 'fewer releases are not held unasked');
  t.strictSame(conf('\n  project_requirements\n  project_requirements_pinned', ...paths).lost, []);
  const relative = conf('project_requirements_pinned', 'requirements = r.txt');
  t.strictSame(parse(relative.toml).requirements, ['r.txt']);
  t.match(relative.lost, [/relative paths begin at the folder of mirror.toml now/]);
  const pattern = conf('project_requirements_pinned', 'requirements = r-*.txt');
  t.match(pattern, { lost: [/1 of the paths, which are patterns/], toml: /^#.*\n$/ });
  t.match(conf('project_requirements_pinned', 'requirements_path = /srv').lost, [/no file is named/]);
  const both = conf('\n  allowlist_project\n  project_requirements_pinned', ...paths, 'packages = a');
  t.match(both.lost, [/no equivalent beside a list of packages/]);
  t.strictSame({ ...parse(both.toml) }, { projects: ['a'] });
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
  const key = fc.constantFrom(
    ...mirrorOptions.keys(),
    '__proto__',
    'x\u001b[2J',
    'packages',
    'platforms',
    'keep',
    'enabled',
    'ä"\\\'',
  );
  const value = fc.oneof(
    fc.constantFrom(
      'all',
      'allowlist_project',
      '\n  allowlist_release\n  blocklist_release\n  regex_project\n  exclude_platform',
      'windows py2.7',
      '\n  a==1\n  b>1\n  c===\u202e',
      '\n  .+x$\n  (',
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
  const setting = fc.tuple(
    fc.constantFrom('mirror', 'plugins', 'allowlist', 'blocklist', 'filter_regex', 'latest_release', 'a"]\u202e'),
    key,
    value,
  );
  fc.assert(
    fc.property(fc.array(setting), (given) => {
      const conf = new Map<string, Map<string, { value: string; line: number }>>();
      for (const [index, [section, name, text]] of given.entries()) {
        const known = conf.get(section) ?? new Map();
        conf.set(section, known.set(name, { value: text, line: index + 1 }));
      }
      const { toml, notes } = importBandersnatch(conf, takesPattern);
      settings(toml);
      policyOf(toml);
      return notes.every((note) => note.length < 400 && !/\p{C}/u.test(note));
    }),
    { numRuns: 1000 },
  );
  t.pass('none did');
});

t.test('every text comes back from TOML as it was', async () => {
  const text = fc.oneof(
    anyText(),
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
