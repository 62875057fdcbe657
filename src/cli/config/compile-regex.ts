/** Regular expressions of rules. They are a bundle of their own, because most policies have none. */
import { RE2JS } from 're2js';

/** Returns a test for a text. RE2 takes linear time for every pattern. Throws if `source` is no pattern of RE2. */
export function compileRegex(source: string): (text: string) => boolean {
  const pattern = RE2JS.compile(source);
  return (text) => pattern.matcher(text).find();
}
