/** The places where a mirror may lie. */
import type { StoragePlace } from '../../state/mirror-state.ts';
import type { StorageSettings } from '../config/storage.ts';

/** Returns the place that the settings name. */
export function placeOf({ bucket, prefix, hold }: StorageSettings): StoragePlace {
  return { bucket, prefix, hold };
}

/** Returns the place for people: where the mirror is, or where it goes to. */
export function placeText(place: StoragePlace | undefined, how: 'in' | 'to' = 'in'): string {
  if (place === undefined) return how === 'in' ? 'on the disk' : 'to the disk';
  const { bucket, prefix, hold } = place;
  return `${how} s3://${bucket}/${prefix} (hold = "${hold}")`;
}
