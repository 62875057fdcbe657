/**
 * Traces what a program does to the files below a folder, in order, by strace. SQLite's own files and the programs
 * that it starts are included. Writes through shared memory are not seen: only SQLite's -shm files are written so, and
 * they are made anew after a crash.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { type Ended, run } from '../e2e/program.ts';

/**
 * One step that changes something on disk, or makes it durable. Paths are relative to the folder, which is '' itself.
 */
export type DiskStep =
  | { readonly kind: 'open'; readonly path: string; readonly append: boolean }
  | { readonly kind: 'mkdir'; readonly path: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'flush'; readonly path: string }
  | { readonly kind: 'flush all' }
  | { readonly kind: 'write'; readonly path: string; readonly at: number | undefined; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  | { readonly kind: 'link'; readonly path: string; readonly to: string };

const calls = [
  'open,openat,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,copy_file_range,sendfile',
  'fsync,fdatasync,sync,syncfs,sync_file_range,rename,renameat,renameat2,link,linkat,symlink,symlinkat',
  'unlink,unlinkat,mkdir,mkdirat,rmdir',
].join();

/** Returns the reason why nothing can be traced here, or false. */
export function traceMissing(): false | string {
  const { status, error } = spawnSync('strace', ['-f', '-e', 'trace=fsync', 'true'], { stdio: 'ignore' });
  if (error !== undefined) return 'strace is not installed';
  return status === 0 ? false : 'strace may not trace programs here';
}

/**
 * Runs `program` to its end. `log` is the path of a file for the trace, which is removed afterwards. Returns two
 * traces: what other threads do during a flush comes before the flush in the first, and after it in the second.
 */
export async function traced(
  program: string,
  args: readonly string[],
  folder: string,
  log: string,
): Promise<{ ended: Ended; traces: DiskStep[][] }> {
  const options = ['-f', '-y', '-xx', '-s', '100000000', '-o', log, '-e', `trace=${calls}`, '-e', 'signal=none'];
  const ended = await run(options[0] ?? '', [...options.slice(1), process.execPath, program, ...args], {
    command: 'strace',
  });
  const text = readFileSync(log, 'latin1');
  rmSync(log);
  return { ended, traces: [false, true].map((early) => parseTrace(text, folder, early)) };
}

interface Call {
  readonly name: string;
  readonly args: readonly string[];
  readonly result: number;
}

/**
 * Returns the steps below `folder` in the order in which they ended. With `flushEarly`, flushes are placed where they
 * began. Throws for an unknown call.
 */
function parseTrace(text: string, folder: string, flushEarly: boolean): DiskStep[] {
  return callsIn(text, flushEarly).flatMap((call) => stepsOf(call, (path) => below(folder, path)));
}

function callsIn(text: string, flushEarly: boolean): Call[] {
  /** The calls that threads have begun and not ended, by thread. */
  const begun = new Map<string, string>();
  const found: Call[] = [];
  for (const line of text.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      const call = rest.slice(0, -'<unfinished ...>'.length).trimEnd();
      begun.set(thread, call);
      if (flushEarly && isFlush(call)) found.push(parseCall(`${call}) = 0`) as Call);
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    if (flushEarly && resumed !== undefined && isFlush(begun.get(thread))) continue;
    const call = parseCall(resumed === undefined ? rest : (begun.get(thread) ?? '') + resumed);
    if (call !== undefined && call.result >= 0) found.push(call);
  }
  return found;
}

function isFlush(call = ''): boolean {
  return /^(?:fsync|fdatasync|syncfs)\(/.test(call);
}

function parseCall(text: string): Call | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(') ');
  const result = /^\) += (-?\d+)/.exec(text.slice(close))?.[1];
  if (open < 0 || close < 0 || result === undefined) return undefined;
  // strace writes everything that could contain a comma as hexadecimal numbers.
  return { name: text.slice(0, open), args: text.slice(open + 1, close).split(', '), result: Number(result) };
}

type Below = (path: string | undefined) => string | undefined;

/** Returns `path` relative to `folder`, or undefined if it lies elsewhere. */
function below(folder: string, path: string | undefined): string | undefined {
  if (path === folder) return '';
  return path?.startsWith(`${folder}/`) === true ? path.slice(folder.length + 1) : undefined;
}

function stepsOf(call: Call, below: Below): DiskStep[] {
  const { name, args, result } = call;
  const [first, second, third, fourth] = args;
  const at = (descriptor: string | undefined): string | undefined => below(pathOfDescriptor(descriptor));
  const named = (argument: string | undefined): string | undefined => below(bytesIn(argument).toString());
  switch (name) {
    case 'open':
      return opened(named(first), second ?? '');
    case 'openat':
      return opened(named(second), third ?? '');
    case 'write':
      return written(at(first), undefined, bytesIn(second).subarray(0, result));
    case 'pwrite64':
      return written(at(first), Number(fourth), bytesIn(second).subarray(0, result));
    case 'ftruncate':
      return on(at(first), (path) => ({ kind: 'truncate', path, size: Number(second) }));
    case 'fsync':
    case 'fdatasync':
      return on(at(first), (path) => ({ kind: 'flush', path }));
    case 'sync':
      return [{ kind: 'flush all' }];
    case 'syncfs':
      return on(at(first), () => ({ kind: 'flush all' }));
    case 'rename':
    case 'link':
      return moved(name, named(first), named(second));
    case 'unlink':
    case 'rmdir':
      return on(named(first), (path) => ({ kind: 'remove', path }));
    case 'mkdir':
      return on(named(first), (path) => ({ kind: 'mkdir', path }));
    default:
      if (args.some((argument) => (at(argument) ?? named(argument)) !== undefined)) {
        throw new Error(`the trace has a call that nobody knows: ${name}(${args.join(', ')})`);
      }
      return [];
  }
}

function on(path: string | undefined, step: (path: string) => DiskStep): DiskStep[] {
  return path === undefined ? [] : [step(path)];
}

function opened(path: string | undefined, flags: string): DiskStep[] {
  if (path === undefined || !flags.includes('O_CREAT')) return [];
  const empty: DiskStep = { kind: 'truncate', path, size: 0 };
  return [{ kind: 'open', path, append: flags.includes('O_APPEND') }, ...(flags.includes('O_TRUNC') ? [empty] : [])];
}

function written(path: string | undefined, at: number | undefined, bytes: Buffer): DiskStep[] {
  return on(path, (path) => ({ kind: 'write', path, at, bytes }));
}

function moved(kind: 'rename' | 'link', path: string | undefined, to: string | undefined): DiskStep[] {
  if (path === undefined && to === undefined) return [];
  if (path === undefined || to === undefined) throw new Error('something was moved out of the folder or into it');
  return [{ kind, path, to }];
}

/**
 * Returns the path of a descriptor such as `21<\x2f\x74>`; undefined if `(deleted)` follows, as the file has no name
 * then.
 */
function pathOfDescriptor(argument = ''): string | undefined {
  const path = /^\d+<((?:\\x[0-9a-f]{2})+)>$/.exec(argument)?.[1];
  return path === undefined ? undefined : bytesIn(`"${path}"`).toString();
}

function bytesIn(argument = ''): Buffer {
  const text = argument.startsWith('"') ? argument.slice(1, argument.indexOf('"', 1)) : '';
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}
