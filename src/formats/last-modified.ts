/** `last-modified` (PEP 381): the moment the run started that completed, in UTC, exactly as 1.5 wrote it. */
export function renderLastModified(startedMs: number): string {
  return `${new Date(startedMs).toISOString().slice(0, 19).replaceAll('-', '')}\n`;
}
