/** Follows redirects of project pages, but only to other addresses of the same project on the same index. */
import { NonsenseError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import type { HttpResponse } from './http-client.ts';

export const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];
const maxRedirects = 3;

/** Matches the address of a project page: the part before the project, and the project. */
const pageAddress = /^(.*)\/([^/]+)\/?$/;
const ending = '/simple';

/**
 * Returns the next address of the page of `name`. `asked` are the addresses so far, the list of the index is at
 * `simple`. Throws NonsenseError for every other target, because it says nothing about the project, least of all that
 * it is gone.
 * `isOther` is true for an index other than the mirror's upstream: such indexes redirect to elsewhere for projects that
 * they do not have.
 */
export function nextAddress(
  name: ProjectName,
  asked: readonly URL[],
  { status, headers }: HttpResponse,
  simple: string,
  isOther: boolean,
): URL {
  const [first, from] = [asked[0], asked.at(-1)];
  const location = headers.location ?? '';
  if (first === undefined || from === undefined || !URL.canParse(location, from.href)) {
    throw new NonsenseError(`${first}: redirected (${status}) to ${location || 'nowhere'}; nothing was changed`);
  }
  const target = new URL(location, from);
  const index = indexOf(name, target);
  const isSeen = asked.some(({ href }) => href === target.href);
  if (index === simple && !isSeen && target.search === '' && asked.length <= maxRedirects) return target;
  const moved =
    index === undefined || index === simple || !index.endsWith(ending)
      ? ''
      : isOther
        ? '; what it does not have is not taken from another index: let it answer 404, or correct the rule in mirror.toml'
        : `; if the index has moved, put upstream = "${stem(index)}" into mirror.toml`;
  const what = isSeen ? 'in a circle' : `to ${target.href}, which is no address of this project at ${stem(simple)}`;
  throw new NonsenseError(`${first}: redirected (${status}) ${what}; nothing was changed${moved}`);
}

/** Returns the address of the index in the form of the setting `upstream`. */
function stem(simple: string): string {
  return simple.endsWith(ending) ? simple.slice(0, -ending.length) : simple;
}

/** Returns the address of the list if `url` is the address of the page of `name`, otherwise undefined. */
function indexOf(name: ProjectName, { protocol, origin, pathname, username, password }: URL): string | undefined {
  const [, before = '', text = ''] = pageAddress.exec(pathname) ?? [];
  if (!/^https?:$/.test(protocol) || username !== '' || password !== '' || projectName(decoded(text)) !== name)
    return undefined;
  return `${origin}${before}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
