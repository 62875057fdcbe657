/** Where a project page may lead: to another address of the same project on the same index, and nowhere else. */
import { NonsenseError } from '../../core/errors.ts';
import { type ProjectName, projectName } from '../../core/names.ts';
import type { HttpResponse } from './http-client.ts';

export const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];
const maxRedirects = 3;

/** An address of a project page, and what stands before the project in it. */
const pageAddress = /^(.*)\/([^/]+)\/?$/;
const ending = '/simple';

/**
 * The next address of the page of `name`, which was asked for at `asked`, from the index whose list is at `simple`.
 * Throws NonsenseError for every other target: it says nothing about the project, and least of all that it is gone.
 * `isOther` says that the index is not the upstream of the mirror: such ones send elsewhere for what they do not have.
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

/** The index as `upstream` names it. */
function stem(simple: string): string {
  return simple.endsWith(ending) ? simple.slice(0, -ending.length) : simple;
}

/** The list of the index whose page of `name` is at `url`; undefined when it is none. */
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
