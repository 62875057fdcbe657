/**
 * The certificates of TLS connections: trusted authorities, and the client's own. Node knows only its built-in
 * authorities. Those that a company adds to its machines are in the system's bundle.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { messageOf } from '../../core/caught-error.ts';
import { UsageError } from '../../core/errors.ts';
import { readText } from '../config/read-text.ts';
import type { Settings } from '../config/settings.ts';
import { refuseExposed } from '../target/private-files.ts';
import type { Target } from '../target/target.ts';

/** The files in which Debian, RHEL, SUSE and Alpine keep the certificates of all authorities. */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the context for TLS connections, or undefined if Node's default does the same. */
export type GetSecureContext = () => SecureContext | undefined;

/**
 * Reads the context for all TLS connections. It trusts Node's authorities, those of `ca-file` or else of the system,
 * and those of NODE_EXTRA_CA_CERTS. The files that settings name are read at once. Those of the system are read when
 * the first connection needs them, because that takes longer than the rest of a program's start. Throws UsageError.
 */
export function readSecureContext(settings: Settings, target: Target, env: Environment): GetSecureContext {
  let context: SecureContext | undefined;
  let isRead = false;
  const get = (): SecureContext | undefined => {
    if (!isRead) context = secureContextOf(settings, target, env);
    isRead = true;
    return context;
  };
  if (settings.caFile !== undefined || settings.clientCertFile !== undefined) get();
  return get;
}

function secureContextOf(settings: Settings, target: Target, env: Environment): SecureContext | undefined {
  const { caFile, clientCertFile, clientKeyFile = clientCertFile } = settings;
  const known = new Set(rootCertificates.map(bodyOf));
  const isNew = (pem: string): boolean => !known.has(bodyOf(pem));
  const system = (): string[] => systemCertificates(env).filter(isNew);
  const added = caFile === undefined ? system() : certificatesIn(caFile, 'ca-file').filter(isNew);
  const ca = [...new Set([...added, ...extra(env)])];
  if (clientCertFile !== undefined && clientKeyFile !== undefined) {
    const [cert, key] = [read(clientCertFile, 'client-cert-file'), read(clientKeyFile, 'client-key-file')];
    refuseExposed('client-key-file', clientKeyFile, target);
    return contextOf(
      { ca: [...rootCertificates, ...ca.filter(isCertificate)], cert, key },
      `${clientCertFile} with ${clientKeyFile}`,
    );
  }
  if (added.length === 0) return undefined;
  const what = caFile ?? 'the certificates of the system';
  try {
    return contextOf({ ca: [...rootCertificates, ...ca] }, what);
  } catch {
    // Each certificate is parsed by itself only if one of them cannot be read.
    return contextOf({ ca: [...rootCertificates, ...ca.filter(isCertificate)] }, what);
  }
}

function contextOf(options: Parameters<typeof createSecureContext>[0], what: string): SecureContext {
  try {
    return createSecureContext(options);
  } catch (cause) {
    // The message of OpenSSL might quote a key, so it is left out.
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

/** Returns true if the certificate is readable. An unreadable one would make all others useless. */
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
    // The file is optional. Without it Node's authorities must suffice.
    return undefined;
  }
}
