/** Programs that are killed at a moment that chance has chosen. */
import { fileURLToPath } from 'node:url';
import { type Ended, start } from '../e2e/program.ts';

const killAt = fileURLToPath(new URL('../e2e/kill-at.cjs', import.meta.url));
/** Few runs have more steps that change something on disk. */
const mostSteps = 160;

/** Kills the programs it starts: half of them before or within a step on disk, half of them at any instant. */
export class Killer {
  readonly #random: () => number;
  /** How long programs take, of which there are faster ones and slower ones. */
  #usualMs = 400;
  killed = 0;
  started = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Calls `meanwhile` when the program is at work. */
  async run(program: string, args: readonly string[], meanwhile: () => void): Promise<Ended> {
    this.started += 1;
    const byStep = this.#random() < 0.5;
    // Few steps more often than many: not all programs have many.
    const step = Math.ceil(mostSteps * this.#random() ** 2);
    const afterMs = this.#usualMs * 1.1 * this.#random();
    const meanwhileMs = this.#usualMs * this.#random();
    const began = performance.now();
    const options = byStep ? { node: ['--require', killAt], env: { KILL_AT: String(step) } } : {};
    const running = start(program, args, options);
    const timers = [setTimeout(meanwhile, meanwhileMs)];
    if (!byStep) timers.push(setTimeout(() => running.kill('SIGKILL'), afterMs));
    const ended = await running.ended;
    for (const timer of timers) clearTimeout(timer);
    if (ended.code === 'SIGKILL') this.killed += 1;
    else this.#usualMs = 0.8 * this.#usualMs + 0.2 * (performance.now() - began);
    return ended;
  }
}
