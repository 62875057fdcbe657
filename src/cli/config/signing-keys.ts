/**
 * The Ed25519 keys of snapshots. The private one stays within the function that signs: it is in no message, and in no
 * folder that a web server shows.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf } from '../../core/caught-error.ts';
import { UsageError } from '../../core/errors.ts';
import type { Sign, Verify } from '../../core/signing.ts';
import { refuseExposed } from '../target/private-files.ts';
import type { Target } from '../target/target.ts';
import type { Settings } from './settings.ts';

/** Signs by `signing-key-file`; undefined without one. Throws UsageError, so that a run finds out before it does anything. */
export function readSigningKey(settings: Settings, target: Target): Sign | undefined {
  const key = privateKeyOf(settings, target);
  return key && ((bytes) => sign(null, bytes, key));
}

/** Verifies what that key has signed. Throws UsageError. */
export function readOwnKey(settings: Settings, target: Target): Verify | undefined {
  const key = privateKeyOf(settings, target);
  return key && verifierOf(createPublicKey(key));
}

/** Verifies by `upstream-key`; undefined without one. Throws UsageError. */
export function readUpstreamKey({ upstreamKey }: Settings): Verify | undefined {
  if (upstreamKey === undefined) return undefined;
  if (upstreamKey.startsWith('/')) return readPublicKey(upstreamKey, 'upstream-key');
  return verifierOf(publicKeyFrom('upstream-key', upstreamKey, pemOf(upstreamKey)));
}

/** Verifies by the public key in the file at `path`, which `where` named. Throws UsageError. */
export function readPublicKey(path: string, where: string): Verify {
  return verifierOf(publicKeyFrom(where, path, readKeyFile(path, where)));
}

/** What `openssl pkey -pubout` prints, without its first and last line. */
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
  // What OpenSSL has to say about it might quote it.
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
