/** Loads a part of a program: a bundle of its own beside the program, for what only some runs need. */
import { messageOf } from '../../core/caught-error.ts';
import { MirrorError, UsageError } from '../../core/errors.ts';

/** Returns the module that `load` imports from the file `name`. Throws UsageError if the file cannot be loaded. */
export async function loadPart<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (cause instanceof MirrorError) throw cause;
    const reason = messageOf(cause);
    throw new UsageError(`${name}, which belongs beside the program, cannot be loaded: ${reason}`, { cause });
  }
}
