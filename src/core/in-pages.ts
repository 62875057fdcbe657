import type { ProjectName } from './names.ts';

type Named = ProjectName | { readonly name: ProjectName };

/**
 * Yields pages of rows in the order of names. `read` returns the rows after a name; an empty page ends the loop. Begins
 * after `from`, or with the first row. Each page is read when it is needed, because work on one may change the next.
 */
export function* inPages<T extends Named>(
  read: (after: ProjectName | undefined) => readonly T[],
  from?: ProjectName,
): Iterable<readonly T[]> {
  for (let after = from; ; ) {
    const page = read(after);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = nameOf(last);
  }
}

function nameOf(row: Named): ProjectName {
  return typeof row === 'string' ? row : row.name;
}
