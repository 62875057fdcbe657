/**
 * Project names by the standards. They are implemented again here, because the sample must not share code with the
 * mirror.
 */

/** Returns the normalized form of a project name (PEP 503). */
export const normalizedName = (name: string): string => name.replace(/[-_.]+/g, '-').toLowerCase();

/** Returns the form of a project name in file names (PEP 625, PEP 427). */
export const escapedName = (name: string): string => normalizedName(name).replaceAll('-', '_');
