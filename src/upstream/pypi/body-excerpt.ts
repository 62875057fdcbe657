/** Shortens the body of a refusal to one line for people. */

const longestLine = 120;

/** Returns the first line of a text, or of the text that HTML shows. Returns an empty text if there is none. */
export function bodyExcerpt(body: Buffer): string {
  const text = body.subarray(0, 4096).toString('utf8');
  const shown = /<(?:!doctype|html|head|body)\b/i.test(text)
    ? text.replace(/<(script|style)\b[\s\S]*?(?:<\/\1>|$)/gi, '').replace(/<[^>]*>?/g, '\n')
    : text;
  const line = shown.split(/[\r\n]/).find((line) => line.trim() !== '') ?? '';
  return line.trim().replace(/\s+/g, ' ').slice(0, longestLine);
}
