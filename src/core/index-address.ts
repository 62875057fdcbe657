/** Addresses of indexes, as people and lock files write them. */
import { indexNow } from './moved-indexes.ts';

/**
 * Returns a key that is the same for all spellings of the index at `address`, regardless of scheme, password, trailing
 * slash and `/simple`. Returns undefined if it is not a web address, such as a path or a URL with a variable as its
 * host.
 */
export function indexKey(address: string): string | undefined {
  const url = webAddress(address);
  if (url === undefined) return undefined;
  const now = new URL(indexNow(url.href));
  return `${now.host}${now.pathname}`.replace(/\/+$/, '').replace(/\/\+?simple$/, '');
}

/** Returns the host of a web address, or undefined if it is not one. */
export function hostOf(address: string): string | undefined {
  return webAddress(address)?.host;
}

/** Returns the origin of a web address, which is its scheme and host, or undefined if it is not one. */
export function originOf(address: string): string | undefined {
  return webAddress(address)?.origin;
}

/** Returns `address` without a password, for messages. */
export function shownAddress(address: string): string {
  const url = webAddress(address);
  if (url !== undefined) return `${url.origin}${url.pathname}`;
  return JSON.stringify(address.slice(0, 100).replace(/\/\/[^/]*@/, '//'));
}

function webAddress(address: string): URL | undefined {
  const url = /^https?:\/\//i.test(address) && URL.canParse(address) ? new URL(address) : undefined;
  // The URL parser accepts a variable as a host.
  return url === undefined || /[${}]/.test(url.host) ? undefined : url;
}

/** Returns true if the URL points to this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Returns true if clients accept provenance from this address (PEP 740): it has https, or is on the same machine. */
export function isSecureOrigin(address: string): boolean {
  return address.startsWith('https:') || (URL.canParse(address) && isLoopback(new URL(address)));
}
