/** The local disk's errors, where no adapter reads or writes. */
import { messageOf } from '../../core/caught-error.ts';
import { StorageError } from '../../core/errors.ts';

/** Runs `work`; what is thrown and not said yet becomes a StorageError that begins with `what`. */
export function guardStorage<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    throw new StorageError(`${what}: ${messageOf(cause)}`, { cause });
  }
}
