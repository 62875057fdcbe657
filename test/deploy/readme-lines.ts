/** The lines of README.md that an administrator types, in their order. */
import { readFileSync } from 'node:fs';

/** The lines of the section `title`, and of its tables nothing. A line that ends with a backslash goes on. */
export function readmeLines(title: string): string[] {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, section] = readme.split(new RegExp(`^## ${title}\n`, 'm'));
  const text = section?.split(/^## /m)[0]?.replace(/^```[^\n]*\n.*?^```$/gms, '');
  if (text === undefined) throw new Error(`README.md: has no section ${title}`);
  return text.split('\n').flatMap((line) => (/^ {4}\S/.test(line) ? [line.slice(4)] : []));
}
