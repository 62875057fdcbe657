import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { settingsFrom } from '../../../src/cli/config/settings.ts';
import { readOwnKey, readPublicKey, readSigningKey, readUpstreamKey } from '../../../src/cli/config/signing-keys.ts';
import { openTarget } from '../../../src/cli/target/target.ts';
import { UsageError } from '../../../src/core/errors.ts';
import { programsOrReason } from '../../fixtures/programs.ts';
import { makeSnapshotKeys } from '../../fixtures/snapshot-keys.ts';

const keys = makeSnapshotKeys();
const bytes = Buffer.from('what is signed');

function settings(name: 'signing-key-file' | 'upstream-key', value: string) {
  return settingsFrom(new Map([[name, { value, where: name }]]));
}

/** A folder with the key in a file, and what is said to it. */
function openKey(folder: string, pem: string, mode = 0o600) {
  const file = join(folder, 'sign.key');
  writeFileSync(file, pem);
  chmodSync(file, mode);
  return {
    file,
    read: (path = file) => readSigningKey(settings('signing-key-file', path), openTarget(join(folder, 'pypi'))),
  };
}

t.test('what the private key signs is right by the public one, from a file and as text', async (t) => {
  const folder = t.testdir();
  const { read, file } = openKey(folder, keys.privatePem, 0o640);
  const signature = read()?.(bytes) ?? new Uint8Array();
  t.equal(signature.length, 64);
  const path = join(folder, 'sign.pub');
  writeFileSync(path, keys.publicPem);
  for (const verify of [
    readPublicKey(path, '--key'),
    readUpstreamKey(settings('upstream-key', path)),
    readUpstreamKey(settings('upstream-key', keys.publicPem.split('\n')[1] ?? '')),
    readOwnKey(settings('signing-key-file', file), openTarget(join(folder, 'pypi'))),
  ]) {
    t.equal(verify?.(bytes, signature), true);
    t.equal(verify?.(Buffer.from('another'), signature), false);
    t.equal(verify?.(bytes, new Uint8Array(64)), false);
    t.equal(verify?.(bytes, new Uint8Array(3)), false);
  }
  t.equal(readUpstreamKey(settingsFrom(new Map())), undefined);
  t.equal(readSigningKey(settingsFrom(new Map()), openTarget(join(folder, 'pypi'))), undefined);
});

t.test('a key that others may read is refused', async (t) => {
  for (const mode of [0o644, 0o604, 0o660, 0o601]) {
    const { read } = openKey(t.testdir(), keys.privatePem, mode);
    t.throws(
      read,
      { code: 'usage', message: /expected mode 0600 or 0640, found 06\d\d; chmod 600 it$/ },
      mode.toString(8),
    );
  }
});

t.test('a key below web/ is refused, also when a link leads there', async (t) => {
  const folder = t.testdir();
  const web = join(folder, 'pypi/web');
  mkdirSync(web, { recursive: true });
  const { read } = openKey(web, keys.privatePem);
  const key = () =>
    readSigningKey(settings('signing-key-file', join(web, 'sign.key')), openTarget(join(folder, 'pypi')));
  t.throws(key, { code: 'usage', message: /lies in .*web, which everybody can read/ });
  symlinkSync(join(web, 'sign.key'), join(folder, 'link.key'));
  const linked = () =>
    readSigningKey(settings('signing-key-file', join(folder, 'link.key')), openTarget(join(folder, 'pypi')));
  t.throws(linked, { code: 'usage', message: /lies in / });
  t.type(read, 'function');
});

t.test('an invalid key is refused, and nothing of it is printed', async (t) => {
  const { privateKey: other } = generateKeyPairSync('ed448');
  const { privateKey: encrypted } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
  });
  const cut = keys.privatePem.replace(/.{5}\n-----END/, '\n-----END');
  for (const pem of [
    '',
    'nonsense',
    other.export({ type: 'pkcs8', format: 'pem' }).toString(),
    encrypted,
    cut,
    keys.publicPem,
  ]) {
    const message = told(openKey(t.testdir(), pem).read);
    t.match(message, /expected an Ed25519 private key \(PEM, not encrypted\), found none$/);
    for (const line of pem.split('\n')) t.ok(line.length < 10 || !message.includes(line.slice(0, 10)));
  }
  const folder = t.testdir();
  t.match(
    told(() => openKey(folder, '').read(join(folder, 'absent'))),
    /signing-key-file: [^\n]+ cannot be read: ENOENT/,
  );
  const path = join(folder, 'private.pub');
  writeFileSync(path, keys.privatePem);
  t.match(
    told(() => readPublicKey(path, '--key')),
    /found a private key, which belongs on the mirror that signs/,
  );
  writeFileSync(path, 'nonsense');
  t.match(
    told(() => readUpstreamKey(settings('upstream-key', path))),
    /upstream-key: .*expected an Ed25519 public key/,
  );
});

t.test('openssl verifies a signature as README.md says', opensslOrReason(), async (t) => {
  const folder = t.testdir();
  const sh = (script: string): string => execFileSync('sh', ['-ec', script], { cwd: folder, encoding: 'utf8' });
  sh('umask 077; openssl genpkey -algorithm ed25519 -out sign.key; openssl pkey -in sign.key -pubout -out signing.pub');
  const sign = readSigningKey(settings('signing-key-file', join(folder, 'sign.key')), openTarget(join(folder, 'pypi')));
  writeFileSync(join(folder, 'snapshot.json'), bytes);
  writeFileSync(join(folder, 'snapshot.json.sig'), `${Buffer.from(sign?.(bytes) ?? []).toString('base64')}\n`);
  const said = sh(`base64 -d snapshot.json.sig > snapshot.sig
    openssl pkeyutl -verify -pubin -inkey signing.pub -rawin -in snapshot.json -sigfile snapshot.sig`);
  t.match(said, 'Signature Verified Successfully');
});

function told(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return error instanceof UsageError ? error.message : `crashed: ${error}`;
  }
}

/** Versions before 3.0 cannot sign by such keys on their command line. */
function opensslOrReason(): { readonly skip: false | string } {
  const { skip } = programsOrReason('openssl');
  if (skip !== false) return { skip };
  const version = execFileSync('openssl', ['version'], { encoding: 'utf8' });
  return {
    skip: /^OpenSSL (?:[3-9]|\d\d)/.test(version) ? false : `needs OpenSSL 3.0 or later, found ${version.trim()}`,
  };
}
