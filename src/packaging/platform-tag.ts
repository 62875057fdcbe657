/** Platform tags of wheels: PEP 425, 513, 571, 599, 600 (manylinux), 656 (musllinux), 730 (iOS), 738 (Android), 783. */
import { machinesOf } from './platform-tag-machines.ts';

/** The systems that tags distinguish. `any` stands for all of them. */
export type System = 'any' | 'linux' | 'macos' | 'windows' | 'ios' | 'android' | 'emscripten' | 'other';

/** A major and a minor version. */
export type LibcVersion = readonly [number, number];

/** The C library that a wheel for Linux needs, with the lowest version if the tag has one. */
export interface Libc {
  readonly name: 'glibc' | 'musl';
  readonly version: LibcVersion | undefined;
}

/** A platform that a wheel runs on. */
export interface Platform {
  readonly system: System;
  /** The first word of the tag if `system` is `other`: `freebsd`. */
  readonly other: string | undefined;
  /** Undefined for plain `linux_*` and for systems other than Linux. */
  readonly libc: Libc | undefined;
  /** The machines that the wheel holds code for, each by its one name. Undefined if the tag names none. */
  readonly machines: readonly string[] | undefined;
}

const shape = /^([a-z]+)(\d*)_?(.*)$/;
const versioned = /^(\d+)_(\d+)_(.+)$/;
const legacyGlibc: ReadonlyMap<string, LibcVersion> = new Map([
  ['1', [2, 5]],
  ['2010', [2, 12]],
  ['2014', [2, 17]],
]);

/** Reads a single platform tag, not a compressed set. An unknown tag is an `other` system. */
export function parsePlatformTag(tag: string): Platform {
  const [, word = '', number = '', rest = ''] = shape.exec(tag.toLowerCase()) ?? [];
  switch (word) {
    case 'linux':
      return platform('linux', rest);
    case 'manylinux':
      return manylinux(number, rest);
    case 'musllinux':
      return withLibc('musl', rest);
    case 'macosx':
    case 'darwin':
    case 'macos':
      return platform('macos', versioned.exec(rest)?.[3]);
    case 'win':
    case 'windows':
      return platform('windows', number === '32' ? 'i686' : number === '64' ? 'x86_64' : rest);
    case 'ios':
      return platform('ios', versioned.exec(rest)?.[3]?.replace(/_iphone(?:os|simulator)$/, ''));
    case 'android':
      return platform('android', rest.replace(/^\d+_/, ''));
    case 'emscripten':
    case 'pyodide':
    case 'pyemscripten':
      return platform('emscripten', rest.slice(rest.lastIndexOf('_') + 1));
    default:
      return tag.toLowerCase() === 'any' ? platform('any') : { ...platform('other'), other: word };
  }
}

function manylinux(number: string, rest: string): Platform {
  const version = legacyGlibc.get(number);
  if (version === undefined) return withLibc('glibc', rest);
  return platform('linux', rest, { name: 'glibc', version });
}

function withLibc(name: Libc['name'], rest: string): Platform {
  const [, major, minor, machine] = versioned.exec(rest) ?? [];
  const version: LibcVersion | undefined = machine === undefined ? undefined : [Number(major), Number(minor)];
  return platform('linux', machine, { name, version });
}

function platform(system: System, machine?: string, libc?: Libc): Platform {
  const machines = machine === undefined || machine === '' ? undefined : machinesOf(machine);
  return { system, other: undefined, libc, machines };
}
