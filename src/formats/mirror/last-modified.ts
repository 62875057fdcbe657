/**
 * Returns the text of `last-modified` (PEP 381): the start of the last complete run in UTC, exactly as 1.5 wrote it.
 */
export function renderLastModified(startedMs: number): string {
  return `${new Date(startedMs).toISOString().slice(0, 19).replaceAll('-', '')}\n`;
}

/** Returns the time in milliseconds since 1970, or undefined if the text has another form. */
export function parseLastModified(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d:\d\d:\d\d)$/.exec(text.trim());
  const time = match === null ? Number.NaN : Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}Z`);
  return Number.isNaN(time) ? undefined : time;
}
