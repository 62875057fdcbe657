/**
 * Makes messages fit for a page that everybody may read. Messages name folders of this machine, other indexes and their
 * addresses, and what another index said; a page names files, projects and the upstream only.
 */

import type { Policy } from '../policy/policy.ts';

const maxLength = 300;
const address = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>]+/gi;
/** The folders of a path, which does not begin within a word or an address. */
const folders = /(?<![\w:/.…\])-])(?:\/[^/\s"'`]+)+\/(?=[^/\s"'`])/g;
/**
 * What Node tells behind the code of an error of the network: `connect ECONNREFUSED 192.0.2.1:443`, `getaddrinfo
 * ENOTFOUND proxy`. Behind other words in capital letters, and where no address follows, is only text.
 */
const place =
  /\b((?:connect|bind|listen|send|getaddrinfo|query[A-Z]\w*) E[A-Z_]{3,}|ENOTFOUND|EAI_[A-Z]+|E[A-Z]{3,}(?= [^\s()]*\d[.:]\w)) (?!of\b)[^\s()]+/g;
/** Whom a certificate is of, which names hosts of a network. */
const certificate = /\b(issued by|altnames?:|Host:|Cert:|cert's)\s.*/is;
/** Users, and hosts without a scheme. */
const user = /[^\s"'`(]+@[^\s"'`)]+/g;
const bareAddress = /(?<![:\w])\/\/[^\s"'`)]+/g;
const ip = /(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?![\w-]|\.\w)/g;

/** What of the outside a page may name, and what not. */
interface Outside {
  readonly upstream: string;
  readonly policy: Policy | undefined;
}

/**
 * Returns `message` without paths of folders, without addresses other than those of the upstream, and without the hosts
 * of other indexes.
 */
export function publicText(message: string, { upstream, policy }: Outside): string {
  let text = message
    .slice(0, 4 * maxLength)
    .replace(address, (found) => shownAddress(found, upstream))
    .replace(certificate, '$1 …')
    .replace(user, '…')
    .replace(bareAddress, '…')
    .replace(place, '$1')
    .replace(ip, '…')
    .replace(folders, '');
  for (const host of otherHosts(policy)) {
    // The upstream's own name stays, although another index has the same host.
    if (host !== new URL(upstream).hostname) text = text.replace(wholeWord(host), 'another index');
  }
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}

function wholeWord(host: string): RegExp {
  return new RegExp(`(?<![\\w.-])${host.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-]|\\.\\w)`, 'gi');
}

/** Returns the hosts of the other indexes, with their ports and without. */
function otherHosts(policy: Policy | undefined): readonly string[] {
  const indexes = policy?.rules.flatMap(({ index }) => (index === undefined ? [] : [index])) ?? [];
  return indexes.flatMap(({ url, fileHosts }) => [new URL(url).host, new URL(url).hostname, ...fileHosts]);
}

function shownAddress(found: string, upstream: string): string {
  const [, end = ''] = /([:;,.)\]]*)$/.exec(found) ?? [];
  const text = found.slice(0, found.length - end.length);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return `…${end}`;
  if (url.origin === new URL(upstream).origin) return `${url.origin}${url.pathname}${end}`;
  const last = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .at(-1);
  return `${last === undefined ? '…' : `…/${last}`}${end}`;
}
