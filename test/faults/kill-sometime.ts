/** Kills programs at random moments. */
import { fileURLToPath } from 'node:url';
import { type Ended, start } from '../e2e/program.ts';

const killAt = fileURLToPath(new URL('../e2e/kill-at.cjs', import.meta.url));
/**
 * The highest number of the step at which a program is killed. Few runs have more steps that change something on disk.
 */
const mostSteps = 160;

/** Kills the programs that it starts: half of them before or within a step on disk, half of them at any instant. */
export class Killer {
  readonly #random: () => number;
  /** The usual duration of a program in milliseconds, a moving average. */
  #usualMs = 400;
  killed = 0;
  started = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Runs `program`, and calls `meanwhile` while it is at work. */
  async run(program: string, args: readonly string[], meanwhile: () => void): Promise<Ended> {
    this.started += 1;
    const byStep = this.#random() < 0.5;
    // Low numbers are more frequent than high ones, because not all programs have many steps.
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
