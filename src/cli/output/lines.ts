/** The lines of a program: what it prints to standard output and standard error. */
import { printable } from './printable.ts';

/** Receives lines: `out` gets progress and results, `err` what needs attention. */
export interface Lines {
  out(line: string): void;
  err(line: string): void;
}

/** Standard output and standard error. */
export const lines: Lines = {
  out: (line) => process.stdout.write(`${printable(line)}\n`),
  err: (line) => process.stderr.write(`${printable(line)}\n`),
};

/** Prints one of 1.5's lines, or an object in a JSON log. */
export function announce({ logFormat }: { readonly logFormat: 'text' | 'json' }, type: string, text: string): void {
  const message = text.trim();
  lines.out(logFormat === 'json' ? JSON.stringify({ time: new Date().toISOString(), type, message }) : text);
}
