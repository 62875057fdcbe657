/** A checkout of the scripts alone, with an npm that does what the test says. */
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { shellQuote } from '../../src/core/shell-quote.ts';

const here = fileURLToPath(new URL('../..', import.meta.url));

/** How a script ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Checkout {
  readonly folder: string;
  /** Goes before what the scripts would find otherwise. */
  readonly programs: string;

  constructor(folder: string) {
    this.folder = folder;
    this.programs = join(folder, 'programs');
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** A program that PATH leads to: it adds its arguments to what {@link called} returns, and does what `script` says. */
  program(name: string, script = ''): void {
    this.write(
      `programs/${name}`,
      `#!/bin/sh\necho ${name} "$@" >>${shellQuote(join(this.folder, 'called'))}\n${script}\n`,
    );
    chmodSync(join(this.programs, name), 0o755);
  }

  /** The calls since the last question. */
  called(): string[] {
    const lines = readFileSync(join(this.folder, 'called'), 'utf8').split('\n').slice(0, -1);
    this.write('called', '');
    return lines;
  }

  /** node_modules as a complete `npm ci` leaves it, with an addon that loads, or not. */
  install(addon: 'built' | 'unfit'): void {
    this.write('node_modules/.package-lock.json', readFileSync(join(this.folder, 'package-lock.json'), 'utf8'));
    const load = addon === 'built' ? '' : "throw new Error('Module did not self-register')";
    this.write('node_modules/better-sqlite3/index.js', `${load}\nmodule.exports = class { close() {} };`);
  }

  /** Runs a script with the programs of this checkout, the shell and Node, and nothing else. */
  run(script: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const child = spawn(process.execPath, [join(this.folder, 'scripts/developer', script), ...args], {
      env: { PATH: this.programs, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const told = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        told[stream] += text;
      });
    }
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...told })));
  }
}

/** Opens one whose package-lock.json names one package, and in which nothing is installed. */
export function openCheckout(t: Test): Checkout {
  const checkout = new Checkout(t.testdir({ called: '', programs: {} }));
  cpSync(join(here, 'scripts'), join(checkout.folder, 'scripts'), { recursive: true });
  const packages = {
    '': { version: '2.0.0' },
    'node_modules/better-sqlite3': { version: '12.0.0', integrity: 'sha512-x' },
    'node_modules/elsewhere': { version: '1.0.0', integrity: 'sha512-y', optional: true },
  };
  checkout.write('package-lock.json', JSON.stringify({ packages }));
  symlinkSync(process.execPath, join(checkout.programs, 'node'));
  return checkout;
}
