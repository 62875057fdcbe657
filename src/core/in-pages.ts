import type { ProjectName } from './names.ts';

type Named = ProjectName | { readonly name: ProjectName };

/**
 * Yields what `read` returns of the rows behind a name, in their order, until that is nothing; it begins behind `from`, or
 * with the first row. Each page is read when it is asked for, as what is done with one may change those that follow.
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
