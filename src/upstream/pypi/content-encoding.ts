/** The Content-Encoding of bodies (RFC 9110, 8.4). */
import { NonsenseError } from '../../core/errors.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Returns true if the body is compressed with gzip. Throws NonsenseError if it has another coding, or more than one.
 */
export function isGzip(headers: Headers, url: URL): boolean {
  const header = String(headers['content-encoding'] ?? '');
  const codings = header.split(',').map((coding) => coding.trim().toLowerCase());
  const [coding, ...more] = codings.filter((coding) => coding !== '' && coding !== 'identity');
  if (coding === undefined) return false;
  if (more.length === 0 && (coding === 'gzip' || coding === 'x-gzip')) return true;
  throw new NonsenseError(
    `${url}: expected Content-Encoding: gzip or none, found ${JSON.stringify(header.slice(0, 100))}`,
  );
}
