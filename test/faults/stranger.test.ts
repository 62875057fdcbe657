/**
 * One project of 300 is a stranger's: it has every oddity in turn, and several together, while all others change. After
 * each run every other project is exactly right, everything that was announced as removed is gone, the stranger's own
 * removals among it where its page can be read, and the exit code is 0 or 1.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { RunTotals } from '../../src/cli/run/run-totals.ts';
import { named, type RunOptions, TestMirror } from '../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { projectPage } from '../sample/pages.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { oneOf } from './changing-upstream.ts';
import { differences, filesIn } from './differences.ts';
import { type Oddity, odditiesOf, oddPage } from './oddities.ts';
import { rounds, seededRandom } from './options.ts';

const dayMs = 24 * 60 * 60_000;
const names = Array.from({ length: 300 }, (_, at) => `crowd-${at}`);
const work = mkdtempSync(join(tmpdir(), 'stranger-'));
t.teardown(() => rmSync(work, { recursive: true, force: true }));

/** The same index twice: one server serves it as it is, the other one the stranger's project with its oddities. */
class Scene {
  readonly stranger: string;
  readonly #random: () => number;
  readonly #right: TestMirror;
  readonly #tried: TestMirror;
  readonly #server: SampleServer;
  #versions = 1;

  constructor(stranger: string, server: SampleServer, right: TestMirror, tried: TestMirror) {
    this.stranger = stranger;
    this.#random = seededRandom(stranger);
    this.#server = server;
    this.#right = right;
    this.#tried = tried;
  }

  get index(): SampleIndex {
    return this.#server.index;
  }

  async begin(): Promise<void> {
    await this.#right.run();
    await this.#tried.run();
  }

  /** Changes everything a little; the stranger publishes one file and takes another one away. Returns what is to go. */
  #change(): { readonly newest: string; readonly gone: readonly string[]; readonly goneOfStranger: readonly string[] } {
    const { index, stranger } = this;
    this.#versions += 1;
    const version = `1.${this.#versions}`;
    const others = index.projects().filter(({ name, quarantined }) => name !== stranger && !quarantined);
    const pick = (): string => oneOf(others.splice(Math.floor(this.#random() * others.length), 1), () => 0).name;
    index.publish(makeWheel({ name: pick(), version }));
    const [removed, hidden, emptied] = [pick(), pick(), pick()];
    const gone = [removed, hidden, emptied].flatMap((name) => this.#pathsOf(name));
    index.removeProject(removed);
    index.publish(makeWheel({ name: `more-${this.#versions}`, version }));
    index.quarantine(hidden);
    for (const filename of [...(index.find(emptied)?.files.keys() ?? [])]) index.removeFile(emptied, filename);
    const [oldest] = [...(index.find(stranger)?.files.keys() ?? [])];
    const wheel = makeWheel({ name: stranger, version });
    index.publish(wheel);
    const goneOfStranger = oldest === undefined ? [] : [index.pathOf(stranger, oldest).slice(1)];
    if (oldest !== undefined) index.removeFile(stranger, oldest);
    return { newest: wheel.filename, gone, goneOfStranger };
  }

  #pathsOf(name: string): string[] {
    return [...(this.index.find(name)?.files.values() ?? [])].map(({ path }) => path.slice(1));
  }

  /** One change with oddities chosen by `choose`, and what was wrong after each run. */
  async tryOut(choose: (all: readonly Oddity[]) => readonly Oddity[]): Promise<string[]> {
    const { newest, gone, goneOfStranger } = this.#change();
    const chosen = choose(odditiesOf(this.stranger, newest));
    const problems: string[] = [];
    const label = chosen.map(({ name }) => name).join('; ');
    this.#spoil(chosen);
    await this.#right.runLater();
    const isReadable = chosen.every((oddity) => oddity.isReadable !== false);
    const first = await this.#runTried();
    const toGo = isReadable ? [...gone, ...goneOfStranger] : gone;
    problems.push(...first.filter(isBad), ...this.#wrong('in the first run', toGo));
    const second = await this.#runTried();
    problems.push(...second.filter(isBad), ...this.#wrong('an hour later', toGo));
    // Several may be most of the page, which then is broken.
    if (chosen.length === 1 && chosen[0]?.stays !== true && second.length > 0)
      problems.push(`not at rest an hour later: ${second}`);
    this.#server.faults.clear();
    this.index.addRole(this.stranger, 'somebody');
    this.#tried.clock.advance(dayMs);
    this.#right.clock.advance(dayMs);
    await this.#right.runLater();
    const healed = await this.#runTried(true);
    if (healed.length > 0) problems.push(`a plain run does not heal: ${healed}`);
    problems.push(
      ...this.#wrong('in the end', toGo),
      ...differences('in the end', filesOf(this.#tried), filesOf(this.#right)),
    );
    return problems.map((problem) => `${label}: ${problem}`);
  }

  #spoil(chosen: readonly Oddity[]): void {
    const project = this.index.find(this.stranger);
    if (project === undefined) throw new Error('the stranger has gone');
    const { faults, url } = this.#server;
    if (chosen.some(({ page }) => page !== undefined)) {
      const body = oddPage(projectPage(project, url), chosen);
      const contentType = 'application/vnd.pypi.simple.v1+json';
      faults.add({ do: 'body', body, contentType, match: new RegExp(`^GET /simple/${this.stranger}/$`) });
    }
    for (const { fault } of chosen) if (fault !== undefined) faults.add(fault);
  }

  /** One run, an hour later; what it had to tell, which makes an exit code of 1. */
  async #runTried(accepts = false): Promise<string[]> {
    const tally = new RunTotals();
    const options: RunOptions = { timeoutMs: 200, report: (event) => tally.count(event) };
    const settings = accepts ? { acceptChanges: named(this.stranger) } : {};
    try {
      await this.#tried.runLater({ ...options, settings });
    } catch (error) {
      return [`${bad}${error instanceof Error ? error.stack : error}`];
    }
    const waiting = [...tally.parked].map(([name, { reason }]) => `${name}: ${reason}`);
    const alarms = tally.alarms.map((alarm) => `alarm: ${alarm}`);
    const others = waiting.filter((line) => !line.startsWith(`${this.stranger}: `));
    return [...waiting, ...alarms, ...others.map((line) => `${bad}another project: ${line}`)];
  }

  /** What is wrong with all others, and what should be gone and is not. */
  #wrong(when: string, gone: readonly string[]): string[] {
    const others = (mirror: TestMirror): object => ({
      files: Object.fromEntries(Object.entries(filesOf(mirror)).filter(([path]) => !this.#isOfStranger(path))),
      list: mirror.page().projects.filter(({ name }) => name !== this.stranger),
    });
    return [
      ...differences(when, others(this.#tried), others(this.#right)),
      ...gone
        .filter((path) => existsSync(join(this.#tried.web, path)))
        .map((path) => `${when}: ${path} is still there`),
      ...this.#tried.problems().map((problem) => `${when}: ${problem}`),
    ];
  }

  /** Its pages and files, and the list, which names its serial. */
  #isOfStranger(path: string): boolean {
    if (path.startsWith(`simple/${this.stranger}/`) || /^simple\/index\./.test(path)) return true;
    return path.includes(`/${this.stranger.replace('-', '_')}-`) || path.includes('/odd');
  }
}

function filesOf({ target }: TestMirror): Record<string, string> {
  return filesIn(target);
}

const bad = 'fatal: ';
const isBad = (line: string): boolean => line.startsWith(bad);

function mirrorOf(server: SampleServer, name: string): TestMirror {
  const target = join(work, name);
  mkdirSync(target);
  return new TestMirror(target, server);
}

for (const kind of ['in turn', 'together'] as const) {
  t.test(`oddities of one project, ${kind}`, async (t) => {
    const random = seededRandom(`oddities ${kind}`);
    const scene = await openScene(kind);
    const all = odditiesOf(scene.stranger, 'x.whl').map(({ name }) => name);
    const wished = kind === 'in turn' ? Math.min(all.length, rounds(0.4)) : rounds(0.1);
    for (let at = 0; at < wished; at += 1) {
      const names =
        kind === 'in turn'
          ? all.splice(Math.floor(random() * all.length), 1)
          : Array.from({ length: 2 + Math.floor(random() * 8) }, () => oneOf(all, random));
      const problems = await scene.tryOut((oddities) => oddities.filter(({ name }) => names.includes(name)));
      t.same(problems, [], names.join('; '));
    }
  });
}

async function openScene(label: string): Promise<Scene> {
  const index = new SampleIndex();
  const stranger = oneOf(names, seededRandom(label));
  for (const name of names) index.publish(makeWheel({ name, version: '1.0' }));
  index.publish(makeSdist({ name: stranger, version: '1.0' }));
  const [right, tried] = [await openSampleServer({ index }), await openSampleServer({ index })];
  t.teardown(() => Promise.all([right.close(), tried.close()]));
  const scene = new Scene(stranger, tried, mirrorOf(right, `${label} right`), mirrorOf(tried, `${label} tried`));
  await scene.begin();
  return scene;
}
