/**
 * Makes messages fit for a page that everybody may read. Messages name folders of this machine, other indexes and their
 * addresses, and what another index said; a page names files, projects and the upstream only.
 */

const maxLength = 300;
const address = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>]+/gi;
/** A path with folders in it, which begins where a word does. */
const folders = /(^|[\s"'(=,;:[])(?:\/[^/\s"']+)+\/(?=[^/\s"'])/g;
/** What Node tells behind the code of an error: `connect ECONNREFUSED 192.0.2.1:443`. */
const place = /\b(E[A-Z_]{3,})(?: (?=\S*[.:\]])\S+)/g;

/** Returns `message` without paths of folders and without addresses other than those of `upstream`. */
export function publicText(message: string, upstream: string): string {
  const text = message
    .slice(0, 4 * maxLength)
    .replace(address, (found) => shownAddress(found, upstream))
    .replace(place, '$1')
    .replace(folders, '$1');
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
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
