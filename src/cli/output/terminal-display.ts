/** Displays progress on the terminal of the process. */
import type { Terminal } from './live-lines.ts';

const framesPerSecond = 10;

/** A display that can be drawn and erased. */
export interface Display {
  draw(): void;
  erase(): void;
}

/** Opens a display on the terminal and redraws it regularly. Returns it with a function that ends it. */
export function showOnTerminal<T extends Display>(open: (terminal: Terminal) => T): { display: T; end(): void } {
  const display = open({
    get columns(): number {
      // A terminal without a size, such as a container's, reports 0.
      return process.stdout.columns || 80;
    },
    // If a key such as ^C was echoed, the cursor is not at the beginning of its line.
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
