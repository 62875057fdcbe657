/** Reads the source of a rule's projects. */
import { type ConfigValue, invalid, itemsOf, oneOf, textOf, unexpected } from './config-value.ts';
import { type Hold, holds, local, type OtherIndex } from './policy.ts';

/** The parts of a rule that name the source of its projects, and what is held of them. */
export interface GivenSource {
  readonly hold: ConfigValue | undefined;
  readonly upstream: ConfigValue | undefined;
  readonly fileHosts: ConfigValue | undefined;
}

/**
 * Returns what a rule holds, and its index, which is undefined for the upstream of the mirror, `main`. Throws
 * UsageError.
 */
export function parseSource(
  given: GivenSource,
  main: string | undefined,
): { readonly hold: Hold; readonly index: OtherIndex | undefined } {
  const { upstream, fileHosts } = given;
  const hold = given.hold === undefined ? 'files' : oneOf(given.hold, holds);
  if (upstream === undefined) {
    if (fileHosts !== undefined) return invalid(fileHosts, 'is for a rule with an upstream of its own');
    return { hold, index: undefined };
  }
  if (hold === local || hold === 'none') return invalid(upstream, `means nothing with hold = "${hold}"`);
  const url = parseIndexUrl(upstream);
  return { hold, index: url === main ? undefined : { url, fileHosts: itemsOf(fileHosts).map(host) } };
}

/**
 * Returns the address of an index without a trailing slash. The pages of projects lie below it, as for pip's
 * `--index-url`. An address without a path gets `/simple`, as the upstream of the mirror does. Throws UsageError.
 */
export function parseIndexUrl(given: ConfigValue): string {
  const text = textOf(given);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search + url.hash !== '') {
    return unexpected(given, 'an address such as https://py.internal.example/simple/');
  }
  if (url.username + url.password !== '') {
    return invalid(given, 'an address with a password would end up in logs; put the password into netrc-file');
  }
  return `${url.origin}${url.pathname === '/' ? '/simple' : url.pathname.replace(/\/+$/, '')}`;
}

function host(given: ConfigValue): string {
  const text = textOf(given);
  if (URL.canParse(`https://${text}/`) && new URL(`https://${text}/`).host === text) return text;
  return unexpected(given, 'a host such as files.internal.example');
}
