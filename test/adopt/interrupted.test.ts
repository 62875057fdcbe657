/** Taking over may end at any step: what is there can be read, and the next run goes on from there. */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import tap, { type Test } from 'tap';
import { StorageError } from '../../src/core/errors.ts';
import { mirrorPrograms } from '../../src/files/filesystem/mirror-programs.ts';
import { someCases } from '../fixtures/every-case.ts';
import { changeOf } from '../fixtures/mirror-state.ts';
import { recordingsMissing } from '../fixtures/shared-fixtures.ts';
import type { SampleServer } from '../sample/sample-server.ts';
import { type Archive, type Few, type OldMirror, openOldMirror, openUpstream, type Wrapped } from './old-mirror.ts';
import { readable } from './readable-tree.ts';

const skip = recordingsMissing;
/** ADOPT_STRIDE=1 takes every step; `npm run test:faults` takes more of them than three of each kind. */
const { ADOPT_STRIDE } = process.env;
/** A large target takes a step for each file. */
const shadowmire = ADOPT_STRIDE === undefined ? 'few-shadowmire-2' : 'target-shadowmire-2';

/** Counts the calls of methods that change something, and fails at one of them, before or after it has done its work. */
class Steps {
  readonly #failAt: number;
  readonly #late: boolean;
  count = 0;

  constructor(failAt = Number.POSITIVE_INFINITY, late = false) {
    this.#failAt = failAt;
    this.#late = late;
  }

  get wrapped(): Wrapped {
    return {
      files: (files) => this.#watch(files, ['publish', 'discard']),
      state: (state) => this.#watch(state, ['finish', 'set'], { held: this.#watch(state.held, ['addFiles']) }),
    };
  }

  #watch<T extends object>(watched: T, methods: readonly string[], parts: Partial<T> = {}): T {
    return new Proxy(watched, {
      get: (target, name) => {
        const value: unknown = Reflect.get(name in parts ? parts : target, name);
        if (typeof value !== 'function') return value;
        const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
        return methods.includes(String(name)) ? (...args: unknown[]) => this.#step(() => call(...args)) : call;
      },
    });
  }

  #step(work: () => unknown): unknown {
    this.count += 1;
    if (this.count < this.#failAt) return work();
    // Whatever else is under way fails, too: nothing happens after the end.
    const end = (): never => {
      throw new StorageError('the disk is gone');
    };
    if (!this.#late || this.count > this.#failAt) return end();
    const done = work();
    return done instanceof Promise ? done.then(end) : end();
  }
}

const upstreams = new Map<string, Promise<SampleServer>>();

/** The target with an upstream that all tests of this archive share. */
async function open(t: Test, archive: Archive | Few): Promise<OldMirror> {
  const upstream = upstreams.get(archive) ?? openUpstream(tap, archive);
  upstreams.set(archive, upstream);
  return openOldMirror(t, archive, await upstream);
}

async function countSteps(mirror: OldMirror): Promise<number> {
  const steps = new Steps();
  await mirror.copy('counted').takeOver(steps.wrapped);
  return steps.count;
}

for (const archive of ['target-1.5-complete', shadowmire] as const) {
  tap.test(`${archive}: a failure at any step`, { skip }, async (t) => {
    const mirror = await open(t, archive);
    const all = await countSteps(mirror);
    t.ok(all > 20, `${all} steps`);
    const stride = Number(ADOPT_STRIDE ?? Math.floor(all / 3));
    for (const late of [false, true]) {
      const steps: number[] = [];
      for (let step = late ? 1 : Math.ceil(stride / 2); step <= all; step += stride) steps.push(step);
      t.ok(steps.length >= 3, `${steps.length} steps are tried`);
      for (const step of steps) {
        const name = `${late ? 'after' : 'before'} step ${step} of ${all}`;
        const broken = mirror.copy(`broken ${late} ${step}`);
        await t.rejects(broken.takeOver(new Steps(step, late).wrapped), { message: 'the disk is gone' });
        t.same(readable(broken.target), [], name);
        await broken.run();
        t.same(broken.downloads(), [], name);
        t.same(broken.published(), await broken.freshTree(), name);
        t.notOk(existsSync(join(broken.target, 'old-state')), name);
        t.same(
          broken.remembered((state) => state.totals().queued),
          0,
        );
      }
    }
  });

  tap.test(`${archive}: a pause at any project`, { skip }, async (t) => {
    const mirror = await open(t, archive);
    for (const projects of someCases([1, 3, 5], 2)) {
      const paused = mirror.copy(`paused ${projects}`);
      const pause = new AbortController();
      let adopted = 0;
      const report = ({ type }: { type: string }): void => {
        if (type === 'project-adopted') adopted += 1;
        if (adopted === projects) pause.abort();
      };
      await t.rejects(paused.run({ signal: pause.signal, report }), { name: 'PausedError' });
      t.same(readable(paused.target), [], `after ${projects} projects`);
      t.same(paused.requested(), [], 'upstream is not asked');
      await paused.run();
      t.same(paused.downloads(), []);
      t.same(paused.published(), await paused.freshTree());
    }
  });
}

for (const [archive, program] of [
  ['target-1.5-complete', 'pep381client 1.5'],
  ['few-bandersnatch-8', 'bandersnatch'],
  ['few-shadowmire-2', 'shadowmire'],
] as const) {
  tap.test(`${archive}: an end while its state is put aside`, { skip }, async (t) => {
    const mirror = await open(t, archive);
    const state = mirrorPrograms.find((kind) => kind.program === program)?.state ?? [];
    await mirror.takeOver();
    const aside = state.filter((path) => existsSync(join(mirror.target, 'old-state', path)));
    t.ok(aside.length > 2);
    for (const done of someCases([...aside.keys()], 3, 1)) {
      const killed = mirror.copy(`killed ${done}`);
      killed.remembered((store) => store.set(changeOf({ adopting: 'the old one', adopted: undefined })));
      for (const path of aside.slice(done))
        renameSync(join(killed.target, 'old-state', path), join(killed.target, path));
      await killed.run();
      t.same(killed.adoptions()[0], 'the old one', `after ${done} of ${aside.length}`);
      for (const path of state) t.notOk(existsSync(join(killed.target, path)), path);
      t.same(killed.published(), await killed.freshTree());
    }
  });
}
