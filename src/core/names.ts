/** Project names: valid by the core metadata rules, normalized by PEP 503. */

declare const normalized: unique symbol;

/** A normalized project name. Other spellings cannot have this type. */
export type ProjectName = string & { readonly [normalized]: true };

const valid = /^[A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?$/i;
const alreadyNormal = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Characters. Leaves room for suffixes within the 255 bytes that file systems allow. */
const maxNameLength = 200;

/** Returns the normalized form of `text` (PEP 503), or undefined if it is no valid project name. */
export function projectName(text: string): ProjectName | undefined {
  if (text.length > maxNameLength) return undefined;
  if (alreadyNormal.test(text)) return text as ProjectName;
  if (!valid.test(text)) return undefined;
  return text.replace(/[-_.]+/g, '-').toLowerCase() as ProjectName;
}
