/** Control characters, what hides or turns text around, and halves of characters; but not the ends of lines, nor tabs. */
const unprintable = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** `text` as it may be written: what upstream, a page or a file name says must not speak to a terminal. */
export function printable(text: string): string {
  return text.replace(unprintable, '?');
}
