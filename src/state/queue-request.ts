import type { ProjectName } from '../core/names.ts';
import type { QueueRequest } from './state-store.ts';

/** A project that is asked for because it is known by name, not because upstream said something about it. */
export function requestByName(name: ProjectName, displayName: string | undefined): QueueRequest {
  return { name, displayName: displayName ?? name, serial: 0, removed: false };
}
