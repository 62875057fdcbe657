/** A mirror in a company's network: authorities of its own, proxies, and indexes behind a password. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Authority, openInterceptor, openSocksProxy } from '../fixtures/networks.ts';
import { programsOrReason } from '../fixtures/programs.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer, type SampleServer, type SampleServerOptions } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { type Ended, run } from './program.ts';

const needsOpenssl = programsOrReason('openssl');
const programs = await openBundle();

interface Company {
  readonly server: SampleServer;
  readonly authority: Authority;
  readonly folder: string;
  readonly target: string;
  /** Mirrors with these lines in mirror.toml. */
  mirror(settings: string, env?: Record<string, string>): Promise<Ended>;
}

async function open(t: Test, options: Partial<SampleServerOptions> = {}, folder = t.testdir()): Promise<Company> {
  const authority = new Authority(folder, 'Test Authority');
  const { cert, key } = authority.issue('localhost');
  const server = await openSampleServer({ index: smallIndex(), ...options, tls: { cert, key, ...options.tls } });
  t.teardown(() => server.close());
  const target = join(folder, 'pypi');
  mkdirSync(target);
  const mirror = (settings: string, env: Record<string, string> = {}): Promise<Ended> => {
    writeFileSync(join(target, 'mirror.toml'), `upstream = "${server.url}"\n${settings}\n`);
    // The machine's own bundle, too.
    return run(join(programs, 'pep381run'), [target], { env: { SSL_CERT_FILE: '', ...env } });
  };
  return { server, authority, folder, target, mirror };
}

t.test("an authority of the company's own", needsOpenssl, async (t) => {
  const { authority, mirror, server } = await open(t);
  const refused = await mirror('');
  t.equal(refused.code, 3);
  const host = new URL(server.url).host;
  t.match(refused.stderr, `the certificate of ${host}, issued by "Test Authority, Test Company" is not trusted`);
  t.match(refused.stderr, /ca-file in mirror\.toml/);
  t.equal(refused.stderr.trim().split('\n').length, 1, 'in one line');
  t.same(server.requests, [], 'and nothing was asked');
  t.match(await mirror(`ca-file = "${authority.own.certFile}"`), { code: 0, stderr: '' });
  t.match(await mirror('', { SSL_CERT_FILE: authority.own.certFile }), { code: 0 }, "that of the system's bundle");
  t.match(await mirror('', { NODE_EXTRA_CA_CERTS: authority.own.certFile }), { code: 0 }, "or Node's own variable");
});

t.test('a certificate for another host', needsOpenssl, async (t) => {
  const folder = t.testdir();
  const authority = new Authority(folder, 'Test Authority');
  const { cert, key } = authority.issue('elsewhere.example');
  const trusted = authority.own.certFile.replace('test-authority', 'first-authority');
  writeFileSync(trusted, authority.own.cert);
  const { mirror } = await open(t, { tls: { cert, key } }, folder);
  const { code, stderr } = await mirror(`ca-file = "${trusted}"`);
  t.equal(code, 3);
  t.match(stderr, /is localhost the right name/);
});

t.test('an index that wants to see a certificate', needsOpenssl, async (t) => {
  const folder = t.testdir();
  const staff = new Authority(folder, 'Staff');
  const me = staff.issue('mirror.internal.example');
  const { mirror, authority } = await open(
    t,
    { tls: { ca: staff.own.cert, requestCert: true, rejectUnauthorized: true } },
    folder,
  );
  const trust = `ca-file = "${authority.own.certFile}"`;
  t.match(await mirror(trust), { code: 3 });
  t.match(await mirror(`${trust}\nclient-cert-file = "${folder}/none.pem"`), {
    code: 2,
    stderr: /client-cert-file: .* cannot be read/,
  });
  const shown = `${trust}\nclient-cert-file = "${me.certFile}"\nclient-key-file = "${me.keyFile}"`;
  t.match(await mirror(shown), { code: 0, stderr: '' });
});

t.test('a proxy that opens TLS', needsOpenssl, async (t) => {
  const { mirror, server, authority, folder } = await open(t);
  const spy = new Authority(folder, 'Proxy Authority');
  const { address, asked } = await openInterceptor(t, spy.issue('localhost'));
  const through = `proxy = "http://${address}"`;
  const refused = await mirror(`${through}\nca-file = "${authority.own.certFile}"`);
  t.equal(refused.code, 3);
  t.match(refused.stderr, /issued by "Proxy Authority, Test Company" is not trusted/);
  t.same(server.requests, []);
  t.match(await mirror(`${through}\nca-file = "${spy.own.certFile}"`), { code: 0, stderr: '' });
  t.ok(asked.length > 1 && asked.every((host) => host === new URL(server.url).host));
  asked.length = 0;
  const around = `${through}\nno-proxy = ["localhost"]\nca-file = "${authority.own.certFile}"`;
  t.match(await mirror(around), { code: 0 });
  t.same(asked, []);
});

t.test('a SOCKS proxy', needsOpenssl, async (t) => {
  const { mirror, server, authority } = await open(t);
  const { address, asked } = await openSocksProxy(t, 'me:se:cret');
  const trust = `ca-file = "${authority.own.certFile}"`;
  const { host } = new URL(server.url);
  t.match(await mirror(`${trust}\nproxy = "socks5h://me:se%3Acret@${address}"`), { code: 0, stderr: '' });
  t.ok(asked.length > 0 && asked.every((to) => to === host), 'which resolves the names itself');
  asked.length = 0;
  t.match(await mirror(trust, { all_proxy: `socks5://me:se%3Acret@${address}` }), { code: 0, stderr: '' });
  t.ok(asked.length > 0);
  asked.length = 0;
  t.match(await mirror(trust, { all_proxy: `socks5://${address}`, no_proxy: 'localhost' }), { code: 0, stderr: '' });
  const refused = await mirror(`${trust}\nproxy = "socks5://me:wrong-secret@${address}"`);
  t.match(refused, { code: 3, stderr: /the SOCKS proxy 127\.0\.0\.1: .*uthentication/ });
  t.notMatch(refused.stderr + refused.stdout, /wrong-secret/);
  const untrusted = await mirror(`proxy = "socks5://me:se%3Acret@${address}"`);
  t.match(untrusted, { code: 3, stderr: /issued by "Test Authority, Test Company"/ });
});

t.test('an index behind a password', needsOpenssl, async (t) => {
  const { mirror, authority, folder, target, server } = await open(t);
  const index = new SampleIndex();
  index.publish(makeWheel({ name: 'acme-core', version: '1.0' }));
  const { cert, key } = authority.issue('localhost');
  const own = await openSampleServer({ index, tls: { cert, key }, login: 'mirror:t0p-#secret' });
  t.teardown(() => own.close());
  const [netrc, { host }] = [join(folder, 'netrc'), new URL(own.url)];
  const settings = `ca-file = "${authority.own.certFile}"\nnetrc-file = "${netrc}"\n`;
  const rule = `[[rule]]\nprojects = ["acme-*"]\nupstream = "${own.url}/simple/"`;
  writeFileSync(
    netrc,
    '# nobody\nmachine other.example login me password nothing\ndefault login me password nothing\n',
    { mode: 0o600 },
  );
  const refused = await mirror(settings + rule);
  t.match(refused, { code: 1, stderr: /401/ });
  t.match(refused.stderr, /netrc-file/);
  writeFileSync(netrc, `machine ${host} login mirror password t0p-#secret\n`, { mode: 0o600 });
  const right = await mirror(settings + rule);
  t.match(right, { code: 0, stderr: '' });
  t.match(readdirSync(join(target, 'web/simple')), ['acme-core', 'alpha']);
  t.ok(
    server.requests.every(({ headers }) => headers.authorization === undefined),
    'nobody else is told',
  );
  const encoded = Buffer.from('mirror:t0p-#secret').toString('base64');
  for (const secret of ['t0p-#secret', encoded]) {
    t.notOk([right, refused].some(({ stdout, stderr }) => (stdout + stderr).includes(secret)));
    t.notOk(
      filesIn(target).some((path) => readFileSync(path).includes(secret)),
      'and nothing of it is kept',
    );
  }
  writeFileSync(netrc, '', { mode: 0o600 });
  const open644 = join(folder, 'open');
  writeFileSync(open644, `machine ${host} login mirror password t0p-#secret\n`);
  chmodSync(open644, 0o644);
  const exposed = await mirror(settings.replace(netrc, open644) + rule);
  t.match(exposed, { code: 2, stderr: /expected mode 0600 or 0640, found 0644/ });
  const written = await mirror(`${settings}${rule.replace('https://', 'https://mirror:t0p-secret@')}`);
  t.match(written, { code: 2, stderr: /put the password into netrc-file/ });
  t.notMatch(written.stderr, /t0p-secret/);
});

function filesIn(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  return paths.filter((path) => statSync(path).isFile());
}
