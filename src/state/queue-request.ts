import type { ProjectName } from '../core/names.ts';
import type { Wanted } from './state-store.ts';

/** A project that is asked for because it is known by name, not because upstream said something about it. */
export function wantedByName(name: ProjectName, displayName: string | undefined): Wanted {
  return { name, displayName: displayName ?? name, serial: 0, removed: false };
}
