/** Control characters, characters that hide or reverse text, and lone surrogates, but not newlines and tabs. */
const unprintable = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Returns `text` with unsafe characters replaced. Text of upstream, pages and file names must not control a terminal.
 */
export function printable(text: string): string {
  return text.replace(unprintable, '?');
}
