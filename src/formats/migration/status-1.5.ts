/** The file `status` of pep381client 1.5: its object `Synchronization`, pickled. */
import { readPickle } from './pickle-instructions.ts';
import { damaged, describe, type PickleValue } from './pickle-machine.ts';

/** What a mirror of 1.5 remembers of itself. Its projects have the names that the index of its time wrote. */
export interface Status15 {
  /** When the last run that completed was started: Unix seconds, 0 = none. */
  readonly lastCompleted: number;
  /** When the run was started that has not completed: Unix seconds, 0 = none. */
  readonly lastStarted: number;
  readonly completeProjects: readonly string[];
  readonly projectsToDo: readonly string[];
  /** Its files have names but no content. */
  readonly skipFileContents: boolean;
}

/** Reads the file `status`; `source` names it in errors. Throws {@link DamagedFileError}. */
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

/** Older versions did not store it. */
function flag(value: PickleValue | undefined): boolean | undefined {
  return value === undefined ? false : typeof value === 'boolean' ? value : undefined;
}

/** Changes of the index as a whole came without a name; 1.5 passed over them too. */
function names(value: PickleValue | undefined): string[] | undefined {
  if (typeof value !== 'object' || value?.kind !== 'set') return undefined;
  const members = new Set(value.items.slice(0, value.size));
  members.delete(null);
  members.delete('');
  const texts = [...members].filter((member) => typeof member === 'string');
  return texts.length === members.size ? texts : undefined;
}
