/** Addresses of indexes, as people and lock files write them. */
import { indexNow } from './moved-indexes.ts';

/**
 * Stands for the index at `address`: the same for all its spellings, whatever scheme, password, slash or `/simple` they have.
 * Undefined for what is no address on the web, such as a path or one with a variable for its host.
 */
export function indexKey(address: string): string | undefined {
  const url = webAddress(address);
  if (url === undefined) return undefined;
  const now = new URL(indexNow(url.href));
  return `${now.host}${now.pathname}`.replace(/\/+$/, '').replace(/\/\+?simple$/, '');
}

/** The host of an address on the web; undefined for anything else. */
export function hostOf(address: string): string | undefined {
  return webAddress(address)?.host;
}

/** What an address on the web begins with, up to the host; undefined for anything else. */
export function originOf(address: string): string | undefined {
  return webAddress(address)?.origin;
}

/** `address` for messages: without a password. */
export function shownAddress(address: string): string {
  const url = webAddress(address);
  if (url !== undefined) return `${url.origin}${url.pathname}`;
  return JSON.stringify(address.slice(0, 100).replace(/\/\/[^/]*@/, '//'));
}

function webAddress(address: string): URL | undefined {
  const url = /^https?:\/\//i.test(address) && URL.canParse(address) ? new URL(address) : undefined;
  // A variable would pass for a host.
  return url === undefined || /[${}]/.test(url.host) ? undefined : url;
}

/** Whether it is an address of this very machine. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Whether clients accept provenance from there (PEP 740): by https, or from their own machine. */
export function isSecureOrigin(address: string): boolean {
  return address.startsWith('https:') || (URL.canParse(address) && isLoopback(new URL(address)));
}
