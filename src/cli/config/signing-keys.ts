/**
 * The Ed25519 keys of snapshots. The private key stays within the function that signs: no message contains it, and a
 * key file in a folder that a web server serves is refused.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf } from '../../core/caught-error.ts';
import { UsageError } from '../../core/errors.ts';
import type { Sign, Verify } from '../../core/signing.ts';
import { refuseExposed } from '../target/private-files.ts';
import type { Target } from '../target/target.ts';
import type { Settings } from './settings.ts';

/**
 * Returns a function that signs with `signing-key-file`; undefined without one. Throws UsageError. It is called before
 * a run does anything, so that a wrong setting changes nothing.
 */
export function readSigningKey(settings: Settings, target: Target): Sign | undefined {
  const key = privateKeyOf(settings, target);
  return key && ((bytes) => sign(null, bytes, key));
}

/**
 * Returns a function that verifies signatures made with `signing-key-file`; undefined without one. Throws UsageError.
 */
export function readOwnKey(settings: Settings, target: Target): Verify | undefined {
  const key = privateKeyOf(settings, target);
  return key && verifierOf(createPublicKey(key));
}

/** Returns a function that verifies with `upstream-key`; undefined without one. Throws UsageError. */
export function readUpstreamKey({ upstreamKey }: Settings): Verify | undefined {
  if (upstreamKey === undefined) return undefined;
  if (upstreamKey.startsWith('/')) return readPublicKey(upstreamKey, 'upstream-key');
  return verifierOf(publicKeyFrom('upstream-key', upstreamKey, pemOf(upstreamKey)));
}

/**
 * Returns a function that verifies with the public key in the file at `path`. `where` is the setting or option that
 * names the file. Throws UsageError.
 */
export function readPublicKey(path: string, where: string): Verify {
  return verifierOf(publicKeyFrom(where, path, readKeyFile(path, where)));
}

/** Returns the PEM for `base64`, which is what `openssl pkey -pubout` prints without its first and last line. */
function pemOf(base64: string): Buffer {
  return Buffer.from(`-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`);
}

function verifierOf(key: KeyObject): Verify {
  return (bytes, signature) => verify(null, bytes, key, signature);
}

function privateKeyOf({ signingKeyFile }: Settings, target: Target): KeyObject | undefined {
  if (signingKeyFile === undefined) return undefined;
  const where = 'signing-key-file';
  const pem = readKeyFile(signingKeyFile, where);
  refuseExposed(where, signingKeyFile, target);
  const key = parsed(() => createPrivateKey(pem));
  // OpenSSL's error is not passed on, because it might quote the key.
  if (key?.asymmetricKeyType === 'ed25519') return key;
  throw new UsageError(`${where}: ${signingKeyFile}: expected an Ed25519 private key (PEM, not encrypted), found none`);
}

function publicKeyFrom(where: string, source: string, pem: Buffer): KeyObject {
  const isPrivate = pem.includes('PRIVATE KEY');
  const key = isPrivate ? undefined : parsed(() => createPublicKey(pem));
  if (key?.asymmetricKeyType === 'ed25519') return key;
  const found = isPrivate ? 'a private key, which belongs on the mirror that signs and nowhere else' : 'none';
  throw new UsageError(`${where}: ${source}: expected an Ed25519 public key (PEM), found ${found}`);
}

function parsed(parse: () => KeyObject): KeyObject | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function readKeyFile(path: string, where: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new UsageError(`${where}: ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
