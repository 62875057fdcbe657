/** Reads the file `status` of pep381client 1.5: its pickled object `Synchronization`. */
import { readPickle } from './pickle-instructions.ts';
import { damaged, describe, type PickleValue } from './pickle-machine.ts';

/** The state of a mirror of 1.5. Project names are spelled as the index spelled them then. */
export interface Status15 {
  /** Start of the last completed run, in Unix seconds; 0 if there is none. */
  readonly lastCompleted: number;
  /** Start of the run that has not completed, in Unix seconds; 0 if there is none. */
  readonly lastStarted: number;
  readonly completeProjects: readonly string[];
  readonly projectsToDo: readonly string[];
  /** True if its files have names but no content. */
  readonly skipFileContents: boolean;
}

/** Reads the file `status`. `source` names it in errors. Throws {@link DamagedFileError}. */
export function parseStatus15(bytes: Buffer, source: string): Status15 {
  const wrong = (found: string): Error => damaged(source, bytes.length, found);
  const value = readPickle(bytes, source);
  if (typeof value !== 'object' || value?.kind !== 'instance' || value.of !== 'pep381client Synchronization') {
    throw wrong(`${describe(value)} in place of the status`);
  }
  const { attributes } = value;
  const read = <T>(name: string, parse: (value: PickleValue | undefined) => T | undefined): T => {
    const found = attributes.get(name);
    const parsed = parse(found);
    if (parsed !== undefined) return parsed;
    throw wrong(`${found === undefined ? 'nothing' : describe(found)} as ${name}`);
  };
  return {
    lastCompleted: read('last_completed', seconds),
    lastStarted: read('last_started', seconds),
    completeProjects: read('complete_projects', names),
    projectsToDo: read('projects_to_do', names),
    skipFileContents: read('skip_file_contents', flag),
  };
}

function seconds(value: PickleValue | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

/** Reads a flag, which older versions did not store. */
function flag(value: PickleValue | undefined): boolean | undefined {
  return value === undefined ? false : typeof value === 'boolean' ? value : undefined;
}

/** Reads names. Null and empty names stand for changes of the whole index, which 1.5 ignored too. */
function names(value: PickleValue | undefined): string[] | undefined {
  if (typeof value !== 'object' || value?.kind !== 'set') return undefined;
  const members = new Set(value.items.slice(0, value.size));
  members.delete(null);
  members.delete('');
  const texts = [...members].filter((member) => typeof member === 'string');
  return texts.length === members.size ? texts : undefined;
}
