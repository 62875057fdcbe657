/** A display on the terminal of the process. */
import type { Terminal } from './live-lines.ts';

const framesPerSecond = 10;

/** What is shown. */
export interface Display {
  draw(): void;
  erase(): void;
}

/** Shows what `open` makes for the terminal, and draws it again and again. Returns it, and how to take it away. */
export function showOnTerminal<T extends Display>(open: (terminal: Terminal) => T): { display: T; end(): void } {
  const display = open({
    get columns(): number {
      // A terminal without a size, such as a container's, says 0.
      return process.stdout.columns || 80;
    },
    // Where a key was echoed, such as ^C, the cursor is not at the beginning of its line.
    write: (text: string) => process.stdout.write(`\r${text}`),
  });
  display.draw();
  const timer = setInterval(() => display.draw(), 1000 / framesPerSecond);
  return {
    display,
    end: () => {
      clearInterval(timer);
      display.erase();
    },
  };
}
