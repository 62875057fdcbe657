import t from 'tap';
import { agentLabel, parseUserAgent, pythonLabel, systemLabel } from '../../../src/formats/logs/user-agent.ts';
import { recording, recordingsMissing } from '../../fixtures/shared-fixtures.ts';

interface Case {
  readonly ua: string;
  readonly linehaul: {
    readonly installer?: { readonly name: string; readonly version?: string };
    readonly python?: string;
    readonly implementation?: { readonly name: string; readonly version?: string };
    readonly system?: { readonly name: string; readonly release?: string };
  } | null;
}

t.test("every case of PyPI's own parser reads the same", { skip: recordingsMissing }, async (t) => {
  const { cases } = JSON.parse(recording('useragents/linehaul-ua-cases.json')) as { cases: Case[] };
  t.ok(cases.length > 30);
  for (const { ua, linehaul } of cases) {
    const { installer, python, implementation, system } = linehaul ?? {};
    const expected = {
      ...(installer === undefined ? {} : { installer: product(installer.name, installer.version) }),
      ...(python === undefined ? {} : { python }),
      ...(implementation === undefined ? {} : { implementation: product(implementation.name, implementation.version) }),
      ...(system === undefined ? {} : { system: product(system.name, system.release) }),
    };
    t.strictSame(parseUserAgent(ua), expected, ua.slice(0, 80));
  }
});

function product(name: string, version: string | undefined): object {
  return version === undefined ? { name } : { name, version };
}

t.test('agents are reduced to the installer and its version', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['pip/26.2.1 {"ci":null,"installer":{"name":"pip","version":"26.2.1"},"python":"3.14.1"}', 'pip/26.2.1'],
    ['pip/22.0.3 {"installer":{"name":"uv","version":"0.9.11","subcommand":["pip","install"]}}', 'uv/0.9.11'],
    ['uv/0.11.0 {"installer":{"name":"uv","version":"0.11.0","subcommand":null}}', 'uv/0.11.0'],
    ['pip/26.2 {"installer":', 'pip/26.2'],
    ['pip/1.4.1 CPython/2.7.14 Darwin/17.7.0', 'pip/1.4.1'],
    ['poetry/2.3.0 CPython/3.12.12 Linux/6.8.0-87-generic', 'poetry/2.3.0'],
    ['pdm/2.1.6 CPython/3.11.0', 'pdm/2.1.6'],
    ['pdm/2.26.1 CPython/3.13.9 Linux/6.8.0', 'pdm/2.26.1'],
    ['setuptools/9.1 Python-urllib/2.7', 'setuptools/9.1'],
    ['Python-urllib/3.12 setuptools/80.9', 'setuptools/80.9'],
    ['Python-urllib/3.14', 'Python-urllib/3.14'],
    ['bandersnatch/8.0.0 (cpython 3.14.0-final0, Linux x86_64) (aiohttp 3.12.15)', 'bandersnatch/8.0.0'],
    ['devpi-server/6.17.0 (py3.13.7; linux)', 'devpi/6.17.0'],
    ['Nexus/3.85.0-03 (PRO; Linux; 6.8.0; amd64; 17.0.9)', 'Nexus/3.85.0-03'],
    ['Artifactory/7.117.14 117014900', 'Artifactory/7.117.14'],
    ['conda/25.9.1 requests/2.32.5 CPython/3.13.9', 'conda/25.9.1'],
    ['Bazel/release 8.4.2', 'Bazel/8.4.2'],
    ['Bazel/release 8.4.2- (@non-git)', 'Bazel/8.4.2'],
    ['Bazel/release 9.0.0-pre.20251022.1 (@0a1b2c3)', 'Bazel/9.0.0-pre.20251022.1'],
    ['Bazel/development version', 'Bazel'],
    ['Bazel/no_version', 'Bazel'],
    ['pixi/0.55.0', 'pixi/0.55.0'],
    ['rattler-build/0.65.1', 'rattler-build/0.65.1'],
    ['micromamba/2.3.2', 'micromamba/2.3.2'],
    ['proxpi/1.2.0', 'proxpi/1.2.0'],
    ['pulpcore/3.85.0 (cpython 3.12.9-final0, Linux x86_64) (aiohttp 3.12.15)', 'pulpcore/3.85.0'],
    ['Hatch/1.14.0 cpython/3.12.7 HTTPX/0.27.2', 'hatch/1.14.0'],
    ['Hatch/1.16.0 {"installer":{"name":"hatch","version":"1.16.0"},"python":"3.13.1"} HTTPX/0.28.1', 'hatch/1.16.0'],
    ['Hatch/1.16.0 {"installer":', 'hatch/1.16.0'],
    ['uv/0.9.18 {"installer":{"name":"uv-pip","version":"0.9.18"}}', 'uv-pip/0.9.18'],
    ['unearth/0.17.5', 'unearth/0.17.5'],
    ['RenovateBot/41.3.0 (https://github.com/renovatebot/renovate)', 'RenovateBot/41.3.0'],
    ['dependabot-core/0.310.0 excon/1.2.5 ruby/3.4.4 (x86_64-linux)', 'dependabot-core/0.310.0'],
    ['python-httpx/0.28.1', 'httpx/0.28.1'],
    ['Python/3.12 aiohttp/3.12.15', 'aiohttp/3.12.15'],
    ['com.apple.WebKit.Networking/20621.2.5.11.8 CFNetwork/3826.500.131 Darwin/24.5.0', 'Browser'],
    ['Lynx/2.9.2 libwww-FM/2.14 SSL-MM/1.4.1', 'Browser'],
    ['Wget2/2.2.0', 'Browser'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Browser'],
    ['curl/8.14.1', 'Browser'],
    ['Wget/1.25.0', 'Browser'],
    ['msnbot/2.0b (+http://search.msn.com/msnbot.htm)', 'msnbot/2.0b'],
    ['SAMSUNG-SGH-E250/1.0 (compatible; Googlebot-Mobile/2.1; +http://example.org)', 'Googlebot-Mobile/2.1'],
    ['pep381client-proxy/1.5', 'pep381client/1.5'],
    ['-', 'unknown'],
    ['', 'unknown'],
    ['somebody@example.org/1.0 secret', 'unknown'],
  ];
  for (const [text, label] of rows) t.equal(agentLabel(parseUserAgent(text)), label, text.slice(0, 60));
});

t.test('nothing that a client can choose freely is published', async (t) => {
  const json = JSON.stringify({
    installer: { name: 'pip<script>', version: '1' },
    user_data: 'my secret',
    python: 'secret',
    system: { name: 'my\nsecret' },
  });
  const agent = parseUserAgent(`pip/26.2 ${json}`);
  t.notMatch(`${agentLabel({ ...agent, python: undefined as never })}`, 'script');
  t.equal(pythonLabel(agent), undefined);
  t.equal(systemLabel(agent), undefined);
  t.notMatch(JSON.stringify(agent), 'my secret');
  t.equal(agentLabel(parseUserAgent(`pip/${'9'.repeat(50)}`)), 'pip', 'a version without end');
});

t.test('an installer is published where it is known', async (t) => {
  const label = (name: string, prefix = 'pip/26.2'): string =>
    agentLabel(
      parseUserAgent(`${prefix} ${JSON.stringify({ installer: { name, version: '1.0' }, python: '3.14.1' })}`),
    );
  for (const name of ['pip', 'uv', 'hatch', 'poetry', 'pixi']) t.equal(label(name), `${name}/1.0`);
  for (const name of ['team-secret', 'pip-secret', 'pips', 'x', '__proto__', 'constructor', '']) {
    for (const prefix of ['pip/26.2', 'uv/0.9', 'Hatch/1.16.0'])
      t.equal(label(name, prefix), name === '' ? 'Python-urllib/3.14.1' : 'unknown', name);
  }
});

t.test('a version is published where it looks like one that an installer has', async (t) => {
  const label = (version: string): string => agentLabel(parseUserAgent(`pip/${version}`));
  for (const version of [
    '0.6c11',
    '80.9.0.post20250909',
    '2.1.6.dev32+g1e5dc62',
    '3.85.0-03',
    '4.6.20-12-g0a1b2c3',
    '1!2',
    '9.0.0-pre.20251022.1',
    '0.8.0-alpha.2',
    '26.2rc1',
    '24.0+dfsg-2',
  ])
    t.equal(label(version), `pip/${version}`);
  for (const version of [
    '1.abcdefghijklmnopqrstuvw',
    'latest',
    '.1',
    '1..2',
    `1${'.1'.repeat(20)}`,
    '123456789012345678',
    '26.1-team-secret',
    '26.1+secret',
    '26.1.secret1',
    '26.1-g0a1b2c3secret',
    '26.1-deadbeef',
  ])
    t.equal(label(version), 'pip', version);
});

t.test('a system is published where it is one', async (t) => {
  const label = (name: string): string | undefined => systemLabel({ system: { name } });
  for (const name of ['Linux', 'Darwin', 'Windows', 'FreeBSD', 'GNU/kFreeBSD', 'Android']) t.equal(label(name), name);
  t.equal(label('CYGWIN_NT-10.0-19045'), 'CYGWIN_NT');
  for (const name of ['Linux1', 'x7', 'unknown', 'windows-secret']) t.equal(label(name), undefined, name);
});

t.test('what a client calls its Python is published only where it looks like a version', async (t) => {
  const label = (python: string): string => agentLabel(parseUserAgent(`pip/26.2 ${JSON.stringify({ python })}`));
  t.equal(label('3.12.1'), 'Python-urllib/3.12.1');
  for (const python of ['my secret', '<script>', '3.12\n', '\u001b[2J', '9'.repeat(50)])
    t.equal(label(python), 'unknown', python);
});

t.test('a system may have a slash in its name', async (t) => {
  const { system, implementation } = parseUserAgent('pip/1.1 CPython/2.7.3 GNU/kFreeBSD/8.1-1-amd64');
  t.same(system, { name: 'GNU/kFreeBSD', version: '8.1-1-amd64' });
  t.same(implementation, { name: 'CPython', version: '2.7.3' });
});

t.test('agents of nothing but slashes are read in no time', async (t) => {
  const started = process.cpuUsage();
  const slashes = '/'.repeat(240);
  for (let count = 0; count < 200; count += 1) {
    // Where every way is tried to take them apart, this takes minutes.
    for (const start of ['pip/1', 'poetry/1', 'twine/1']) parseUserAgent(`${start} ${slashes} ${slashes} x`);
  }
  const { user, system } = process.cpuUsage(started);
  t.ok(user + system < 2e6);
});

t.test('the version of Python is told without its last part', async (t) => {
  t.equal(pythonLabel({ python: '3.14.1' }), '3.14');
  t.equal(pythonLabel({ python: '3.15.0a3' }), '3.15');
  t.equal(pythonLabel({ implementation: { name: 'CPython', version: '3.9.2' } }), '3.9');
  t.equal(pythonLabel({ implementation: { name: 'PyPy', version: '7.3' } }), undefined);
});

t.test('hostile agents of 64 KB are read in no time', async (t) => {
  const started = process.hrtime.bigint();
  for (const piece of ['pip/1 ', 'twine/1 a/b ', 'Mozilla ', '{"a":', 'Python-urllib/3.1 ', '- ']) {
    parseUserAgent(piece.repeat(64 * 1024).slice(0, 64 * 1024));
    parseUserAgent(`pip/1 {${piece.repeat(64 * 1024)}`.slice(0, 64 * 1024));
  }
  t.ok(Number(process.hrtime.bigint() - started) < 2e9);
});
