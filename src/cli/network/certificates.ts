/**
 * Whom connections trust, and by what they show who we are. Node knows only the authorities that it brings along; the ones
 * that a company adds to its machines lie in the system's bundle.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { messageOf } from '../../core/caught-error.ts';
import { UsageError } from '../../core/errors.ts';
import { readText } from '../config/read-text.ts';
import type { Settings } from '../config/settings.ts';
import { refuseExposed } from '../target/private-files.ts';
import type { Target } from '../target/target.ts';

/** Where Debian, RHEL, SUSE and Alpine keep the certificates of all authorities in one file. */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The context that all TLS connections are made in: it trusts what Node does, what `ca-file` has, or else the system, and
 * NODE_EXTRA_CA_CERTS. Undefined where that is what Node does. Throws UsageError.
 */
export function readSecureContext(settings: Settings, target: Target, env: Environment): SecureContext | undefined {
  const { caFile, clientCertFile, clientKeyFile = clientCertFile } = settings;
  const known = new Set(rootCertificates.map(bodyOf));
  const isNew = (pem: string): boolean => !known.has(bodyOf(pem));
  const system = (): string[] => systemCertificates(env).filter(isNew).filter(isCertificate);
  const added = caFile === undefined ? system() : certificatesIn(caFile, 'ca-file').filter(isNew);
  const ca = [...new Set([...added, ...extra(env)])];
  if (clientCertFile !== undefined && clientKeyFile !== undefined) {
    const [cert, key] = [read(clientCertFile, 'client-cert-file'), read(clientKeyFile, 'client-key-file')];
    refuseExposed('client-key-file', clientKeyFile, target);
    return contextOf({ ca: [...rootCertificates, ...ca], cert, key }, `${clientCertFile} with ${clientKeyFile}`);
  }
  if (added.length === 0) return undefined;
  return contextOf({ ca: [...rootCertificates, ...ca] }, caFile ?? 'the certificates of the system');
}

function contextOf(options: Parameters<typeof createSecureContext>[0], what: string): SecureContext {
  try {
    return createSecureContext(options);
  } catch (cause) {
    // OpenSSL's reason might quote a key.
    throw new UsageError(`${what}: expected certificates and a key in PEM that belong together, not encrypted`, {
      cause,
    });
  }
}

function systemCertificates({ SSL_CERT_FILE }: Environment): string[] {
  for (const path of [...(SSL_CERT_FILE ? [SSL_CERT_FILE] : []), ...systemBundles]) {
    const text = readIfThere(path);
    if (text !== undefined) return split(text);
  }
  return [];
}

function extra({ NODE_EXTRA_CA_CERTS }: Environment): string[] {
  return NODE_EXTRA_CA_CERTS ? split(readIfThere(NODE_EXTRA_CA_CERTS) ?? '').filter(isCertificate) : [];
}

function certificatesIn(path: string, where: string): string[] {
  const found = split(read(path, where));
  const wrong = found.findIndex((pem) => !isCertificate(pem));
  if (found.length === 0) throw new UsageError(`${where}: ${path}: expected certificates in PEM, found none`);
  if (wrong >= 0) throw new UsageError(`${where}: ${path}: certificate ${wrong + 1} of ${found.length} cannot be read`);
  return found;
}

function split(text: string): string[] {
  return text.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? [];
}

/** One that cannot be read would make all others useless. */
function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function bodyOf(pem: string): string {
  return pem.replaceAll(/-----[^-]+-----|\s/g, '');
}

function read(path: string, where: string): string {
  try {
    return readText(path);
  } catch (cause) {
    throw new UsageError(`${where}: ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readText(path);
  } catch {
    // Nobody has named it: then what Node brings along has to do.
    return undefined;
  }
}
