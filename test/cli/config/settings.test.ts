import t from 'tap';
import {
  type SettingName,
  type Settings,
  type SettingValue,
  settingNames,
  settingsFrom,
} from '../../../src/cli/config/settings.ts';
import { UsageError } from '../../../src/core/errors.ts';

const where = 'mirror.toml:3: here';

/** Those of mirror.toml, and the one that only the command line has. */
const allNames: readonly SettingName[] = [...settingNames, 'projects'];

function read(values: Partial<Record<SettingName, unknown>>): Settings {
  const given = new Map<SettingName, SettingValue>();
  for (const name of allNames) if (name in values) given.set(name, { value: values[name], where });
  return settingsFrom(given);
}

function problem(values: Partial<Record<SettingName, unknown>>): string {
  try {
    return `accepted: ${JSON.stringify(read(values))}`;
  } catch (error) {
    return error instanceof UsageError ? error.message : `crashed: ${String(error)}`;
  }
}

t.test('an index that has moved for good is not taken', async (t) => {
  for (const upstream of [
    'https://pypi.python.org',
    'http://PYPI.python.org/simple/',
    'https://a.pypi.python.org/pypi',
  ]) {
    const message = /pypi\.python\.org is https:\/\/pypi\.org now; put upstream = "https:\/\/pypi\.org" into/;
    t.throws(() => read({ upstream }), { name: 'UsageError', message });
  }
  t.throws(() => read({ upstream: 'https://testpypi.python.org' }), { message: /is https:\/\/test\.pypi\.org now/ });
});

t.test('without any settings the whole of PyPI is mirrored', async (t) => {
  t.same(read({}), {
    upstream: 'https://pypi.org',
    upstreamAliases: [],
    allowHttp: false,
    fileHosts: ['files.pythonhosted.org'],
    projects: undefined,
    proxy: undefined,
    noProxy: [],
    caFile: undefined,
    clientCertFile: undefined,
    clientKeyFile: undefined,
    netrcFile: undefined,
    indexOnly: false,
    workers: 'auto',
    maxWorkers: 50,
    rateLimit: undefined,
    window: undefined,
    umask: 0o022,
    stateMode: 0o600,
    keepRemoved: false,
    trashDays: 30,
    sweep: 1_000_000,
    baseUrl: undefined,
    legacyJson: false,
    provenance: 'store',
    provenancePolicy: 'warn',
    trustedRootFile: undefined,
    contact: undefined,
    logFormat: 'text',
    notify: [],
    notifySecretFile: undefined,
    metricsFile: undefined,
    hooks: { afterRun: undefined, onAlarm: undefined, timeoutSeconds: 600 },
    storage: undefined,
    signingKeyFile: undefined,
    upstreamKey: undefined,
  });
});

t.test('the state is its owner’s, or its group’s, too, and nobody else’s', async (t) => {
  t.equal(read({ 'state-mode': '0640' }).stateMode, 0o640);
  for (const wrong of ['0644', '0660', '640', 0o640, '']) {
    t.match(problem({ 'state-mode': wrong }), /: expected 0600 or 0640, found /, String(wrong));
  }
});

t.test('notices go to any web address, as they hold no secret', async (t) => {
  const urls = ['https://mirror.example/sync', 'http://192.168.0.1:8080/sync?a=b'];
  t.same(read({ notify: urls }).notify, urls);
  t.same(read({ notify: 'https://mirror.example' }).notify, ['https://mirror.example/']);
  t.same(read({ notify: [] }).notify, []);
  for (const wrong of ['mirror.example', 'ftp://mirror.example/', 'https://me:pw@mirror.example/', 'https://a/#b']) {
    t.match(
      problem({ notify: [wrong] }),
      /: expected an address such as https:\/\/mirror\.example\/sync, found "/,
      wrong,
    );
  }
  t.match(problem({ notify: 5 }), /: expected a list of texts/);
  t.equal(read({ 'notify-secret-file': '/etc/pypi/sync.key' }).notifySecretFile, '/etc/pypi/sync.key');
  for (const wrong of ['sync.key', '', 5]) {
    t.match(problem({ 'notify-secret-file': wrong }), /: expected an absolute path, found /, `${wrong}`);
  }
});

t.test('a key of upstream is a file, or what openssl prints between its two lines', async (t) => {
  const base64 = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
  t.equal(read({ 'upstream-key': base64 }).upstreamKey, base64);
  t.equal(read({ 'upstream-key': '/etc/up.pub' }).upstreamKey, '/etc/up.pub');
  for (const wrong of ['up.pub', '', 5, base64.slice(1), `${base64}\n`, base64.replace('K2Vw', 'K2Vv')]) {
    t.match(problem({ 'upstream-key': wrong }), /: expected an Ed25519 public key, as an absolute path or in base64/);
  }
  t.equal(read({ 'signing-key-file': '/etc/pypi/sign.key' }).signingKeyFile, '/etc/pypi/sign.key');
  t.match(problem({ 'signing-key-file': 'sign.key' }), /: expected an absolute path, found "sign.key"/);
});

t.test('the file with metrics, which is replaced, is none that anything else uses', async (t) => {
  t.equal(read({ 'metrics-file': '/var/lib/node/pep381.prom' }).metricsFile, '/var/lib/node/pep381.prom');
  for (const wrong of ['/var/pypi/state.db', 'pep381.prom', '/var/lib/.prom/', '/.prom', '', 5]) {
    t.match(
      problem({ 'metrics-file': wrong }),
      /: expected an absolute path that ends with \.prom, found /,
      `${wrong}`,
    );
  }
});

t.test('settings for a proxy or a certificate are refused without one', async (t) => {
  t.same(
    read({ proxy: 'http://p.example', 'no-proxy': ['.internal.example', 'a.example:8443', '*'] }).noProxy.length,
    3,
  );
  t.match(problem({ 'no-proxy': ['.internal.example'] }), /means nothing without proxy$/);
  t.match(problem({ 'client-key-file': '/a.key' }), /means nothing without client-cert-file$/);
  t.match(problem({ proxy: 'http://p.example', 'no-proxy': ['a b'] }), /expected a host or a domain/);
  t.match(problem({ 'ca-file': 'ca.pem' }), /expected an absolute path/);
});

t.test('a proxy is an address, and its possible password is not printed', async (t) => {
  t.equal(read({ proxy: 'http://proxy.example:3128' }).proxy, 'http://proxy.example:3128/');
  t.equal(read({ proxy: 'socks5h://me:secret@proxy.example' }).proxy, 'socks5h://me:secret@proxy.example');
  t.equal(read({ proxy: 'http://me:secret@proxy.example' }).proxy, 'http://me:secret@proxy.example/');
  for (const wrong of [
    'proxy.example:3128',
    'socks4://me:secret@proxy.example',
    'socks5://',
    'http://secret/path',
    '',
    5,
  ]) {
    t.equal(
      problem({ proxy: wrong }),
      `${where}: expected the address of a proxy, such as http://proxy.example:3128 or socks5://proxy.example:1080`,
    );
  }
});

t.test('provenance settings without effect are refused', async (t) => {
  const { provenance, provenancePolicy, trustedRootFile } = read({
    provenance: 'verify',
    'provenance-policy': 'require',
    'trusted-root-file': '/etc/root.json',
  });
  t.same([provenance, provenancePolicy, trustedRootFile], ['verify', 'require', '/etc/root.json']);
  t.equal(problem({ provenance: 'yes' }), `${where}: expected store, verify or off, found "yes"`);
  t.match(
    problem({ provenance: 'verify', 'provenance-policy': 'refuse' }),
    /: expected warn, refuse-failed or require, /,
  );
  t.match(problem({ provenance: 'verify', 'trusted-root-file': 'root.json' }), /: expected an absolute path, /);
  t.match(problem({ 'provenance-policy': 'require' }), /: "require" means nothing without provenance = "verify"$/);
  t.match(problem({ provenance: 'verify', 'index-only': true }), /: nothing can be verified where no file is held/);
});

t.test('an address means the same with and without the usual additions', async (t) => {
  const spellings: [string, string][] = [
    ['https://pypi.example', 'https://pypi.example'],
    ['https://pypi.example/', 'https://pypi.example'],
    ['https://pypi.example///', 'https://pypi.example'],
    ['https://pypi.example/simple', 'https://pypi.example'],
    ['https://pypi.example/simple/', 'https://pypi.example'],
    ['HTTPS://PyPI.Example/', 'https://pypi.example'],
    ['https://pypi.example:443/', 'https://pypi.example'],
    ['https://pypi.example:8443/root/pypi/+simple/', 'https://pypi.example:8443/root/pypi/+simple'],
    ['https://pypi.example/simple-index/', 'https://pypi.example/simple-index'],
    ['https://pypi.example/?', 'https://pypi.example'],
    ['https://pypi.example/#', 'https://pypi.example'],
    [' https://pypi.example ', 'https://pypi.example'],
  ];
  for (const [written, meant] of spellings) t.equal(read({ upstream: written }).upstream, meant, written);
});

t.test('plain HTTP is refused unless it stays on this machine or the settings accept it', async (t) => {
  const elsewhere = ['http://pypi.example', 'http://localhost.example', 'http://192.168.0.1', 'http://0.0.0.0'];
  for (const upstream of [...elsewhere, 'http://127.0.0.1.example', 'http://[::2]', 'http://pypi.example:443']) {
    t.match(problem({ upstream }), /^mirror\.toml:3: here: expected https, found http:.*allow-http = true/, upstream);
    t.equal(read({ upstream, 'allow-http': true }).upstream, upstream);
  }
  for (const upstream of ['http://localhost:8080', 'http://127.0.0.1', 'http://127.1.2.3:99/x', 'http://[::1]:8080']) {
    t.equal(read({ upstream }).upstream, upstream, upstream);
  }
});

t.test('base-url may be http, which allows nothing for the upstream', async (t) => {
  t.equal(read({ 'base-url': 'https://mirror.example/' }).baseUrl, 'https://mirror.example');
  t.match(read({ 'base-url': 'http://mirror.example/' }), { baseUrl: 'http://mirror.example', allowHttp: false });
  t.match(problem({ 'base-url': 'ftp://mirror.example' }), 'expected an address');
});

t.test('an invalid address is refused', async (t) => {
  const wrong = [
    '',
    'pypi.example',
    '//pypi.example',
    'ftp://pypi.example',
    'file:///srv',
    'https://',
    'https://a b',
    'javascript:x',
  ];
  for (const upstream of [
    ...wrong,
    'https://pypi.example/?x=1',
    'https://pypi.example/#x',
    5,
    true,
    ['https://pypi.example'],
    {},
  ]) {
    t.match(problem({ upstream }), /^mirror\.toml:3: here: expected an address/, JSON.stringify(upstream));
  }
});

t.test('an address with a password is refused, and the password is not repeated', async (t) => {
  for (const upstream of ['https://me:secret@pypi.example', 'https://secret@pypi.example']) {
    t.match(problem({ upstream }), /an address with a password/);
    t.notMatch(problem({ upstream }), 'secret');
  }
});

t.test('numbers are whole and within their bounds, as numbers or as texts', async (t) => {
  t.equal(read({ workers: 1 }).workers, 1);
  t.equal(read({ workers: '100' }).workers, 100);
  t.equal(read({ sweep: 0 }).sweep, 0);
  t.equal(read({ sweep: 1_000_000 }).sweep, 1_000_000);
  const wrong: [SettingName, unknown][] = [
    ['workers', 0],
    ['workers', 101],
    ['workers', -1],
    ['workers', 1.5],
    ['workers', '1.5'],
    ['workers', '5x'],
    ['workers', '0x5'],
    ['workers', '1e1'],
    ['workers', ' 5'],
    ['workers', ''],
    ['workers', '99999999999'],
    ['workers', Number.NaN],
    ['workers', Number.POSITIVE_INFINITY],
    ['workers', true],
    ['workers', [5]],
    ['sweep', -1],
    ['sweep', 1_000_001],
  ];
  for (const [name, value] of wrong) {
    t.match(
      problem({ [name]: value }),
      /^mirror\.toml:3: here: expected a whole number from \d+ to \d+(?: or "auto")?, found /,
    );
  }
});

t.test('switches are true or false, nothing else', async (t) => {
  for (const name of ['allow-http', 'index-only'] as const) {
    for (const value of ['true', 'yes', 1, 0, null, []]) {
      t.match(problem({ [name]: value }), /expected true or false/, `${name} = ${JSON.stringify(value)}`);
    }
  }
  t.equal(read({ 'index-only': true }).indexOnly, true);
  t.equal(read({ 'index-only': false }).indexOnly, false);
});

t.test('hosts are hosts, with a port where they have one', async (t) => {
  t.same(read({ 'file-hosts': ['files.example', 'cdn.example:8443', '127.0.0.1:80', '[::1]'] }).fileHosts, [
    'files.example',
    'cdn.example:8443',
    '127.0.0.1:80',
    '[::1]',
  ]);
  t.same(read({ 'file-hosts': 'files.example' }).fileHosts, ['files.example'], 'one needs no list');
  const wrong = [
    'https://files.example',
    'files.example/',
    'a/b',
    'me@files.example',
    'files.example:443',
    'Files.Example',
    'a b',
    'a?b',
    'a#b',
    'a:b',
  ];
  for (const host of wrong) t.match(problem({ 'file-hosts': [host] }), /expected a host such as/, host);
});

t.test('projects may be named in any spelling, and are known by their normalized names', async (t) => {
  t.same(read({ projects: ['Zope.Interface', 'a'] }).projects, ['zope-interface', 'a']);
  t.same(read({ projects: 'One' }).projects, ['one']);
  for (const name of ['../x', 'a b', '-a', 'pkg==1.0', 'pkg[extra]', 'é']) {
    t.equal(problem({ projects: ['ok', name] }), `${where}: ${JSON.stringify(name)} is no valid project name`);
  }
});

t.test('a list holds at least one text and nothing else', async (t) => {
  for (const name of ['projects', 'file-hosts'] as const) {
    for (const value of [[], [''], '', ['a', 5], 5, true, {}, [['a']]]) {
      t.match(problem({ [name]: value }), /expected a list of texts/, `${name} = ${JSON.stringify(value)}`);
    }
  }
});

t.test('a contact fits into a header', async (t) => {
  t.equal(read({ contact: 'https://mirror.example/about' }).contact, 'https://mirror.example/about');
  for (const contact of ['', 'a\nb', 'a\r\nX-Evil: 1', 'é', 'x'.repeat(201), 5, null]) {
    t.match(problem({ contact }), /expected one line of plain ASCII/, JSON.stringify(contact));
  }
});

t.test('there are two log formats', async (t) => {
  t.equal(read({ 'log-format': 'json' }).logFormat, 'json');
  t.equal(read({ 'log-format': 'text' }).logFormat, 'text');
  for (const value of ['JSON', 'xml', '', true]) t.match(problem({ 'log-format': value }), /expected text or json/);
});

t.test('every setting is read, and an error names the place where it was given', async (t) => {
  for (const name of allNames) t.match(problem({ [name]: { no: 'sense' } }), where, name);
});

t.test('other addresses of upstream are addresses', async (t) => {
  t.same(read({ 'upstream-aliases': ['http://mirror.example/simple/'] }).upstreamAliases, [
    'http://mirror.example/simple/',
  ]);
  t.same(read({ 'upstream-aliases': [] }).upstreamAliases, []);
  for (const wrong of ['mirror.example', '../wheels', 'file:///srv', 5]) {
    t.throws(() => read({ 'upstream-aliases': wrong }), { name: 'UsageError' });
  }
});
