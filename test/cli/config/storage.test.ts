import t from 'tap';
import { parseConfigFile } from '../../../src/cli/config/config-file.ts';
import { settingsFrom } from '../../../src/cli/config/settings.ts';
import type { StorageSettings } from '../../../src/cli/config/storage.ts';
import { UsageError } from '../../../src/core/errors.ts';

const readToml = (toml: string): StorageSettings | undefined =>
  settingsFrom(parseConfigFile(toml, 'mirror.toml').given).storage;

const storageOf = (lines: string): StorageSettings | undefined => readToml(`[storage]\nbucket = "pypi"\n${lines}\n`);

/** The message about the lines, which stand from line 3 on. */
const problem = (lines: string, before = ''): string => problemOf(`${before}[storage]\nbucket = "pypi"\n${lines}\n`);

function problemOf(toml: string): string {
  try {
    return `accepted: ${JSON.stringify(readToml(toml))}`;
  } catch (error) {
    return error instanceof UsageError ? error.message : `crashed: ${String(error)}`;
  }
}

t.test('without the section everything is on the disk', async (t) => {
  t.equal(readToml(''), undefined);
});

t.test('a bucket alone is one of AWS that holds the files', async (t) => {
  t.same(storageOf(''), {
    bucket: 'pypi',
    prefix: '',
    endpoint: 'https://s3.us-east-1.amazonaws.com',
    region: 'us-east-1',
    addressStyle: 'host',
    hold: 'files',
    publicUrl: undefined,
    credentialsFile: undefined,
    profile: 'default',
    leaseMs: 1_800_000,
  });
  t.equal(storageOf('region = "eu-central-1"')?.endpoint, 'https://s3.eu-central-1.amazonaws.com');
  t.equal(storageOf('region = "cn-north-1"')?.endpoint, 'https://s3.cn-north-1.amazonaws.com.cn');
});

t.test('every member can be set', async (t) => {
  const lines = `
    prefix = "mirror/pypi"
    endpoint = "https://S3.example.org:7480/"
    region = "default"
    address-style = "host"
    hold = "everything"
    public-url = "https://cdn.example.org/web/"
    credentials-file = "/etc/pep381client/s3"
    profile = "mirror"
    lease = "1h"`;
  t.same(storageOf(lines), {
    bucket: 'pypi',
    prefix: 'mirror/pypi/',
    endpoint: 'https://s3.example.org:7480',
    region: 'default',
    addressStyle: 'host',
    hold: 'everything',
    publicUrl: 'https://cdn.example.org/web',
    credentialsFile: '/etc/pep381client/s3',
    profile: 'mirror',
    leaseMs: 3_600_000,
  });
  t.equal(storageOf('lease = false')?.leaseMs, undefined);
  t.equal(storageOf('lease = "1d"')?.leaseMs, 86_400_000);
  t.equal(storageOf('prefix = ""')?.prefix, '');
  t.equal(storageOf('prefix = "a/b.c/..d/"')?.prefix, 'a/b.c/..d/');
});

t.test('a store of one’s own is asked by path, as is a bucket for which no certificate is made', async (t) => {
  t.equal(storageOf('endpoint = "https://s3.example.org"')?.addressStyle, 'path');
  t.equal(readToml('[storage]\nbucket = "pypi.example.org"')?.addressStyle, 'path');
  const dots = '[storage]\nbucket = "pypi.example.org"\naddress-style = "host"';
  t.throws(() => readToml(dots), { message: /^mirror\.toml:3: storage\.address-style: no certificate fits pypi\.ex/ });
  t.equal(readToml(`${dots}\nendpoint = "http://localhost"`)?.addressStyle, 'host');
});

t.test('the store is asked without TLS on this machine only, unless that is meant', async (t) => {
  for (const endpoint of ['http://127.0.0.1:7480', 'http://localhost', 'http://[::1]:9000']) {
    t.equal(storageOf(`endpoint = "${endpoint}"`)?.endpoint, endpoint);
  }
  const lines = 'endpoint = "http://ceph.internal.example:7480"';
  t.match(problem(lines), /^mirror\.toml:3: storage\.endpoint: expected https, found http:.*: anyone on the way could/);
  t.match(problem(lines, 'allow-http = true\n'), /^accepted/);
  t.match(problem(lines, 'allow-http = false\n'), /^mirror\.toml:4: storage\.endpoint: expected https/);
});

t.test('what is wrong is one line with its place', async (t) => {
  t.throws(() => readToml('[storage]\n'), {
    message: 'mirror.toml:1: storage: bucket is missing: the name of the bucket',
  });
  t.throws(() => readToml('storage = "s3"\n'), {
    message: 'mirror.toml:1: storage: expected a table [storage], found "s3"',
  });
  const refused: readonly (readonly [string, RegExp])[] = [
    ['\nbuckets = "a"', /^mirror\.toml:4: storage: unknown key buckets; did you mean bucket\?$/],
    ['prefix = "/a"', /^mirror\.toml:3: storage\.prefix: expected a path such as "mirror\/pypi", .*, found "\/a"$/],
    ['prefix = "a/../b"', /storage\.prefix: expected a path/],
    ['prefix = ".."', /storage\.prefix: expected a path/],
    ['prefix = "a//b"', /storage\.prefix: expected a path/],
    ['prefix = "a b"', /storage\.prefix: expected a path/],
    ['prefix = "a\\n"', /storage\.prefix: expected a path/],
    ['prefix = 1', /storage\.prefix: expected a path .*, found 1$/],
    [`prefix = "${'a'.repeat(201)}"`, /storage\.prefix: expected a path/],
    ['endpoint = "s3.example.org"', /endpoint: expected an address such as https:\/\/s3\.example\.org, found "s3\.ex/],
    ['endpoint = "minio:9000"', /endpoint: expected an address/],
    ['endpoint = "ftp://s3.example.org"', /endpoint: expected an address/],
    ['endpoint = "https://s3.example.org/pypi"', /endpoint: expected an address without a path, found https:/],
    ['endpoint = "https://pypi.s3.eu-west-1.amazonaws.com"', /endpoint: .* found that of the bucket: leave pypi out$/],
    ['region = "EU (Frankfurt)"', /region: expected a region such as "eu-central-1", found "EU \(Frankfurt\)"$/],
    ['region = ""', /region: expected a region/],
    ['address-style = "virtual"', /storage\.address-style: expected "path" or "host", found "virtual"$/],
    ['address-style = "host"\nendpoint = "http://127.0.0.1:9000"', /address-style: no bucket can be in front of the a/],
    ['address-style = "host"\nendpoint = "https://[2001:db8::1]"', /address-style: no bucket can be in front of the a/],
    ['hold = "all"', /storage\.hold: expected "files" or "everything", found "all"$/],
    [
      'public-url = "http://cdn.example.org"',
      /public-url: expected https, found http:\/\/cdn\.example\.org\/: pip takes/,
    ],
    ['public-url = "cdn.example.org"', /public-url: expected an address such as https:/],
    ['credentials-file = "s3"', /credentials-file: expected the absolute path of a file/],
    ['credentials-file = "/etc/"', /credentials-file: expected the absolute path of a file/],
    ['profile = "mirror"', /^mirror\.toml:3: storage\.profile: means nothing without credentials-file$/],
    ['credentials-file = "/s3"\nprofile = "a]"', /profile: expected the name of a section of credentials-file/],
    ['lease = "30s"', /storage\.lease: expected a time such as "30m", from "1m" to "1d", or false, found "30s"$/],
    ['lease = "0.5m"', /storage\.lease: expected a time/],
    ['lease = "25h"', /storage\.lease: expected a time/],
    ['lease = true', /storage\.lease: expected a time .*, found true$/],
    ['lease = 30', /storage\.lease: expected a time/],
  ];
  for (const [lines, message] of refused) {
    t.match(problem(lines), message, lines);
    t.notMatch(problem(lines), /\n/, lines);
  }
});

t.test('only names that stores accept are names of buckets', async (t) => {
  const bucketIn = (name: string) => readToml(`[storage]\nbucket = ${JSON.stringify(name)}`)?.bucket;
  for (const name of ['abc', 'pypi-mirror', 'pypi.example.org', '0a0', 'a'.repeat(63)]) t.equal(bucketIn(name), name);
  const wrong = [
    '',
    'ab',
    'a'.repeat(64),
    'PyPI',
    'a_b',
    'a/b',
    '-abc',
    'abc-',
    'a..b',
    'a.-b',
    'a-.b',
    '.abc',
    'abc.',
  ];
  for (const name of [...wrong, '192.168.0.1', 's3://pypi', 'abc\n', '../abc']) {
    t.throws(
      () => bucketIn(name),
      { message: /^mirror\.toml:2: storage\.bucket: expected the name of a bucket/ },
      name,
    );
  }
});

t.test('credentials are refused here, told where they belong, and not quoted', async (t) => {
  const secret = 'wJalrXUtnFEMI-K7MDENG';
  const keys = ['access-key', 'secret-key', 'access_key_id', 'aws_secret_access_key', 'AWS_ACCESS_KEY_ID', 'secretKey'];
  for (const key of [...keys, 'session-token', 'password', 'credentials', '"access key"']) {
    const message = problem(`hold = "files"\n${key} = "${secret}"`);
    t.match(message, /^mirror\.toml:4: storage: "[\w -]+": credentials do not belong here; put them into a file/, key);
    t.match(message, 'credentials-file', key);
    t.notMatch(message, secret, key);
  }
  t.match(problem(`[storage.credentials]\nkey = "${secret}"`), /^mirror\.toml:\d: storage: "credentials": /);
  for (const line of [
    `endpoint = "https://key:${secret}@s3.example.org"`,
    `endpoint = "https://key:${secret}@s3.example.org/a?b"`,
    `endpoint = "//key:${secret}@s3.example.org"`,
    `endpoint = "https://s3.example.org?secret=${secret}"`,
    `public-url = "https://key:${secret}@cdn.example.org"`,
    `public-url = "https://cdn.example.org/?X-Amz-Signature=${secret}"`,
    `credentials-file = "key:${secret}"`,
    `credentials-file = "${secret}"`,
    `bucket2 = "${secret}"`,
  ]) {
    t.match(problem(line), /^mirror\.toml:3: storage/, line);
    t.notMatch(problem(line), secret, line);
  }
  const message = problemOf(`[storage]\nbucket = "s3://key:${secret}@host/pypi"`);
  t.match(message, /^mirror\.toml:2: storage\.bucket: expected the name of a bucket/);
  t.notMatch(message, secret);
});
