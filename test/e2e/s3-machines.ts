/** Machines that mirror into one bucket of a real store: targets that know nothing of each other, and clocks to move. */
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Program } from '../../src/cli/program/program.ts';
import type { S3Bucket } from '../../src/files/s3/s3-bucket.ts';
import { type FakeTime, openFakeTime } from '../fixtures/faketime.ts';
import type { ObjectStore } from '../fixtures/object-store.ts';
import { type Ended, killAtEnd, type Running, run, start } from './program.ts';
import { programHere } from './run-here.ts';

interface Test {
  testdir(): string;
  testdirName: string;
  teardown(end: () => unknown): void;
}

type Called = <Command extends { readonly kind: string }>(
  program: Program<Command>,
  ...args: string[]
) => Promise<Ended>;

/** A machine with a target. */
export interface StoreMachine {
  readonly target: string;
  /** Moves the clock of its programs, if it has one of its own. */
  readonly clock: FakeTime | undefined;
  /** Moves the clock of the store as this machine sees it: what it reads in the answers. */
  moveStore(minutes: number): void;
  /** The requests to the store so far, such as `PUT lease.json`. */
  readonly requests: string[];
  /** Makes the machine start anew, as far as its programs can see. */
  restart(): void;
  run(program: string, ...args: string[]): Promise<Ended>;
  /** Does the same in this process, with the clock of this process. */
  call: Called;
  /** Starts a program, which is killed at the end of the test at the latest. */
  begin(program: string, ...args: string[]): Running;
}

export interface MachineOptions {
  readonly store: ObjectStore;
  readonly hold?: 'files' | 'everything';
  readonly lease?: string;
  /** True for a clock of its own. */
  readonly hasClock?: boolean;
  readonly settings?: readonly string[];
}

/** Makes a machine. Its folder is below that of the test, which must have one. */
export async function openMachine(t: Test, name: string, options: MachineOptions): Promise<StoreMachine> {
  const { store, hold = 'everything', lease = '"1m"', hasClock = false, settings = [] } = options;
  const folder = join(t.testdirName, name);
  const target = join(folder, 'mirror');
  mkdirSync(target, { recursive: true });
  const door = await openDoor(t, store.endpoint, hasClock);
  const storage = [`bucket = "${store.bucket}"`, 'prefix = "m"', `endpoint = "${door.url}"`, `hold = "${hold}"`];
  writeFileSync(join(target, 'mirror.toml'), [...settings, '[storage]', ...storage, `lease = ${lease}`, ''].join('\n'));
  const clock = hasClock ? openFakeTime(folder) : undefined;
  const env = { AWS_ACCESS_KEY_ID: store.key, AWS_SECRET_ACCESS_KEY: store.secret, ...clock?.env };
  return {
    target,
    clock,
    moveStore: door.move,
    requests: door.requests,
    restart: () => {
      const record = join(target, 'lock/lease.json');
      writeFileSync(record, readFileSync(record, 'utf8').replaceAll(/"boot":"[^"]*"/g, '"boot":"another"'));
    },
    run: (program, ...args) => run(program, args, { env }),
    call: (program, ...args) => programHere(program, args, env),
    begin: (program, ...args) => {
      const running = start(program, args, { env });
      killAtEnd(t, running);
      return running;
    },
  };
}

interface Door {
  readonly url: string;
  readonly requests: string[];
  move(minutes: number): void;
}

/**
 * Serves what the store answers, with another date. If the machine has a clock of its own, a request that is signed more than
 * 15 minutes before that date is refused, as the store would do at that time.
 */
async function openDoor(t: Test, endpoint: string, hasClock: boolean): Promise<Door> {
  let movedMs = 0;
  const requests: string[] = [];
  const server = createServer((asked, answer) => {
    const { method, url = '', headers } = asked;
    requests.push(`${method} ${url.replace(/^\/[^/]*\/m\//, '')}`);
    if (hasClock && Date.now() + movedMs - signedAt(headers) > 15 * 60_000) {
      asked.resume();
      answer.writeHead(403).end('<Error><Code>RequestTimeTooSkewed</Code></Error>');
      return;
    }
    const passed = request(endpoint + url, { method, headers }, (from) => {
      const date = new Date(Date.parse(from.headers.date ?? '') + movedMs).toUTCString();
      answer.writeHead(from.statusCode ?? 500, { ...from.headers, date });
      from.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    answer.on('error', () => passed.destroy());
    asked.on('error', () => passed.destroy());
    asked.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const move = (minutes: number): void => {
    movedMs = minutes * 60_000;
  };
  return { url: `http://127.0.0.1:${port}`, requests, move };
}

/** Returns when a request was signed, in milliseconds since 1970. */
function signedAt({ 'x-amz-date': date }: IncomingHttpHeaders): number {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(date)) ?? [];
  const [year = 0, month = 0, day, hour, minute, second] = parts.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Returns the ETags and times of all objects below `prefix`, by key. */
export async function objectsIn(bucket: S3Bucket, prefix = ''): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for await (const { objects } of bucket.list(prefix))
    for (const { key, etag, modifiedMs } of objects) found.set(key, `${etag} ${modifiedMs}`);
  return found;
}
