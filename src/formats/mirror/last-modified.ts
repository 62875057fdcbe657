/** `last-modified` (PEP 381): the moment the run started that completed, in UTC, exactly as 1.5 wrote it. */
export function renderLastModified(startedMs: number): string {
  return `${new Date(startedMs).toISOString().slice(0, 19).replaceAll('-', '')}\n`;
}

/** The time in milliseconds; undefined for what was not written so. */
export function parseLastModified(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d:\d\d:\d\d)$/.exec(text.trim());
  const time = match === null ? Number.NaN : Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}Z`);
  return Number.isNaN(time) ? undefined : time;
}
