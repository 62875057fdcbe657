import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** The first line of a log that contains `text`; waits up to half a minute, as Apache logs after it has answered. */
export async function logLine(log: string, text: string): Promise<string> {
  for (const deadline = Date.now() + 30_000; ; await delay(5)) {
    const line = (await readFile(log, 'utf8')).split('\n').find((line) => line.includes(text));
    if (line !== undefined) return line;
    if (Date.now() > deadline) throw new Error(`${log}: no line with ${text}`);
  }
}
