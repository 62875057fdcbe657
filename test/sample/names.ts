/** Project names as the standards spell them, written anew here: the sample must not share code with the mirror. */

/** The normalized form of a project name (PEP 503). */
export const normalizedName = (name: string): string => name.replace(/[-_.]+/g, '-').toLowerCase();

/** The form of a project name inside file names (PEP 625, PEP 427). */
export const escapedName = (name: string): string => normalizedName(name).replaceAll('-', '_');
