/** Explains certificates that are not trusted, because "self-signed certificate" alone does not say what to do. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import type { Dispatcher } from 'undici';
import { errorCode } from '../../core/caught-error.ts';

const handshakeTimeoutMs = 10_000;
const connected = 'undici:client:connected';

/** The codes of certificate errors in OpenSSL and Node. */
const codes =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|ERR_TLS_CERT_ALTNAME_INVALID)/;

/** Returns true if a connection failed because of the peer's certificate. */
export function isCertificateError(error: Error): boolean {
  return codes.test(errorCode(error) ?? '');
}

/**
 * Explains why `error` ended a connection to the host of `url`: who issued the certificate, and what to do. `open` must
 * return a dispatcher that accepts any certificate; no data is sent through it.
 */
export async function explainCertificate(url: URL, error: Error, open: () => Dispatcher): Promise<string> {
  const { host, hostname } = url;
  const found = await peerCertificateOf(url, open());
  const issuer = found && nameOf(found.issuer);
  const by = issuer === undefined ? '' : `, issued by ${JSON.stringify(issuer)}`;
  return `the certificate of ${host}${by} is not trusted: ${error.message}; ${adviceFor(error, hostname, found)}`;
}

function adviceFor(error: Error, hostname: string, found: PeerCertificate | undefined): string {
  const code = errorCode(error) ?? '';
  if (/EXPIRED|NOT_YET_VALID/.test(code)) {
    const dates = found === undefined ? '' : `it is good from ${found.valid_from} to ${found.valid_to}; `;
    return `${dates}is the clock of this machine right?`;
  }
  if (/ALTNAME|HOSTNAME/.test(code)) return `is ${hostname} the right name of the index in mirror.toml?`;
  return (
    'if that is the authority of your company, or of a proxy that opens TLS, put its certificate (PEM) into ca-file in ' +
    'mirror.toml, or among those of the system; else somebody is listening'
  );
}

/** Returns the common name and the organization. */
function nameOf({ CN, O }: PeerCertificate['issuer']): string | undefined {
  const parts = [CN, O].flat().filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? undefined : [...new Set(parts)].join(', ');
}

/** Returns the untrusted certificate of a connection to `url`, or undefined if there is none any more. */
async function peerCertificateOf(url: URL, dispatcher: Dispatcher): Promise<PeerCertificate | undefined> {
  let found: PeerCertificate | undefined;
  const see = (message: unknown): void => {
    const socket = typeof message === 'object' && message !== null && 'socket' in message ? message.socket : undefined;
    // The event also reports other connections made at the same time.
    if (!(socket instanceof TLSSocket) || socket.authorized || found !== undefined) return;
    found = socket.getPeerCertificate();
  };
  subscribe(connected, see);
  try {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, handshakeTimeoutMs);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      // Only the connection is needed, so the request is aborted.
      const onRequestStart = (controller: Dispatcher.DispatchController): void => controller.abort(new Error('seen'));
      dispatcher.dispatch(
        { origin: url.origin, path: '/', method: 'HEAD' },
        { onRequestStart, onResponseStart: end, onResponseData: () => {}, onResponseEnd: end, onResponseError: end },
      );
    });
  } finally {
    unsubscribe(connected, see);
    await dispatcher.destroy();
  }
  return found;
}
