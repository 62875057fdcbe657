/** Converts errors of the local disk, for code that uses no adapter. */
import { messageOf } from '../../core/caught-error.ts';
import { StorageError } from '../../core/errors.ts';

/**
 * Returns the result of `work`. Throws a StorageError of `work` as it is, and any other error as a StorageError whose
 * message begins with `what`.
 */
export function guardStorage<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    throw new StorageError(`${what}: ${messageOf(cause)}`, { cause });
  }
}
