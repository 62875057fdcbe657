/** A log that is scanned in pieces, by several scanners at a time, is counted as by one that reads it from end to end. */
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { scanPiece } from '../../src/files/logs/log-pieces.ts';
import type { LogPiece, PieceScanner } from '../../src/files/piece-scanner.ts';
import { LogScanner, type ScannedLines } from '../../src/formats/logs/log-scanner.ts';
import { pseudoRandomNumbers } from '../sample/pseudo-random.ts';
import { logLine } from './log-text.ts';
import { TestStats } from './test-stats.ts';

/** Some scanners in turn, as threads would be; one that has less to do is ready first. */
class Scanners implements PieceScanner {
  readonly atOnce: number;
  readonly pieces: LogPiece[] = [];
  #scanners: LogScanner[] = [];

  constructor(atOnce: number) {
    this.atOnce = atOnce;
  }

  async scan(piece: LogPiece): Promise<ScannedLines> {
    if (piece.scan !== this.pieces.at(-1)?.scan) this.#scanners = this.#new();
    const turn = this.pieces.push(piece) % this.atOnce;
    const lines = scanPiece(this.#scanners[turn] as LogScanner, piece);
    for (let waits = turn; waits > 0; waits -= 1) await setImmediate();
    return lines;
  }

  #new(): LogScanner[] {
    return Array.from({ length: this.atOnce }, (_, id) => new LogScanner(id));
  }
}

/** All that a log may hold, in no order: clients that fetch in parts, agents, what is no line, and no end of the last. */
function log(lines: number): string {
  const random = pseudoRandomNumbers(5);
  const below = (limit: number): number => Math.floor(random() * limit);
  const text = Array.from({ length: lines }, (_, index) => {
    if (below(50) === 0) return ['\n', 'no line of a log\n', `${'x'.repeat(70_000)}\n`][below(3)];
    const seconds = Math.floor((index / lines) * 5 * 86_400);
    return logLine({
      at: new Date(Date.UTC(2026, 10, 1) + seconds * 1000).toISOString().slice(0, 19),
      file: [`foo-${below(6)}.zip`, `foo-${below(6)}.zip`, `foo-1.zip.metadata`, '/simple/foo/'][below(4)] ?? '',
      status: [200, 206, 206, 304][below(4)] ?? 0,
      client: `192.0.2.${below(2)}`,
      agent: [`pip/26.${below(9)}`, `uv/0.${below(9)} {\\"python\\":\\"3.1${below(5)}.0\\"}`, 'curl/8'][below(3)] ?? '',
    });
  });
  return text.join('').trimEnd();
}

t.test('the same is published byte for byte, however the log is cut, and by however many', async (t) => {
  const text = log(4000);
  const whole = new TestStats({ testdir: () => t.testdir() });
  await whole.write('pypi.log', text);
  await whole.run('pypi.log');
  const { counted, skipped } = whole.summary().lines;
  t.ok(counted > 100 && Object.values(skipped).every((count) => count > 10), JSON.stringify(skipped));
  for (const [atOnce, pieceBytes] of [
    [1, 2000],
    [2, 700],
    [3, 20_000],
    [4, 150_000],
  ] as const) {
    const pieces = new Scanners(atOnce);
    const stats = new TestStats({ testdir: () => t.testdir() }, { pieces, pieceBytes });
    await stats.write('pypi.log', text);
    await stats.run('pypi.log');
    t.ok(pieces.pieces.length > 3, `${pieces.pieces.length} pieces`);
    t.same(stats.published(), whole.published(), `${atOnce} scanners, pieces of ${pieceBytes} bytes`);
    await stats.run('pypi.log');
    t.same(stats.published(), whole.published(), 'and again');
  }
});

t.test(
  'the same is published when the log grows between runs, although downloads go on from one to the next',
  async (t) => {
    const text = log(1500);
    const whole = new TestStats({ testdir: () => t.testdir() });
    await whole.write('pypi.log', text);
    await whole.run('pypi.log');
    const stats = new TestStats({ testdir: () => t.testdir() });
    for (let part = 1; part <= 12; part += 1) {
      await stats.write('pypi.log', text.slice(0, Math.floor((text.length * part) / 12)));
      await stats.run('pypi.log');
    }
    t.same(stats.summary(), whole.summary());
    t.same(await stats.counts(), await whole.counts());
  },
);

t.test('what stands before a piece that cannot be read is counted, and the rest by the next run', async (t) => {
  const text = log(1000);
  const whole = new TestStats({ testdir: () => t.testdir() });
  await whole.write('pypi.log', text);
  await whole.run('pypi.log');
  const pieces = new Scanners(2);
  let isBroken = true;
  const breaking = {
    atOnce: 2,
    scan: (piece: LogPiece): Promise<ScannedLines> =>
      isBroken && pieces.pieces.length === 5 ? Promise.reject(new Error('EIO: i/o error, read')) : pieces.scan(piece),
  };
  const stats = new TestStats({ testdir: () => t.testdir() }, { pieces: breaking, pieceBytes: 10_000 });
  await stats.write('pypi.log', text);
  t.match((await stats.run('pypi.log')).failures, [/pypi\.log: cannot be read: EIO: i\/o error, read$/]);
  t.ok(stats.summary().lines.read > 0);
  isBroken = false;
  t.same((await stats.run('pypi.log')).failures, []);
  t.same(stats.summary(), whole.summary());
});
