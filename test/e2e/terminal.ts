/** Runs a program in a real pseudo-terminal, made by `script` of util-linux, and shows its screen. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Test } from 'tap';
import { shellQuote } from '../../src/core/shell-quote.ts';
import { TerminalScreen } from './terminal-screen.ts';

/** A program in a terminal. */
export interface TerminalRun {
  /** Returns the lines on the screen at this moment. */
  screen(): string[];
  /** Presses keys: `\x03` is Ctrl-C. */
  type(keys: string): void;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
}

/** Returns the options of a test that needs a terminal: it is skipped, with the reason, if none can be made. */
export function terminalOrReason(): { readonly skip: false | string } {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return {
    skip: /util-linux/.test(stdout ?? '')
      ? false
      : 'there is no script of util-linux to make a terminal with: apt-get install bsdutils',
  };
}

/** Runs `command` in a terminal of `columns` columns until `t` ends. With 0 columns the terminal has no size. */
export function runInTerminal(t: Test, columns: number, command: readonly string[]): TerminalRun {
  const quoted = command.map(shellQuote).join(' ');
  const child = spawn('script', ['-qefc', `stty cols ${columns} rows 30; exec ${quoted}`, '/dev/null'], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', LANG: 'C.UTF-8', TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  // `script` ends after its program does: the folder of `t` is removed next, where the program must not write.
  t.teardown(() => {
    child.stdin.destroy();
    child.kill('SIGTERM');
    return ended;
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return {
    // An incomplete line is left out.
    screen: () => screenOf(output.slice(0, output.lastIndexOf('\n') + 1), columns || 80),
    type: (keys) => child.stdin.write(keys),
    ended,
  };
}

function screenOf(output: string, columns: number): string[] {
  const screen = new TerminalScreen(columns);
  screen.write(output);
  return screen.lines;
}
