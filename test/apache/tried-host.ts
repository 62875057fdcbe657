/** What the tests of the virtual hosts get, each of which is called with every host. */
import type { Host, Served } from '../fixtures/hosts.ts';

/** A virtual host with the small mirror behind it. */
export interface TriedHost {
  readonly host: Host;
  readonly apache: Served;
  /** The folder of the mirror. */
  readonly target: string;
}
