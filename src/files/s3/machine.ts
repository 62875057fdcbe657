/** What tells this machine from others, and how long it has been running. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';

export interface Machine {
  /** The host's name, for messages. */
  readonly host: string;
  /** The same at each start and on no other machine: a hash of `/etc/machine-id`, or else the host's name. */
  readonly id: string;
  /** Changes with each start of the system; undefined if the system tells none. */
  readonly boot: string | undefined;
  /** Milliseconds since the start of the system. Goes on while the process is stopped and while the machine sleeps. */
  uptimeMs(): number;
}

const maxNameLength = 253;

/** Returns the machine that this process runs on. */
export function thisMachine(): Machine {
  const host = hostname()
    .replaceAll(/[^\w.-]/g, '-')
    .slice(0, maxNameLength);
  const machineId = readLine('/etc/machine-id');
  return {
    host: host === '' ? 'localhost' : host,
    // The file itself is not to be shown to others, as machine-id(5) asks.
    id:
      machineId === undefined ? `host ${host}` : createHash('sha256').update(`pep381client ${machineId}`).digest('hex'),
    boot: readLine('/proc/sys/kernel/random/boot_id'),
    uptimeMs: () => uptime() * 1000,
  };
}

/** Returns the id in a file of the system, or undefined if it has none. Images of containers come with other texts. */
function readLine(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^[0-9a-f-]{32,36}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
