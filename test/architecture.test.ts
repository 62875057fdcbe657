/**
 * The rules for what each layer of the project may import and do, and the reason for each rule. An error names the
 * file that breaks the rule.
 */
import t from 'tap';
import type { sections } from '../src/state/mirror-state.ts';
import { readSource, readSourceFiles, type SourceFile } from './fixtures/source-files.ts';

type Layer =
  | 'core'
  | 'packaging'
  | 'formats'
  | 'policy'
  | 'port'
  | 'pages'
  | 'site'
  | 'adapter'
  | 'use case'
  | 'cli'
  | 'cgi'
  | 'program';

const useCases = ['sync', 'check', 'stats', 'adopt', 'notify'];
const portFolders = ['upstream', 'state', 'files', 'provenance'];
const programs = /^(?:scripts\/(?:pep381run|processlogs|pep381checkfiles)|cgi\/pep381sync)\.ts$/;

function isPureFolder(folder: string): folder is 'core' | 'packaging' | 'formats' | 'policy' {
  return ['core', 'packaging', 'formats', 'policy'].includes(folder);
}

function layerOf(path: string): Layer | undefined {
  if (programs.test(path)) return 'program';
  const [top, folder = '', ...rest] = path.split('/');
  if (top !== 'src' || rest.length === 0) return undefined;
  if (isPureFolder(folder) || folder === 'pages' || folder === 'site') return folder;
  if (folder === 'cli' || folder === 'cgi') return folder;
  if (useCases.includes(folder)) return 'use case';
  if (portFolders.includes(folder)) return rest.length === 1 ? 'port' : 'adapter';
  return undefined;
}

/** The layers that each layer may import. An adapter may also import from its own folder. */
const below: Readonly<Record<Layer, readonly Layer[]>> = {
  core: ['core'],
  packaging: ['core', 'packaging'],
  formats: ['core', 'packaging', 'formats'],
  policy: ['core', 'packaging', 'formats', 'port', 'policy'],
  port: ['core', 'formats', 'port'],
  pages: ['core', 'formats', 'port', 'pages'],
  site: ['core', 'packaging', 'formats', 'policy', 'port', 'site'],
  'use case': ['core', 'packaging', 'formats', 'policy', 'port', 'pages', 'use case'],
  adapter: ['core', 'formats', 'port'],
  cli: ['core', 'packaging', 'formats', 'policy', 'port', 'use case', 'site', 'cli'],
  cgi: ['core', 'cgi'],
  program: ['cli'],
};

/**
 * The files that choose the adapters. The lock is another exception, because it is taken before there is a mirror to
 * open.
 */
const opener = /^src\/cli\/[a-z]+\/open(?:-[a-z]+)*\.ts$/;
const lock = 'src/state/sqlite/lock.ts';
/** The module that keeps the addon's path. Only the start of a program sets the path. */
const addon = 'src/state/sqlite/addon.ts';
const starter = 'src/cli/program/program.ts';

function mayImport(from: string, to: string): boolean {
  const [layer, target] = [layerOf(from), layerOf(to)];
  if (layer === undefined || target === undefined) return layer === 'cli' && to === 'package.json';
  if (from.startsWith('cgi/')) return target === 'cgi';
  if (target !== 'adapter') return below[layer].includes(target);
  if (layer === 'adapter') return folderOf(from) === folderOf(to);
  return layer === 'cli' && (opener.test(from) || to === lock || (from === starter && to === addon));
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function isOurs(module: string): boolean {
  return /^(?:src|scripts|cgi|test)\/|^package\.json$/.test(module);
}

/** Calls with tuples or lists of a fixed length, which no input can make longer. */
const ofFixedLength = [
  'add.run(day, ...tableOf(rows))',
  'this.#sql.addLog.run(...values)',
  'this.sql.update.run(...kinds.map((kind) => blobOf(pages[kind])), bucketOf(name), name)',
  'this.#sql.updateLog.run(...values, known)',
];

/** Who changes which section of the state, by the beginnings of paths. */
const owners: Readonly<Record<keyof typeof sections, readonly string[]>> = {
  serialState: ['src/sync/discover/', 'src/sync/serials.ts', 'src/cli/target/'],
  changelogState: ['src/sync/discover/'],
  listState: ['src/sync/discover/'],
  policyState: ['src/sync/discover/', 'src/sync/selection/', 'src/cli/run/check-room.ts'],
  missingState: ['src/sync/discover/', 'src/sync/selection/', 'src/sync/requirements/'],
  pageState: ['src/sync/discover/', 'src/sync/project/page/', 'src/sync/index/', 'src/cli/target/'],
  rootPiecesState: ['src/sync/index/'],
  indexState: ['src/sync/index/', 'src/sync/sync.ts', 'src/sync/discover/outdated-state.ts', 'src/adopt/'],
  snapshotState: ['src/sync/snapshot/'],
  limitState: ['src/sync/limits/'],
  runState: ['src/cli/run/'],
  adoptionState: ['src/cli/target/'],
  checkState: ['src/check/'],
  runResultsState: ['src/cli/run/'],
  alarmState: ['src/cli/run/'],
  checkResultsState: ['src/cli/check/'],
  logsResultsState: ['src/cli/logs/'],
  siteState: ['src/site/'],
  storageState: ['src/cli/storage/', 'src/sync/move-mirror.ts'],
  prefetchState: ['src/sync/prefetch.ts'],
  copyState: ['src/cli/storage/', 'src/cli/logs/', 'src/sync/discover/outdated-state.ts'],
};

function mayChange(path: string, section: string): boolean {
  if (path === 'src/state/mirror-state.ts') return true;
  const allowed = new Map<string, readonly string[]>(Object.entries(owners)).get(section) ?? [];
  return allowed.some((start) => path.startsWith(start));
}

interface Rule {
  readonly rule: string;
  readonly why: string;
  /** Returns everything in `file`, one of `all`, that breaks the rule. */
  breaches(file: SourceFile, all: ReadonlyMap<string, SourceFile>): readonly string[];
  /** A file that would break the rule: its path and its text. */
  readonly example: readonly [path: string, text: string];
  /** Another file that the example needs to break the rule. */
  readonly beside?: readonly [path: string, text: string];
}

const isPure = (path: string): boolean =>
  ['core', 'packaging', 'formats', 'policy', 'port'].includes(layerOf(path) ?? '');

const rules: readonly Rule[] = [
  {
    rule: 'every file belongs to a layer',
    why: 'a file outside of the layers is a file that no rule holds for',
    breaches: ({ path }) => (layerOf(path) === undefined ? ['is in no layer'] : []),
    example: ['src/utils/text.ts', ''],
  },
  {
    rule: 'imports point down',
    why: 'what lies below can be understood, tested and replaced without what lies above',
    breaches: ({ path, imports }) =>
      imports.filter((to) => isOurs(to) && !mayImport(path, to)).map((to) => `imports ${to}`),
    example: ['src/core/paths.ts', "import type { Mirror } from '../sync/mirror.ts';"],
  },
  {
    rule: 'use cases know the ports, never an adapter',
    why: 'the order of the steps is the same for every database, disk and index, and a test hands in its own',
    breaches: ({ path, imports }) =>
      layerOf(path) === 'use case'
        ? imports.filter((to) => ['adapter', 'cli'].includes(layerOf(to) ?? '')).map((to) => `imports ${to}`)
        : [],
    example: ['src/sync/work.ts', "export const open = () => import('../state/sqlite/schema.ts');"],
  },
  {
    rule: 'adapters do not know each other',
    why: 'each can be replaced alone only while none leans on another',
    breaches: ({ path, imports }) =>
      layerOf(path) === 'adapter'
        ? imports.filter((to) => layerOf(to) === 'adapter' && !mayImport(path, to)).map((to) => `imports ${to}`)
        : [],
    example: ['src/files/filesystem/flush.ts', "import { tables } from '../../state/sqlite/schema.ts';"],
  },
  {
    rule: 'only src/cli/*/open*.ts chooses adapters, and only src/cli takes the lock',
    why: 'another adapter is then a change in one place',
    breaches: ({ path, imports }) =>
      layerOf(path) === 'cli'
        ? imports.filter((to) => layerOf(to) === 'adapter' && !mayImport(path, to)).map((to) => `imports ${to}`)
        : [],
    example: ['src/cli/run/pep381run.ts', "import { HttpClient } from '../../upstream/pypi/http-client.ts';"],
  },
  {
    rule: 'only the start of a program says which SQLite addon is used',
    why: 'it is so for every connection of the process, and nobody has to pass it on',
    breaches: ({ path, imports }) =>
      path === starter || path.startsWith('src/state/sqlite/')
        ? []
        : imports.filter((to) => to === addon).map((to) => `imports ${to}`),
    example: ['src/cli/run/open-mirror.ts', "import { useAddon } from '../../state/sqlite/addon.ts';"],
  },
  {
    rule: 'what is pure uses no module of Node but the hashes',
    why: 'text in, values out: no disk, no network, nothing to set up in a test',
    breaches: ({ path, imports }) =>
      isPure(path)
        ? imports
            .filter((to) => !isOurs(to) && !(to === 'node:crypto' && path === 'src/core/hash.ts'))
            .map((to) => `imports ${to}`)
        : [],
    example: ['src/formats/simple/simple-json.ts', "import { gunzipSync } from 'node:zlib';"],
  },
  {
    rule: 'only adapters, src/site and src/cli use packages',
    why: 'a dependency that only one folder knows can be exchanged by changing one folder',
    breaches: ({ path, imports }) =>
      ['adapter', 'site', 'cli'].includes(layerOf(path) ?? '')
        ? []
        : imports.filter((to) => !isOurs(to) && !to.startsWith('node:')).map((to) => `imports ${to}`),
    example: ['src/pages/publish-pages.ts', "import { Agent } from 'undici';"],
  },
  {
    rule: 'only src/cli touches the process, the console, the time and chance',
    why: 'with time and output handed in, a run that is killed at step 37 is an ordinary unit test',
    breaches: ({ path, globals, imports }) =>
      ['cli', 'program'].includes(layerOf(path) ?? '')
        ? []
        : [
            ...globals.map((name) => `uses ${name}`),
            ...imports
              .filter((to) => /^node:(?:timers|process|readline|console)/.test(to))
              .map((to) => `imports ${to}`),
          ],
    example: ['src/sync/work.ts', 'export const now = () => Date.now();'],
  },
  {
    rule: 'no list is spread into arguments',
    why: 'they lie on the stack, which is full after some hundred thousand: whoever writes the list ends the run',
    breaches: ({ spreads }) =>
      spreads.filter((call) => !ofFixedLength.includes(call)).map((call) => `has ${call.replaceAll(/\s+/g, ' ')}`),
    example: ['src/policy/x.ts', 'export const least = (ranks: number[]) => Math.min(...ranks);'],
  },
  {
    rule: 'a section of the state is changed by its owners',
    why: 'what a feature remembers can be understood by reading the feature',
    breaches: ({ path, changedSections }) =>
      changedSections.filter((section) => !mayChange(path, section)).map((section) => `changes ${section}`),
    example: ['src/check/check.ts', 'state.set(change(serialState, { serial: 5 }));'],
  },
  {
    rule: 'only core/paths.ts makes paths of the tree',
    why: 'every part of a path is matched there against what may be one, so that no index names a place outside',
    breaches: ({ path, claims }) =>
      path !== 'src/core/paths.ts' && claims.some((type) => /\bWebPath\b/.test(type)) ? ['says `as WebPath`'] : [],
    example: ['src/adopt/x.ts', "export const root = 'simple' as WebPath;"],
  },
  {
    rule: 'no imports in a circle',
    why: 'files that need each other are one file that was cut in the wrong place',
    breaches: ({ path }, all) => {
      const way = wayBack(path, all);
      return way === undefined ? [] : [`imports itself by way of ${way.join(', ')}`];
    },
    example: ['src/sync/circle.ts', "import type { Circle } from './circle.ts';"],
  },
  {
    rule: 'folders of sync/ and cli/ import each other in one direction only',
    why: 'what is below can be read without what is above, and a change above cannot break what is below',
    breaches: ({ path, imports }, all) => {
      const from = roomOf(path);
      if (from === undefined) return [];
      return imports
        .filter((to) => roomOf(to) !== from && roomsBelow(to, all).has(from))
        .map((to) => `imports ${to}, while ${roomOf(to)} leads back to ${from}`);
    },
    example: ['src/cli/output/table.ts', "import type { Row } from '../run/render-plan.ts';"],
    beside: ['src/cli/run/run-totals.ts', "import { showSeconds } from '../output/units.ts';"],
  },
  {
    rule: 'no default exports',
    why: 'a thing has one name, and a search for it finds every use',
    breaches: ({ hasDefaultExport }) => (hasDefaultExport ? ['has a default export'] : []),
    example: ['src/core/x.ts', 'export default function x() {}'],
  },
  {
    rule: 'no barrels',
    why: 'an import says where a thing is, and loads nothing else',
    breaches: ({ reexports }) => reexports.map((module) => `exports what ${module} declares`),
    example: ['src/core/index.ts', "export * from './names.ts';"],
  },
  {
    rule: 'no file is longer than 500 lines',
    why: 'a longer file does more than one thing',
    breaches: ({ lines }) => (lines > 500 ? [`has ${lines} lines`] : []),
    example: ['src/core/x.ts', '\n'.repeat(501)],
  },
  {
    rule: 'the CGI loads neither the database nor the HTTP client',
    why: 'it answers a web request, and each of them takes longer to load than everything else it does',
    breaches: ({ path }, all) =>
      path.startsWith('cgi/')
        ? [...reachable(path, all)]
            .filter((to) => /^(?:better-sqlite3|undici)(?:\/|$)/.test(to))
            .map((to) => `loads ${to}`)
        : [],
    example: ['cgi/pep381sync.ts', "import { Agent } from 'undici';"],
  },
];

/** Returns the paths of all files that are loaded when the file at `path` is loaded. */
function reachable(path: string, all: ReadonlyMap<string, SourceFile>): Set<string> {
  const found = new Set<string>();
  const open = [path];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const to of all.get(next)?.imports ?? []) {
      if (!found.has(to)) open.push(to);
      found.add(to);
    }
  }
  return found;
}

/**
 * Returns the folder of src/sync or src/cli in which a file lies, or the file itself if it lies in none of them;
 * undefined elsewhere.
 */
function roomOf(path: string): string | undefined {
  return /^src\/(?:sync|cli)\/[^/]+/.exec(path)?.[0];
}

/** Returns the room of the file at `path`, and all rooms that its files import, directly or not. */
function roomsBelow(path: string, all: ReadonlyMap<string, SourceFile>): ReadonlySet<string | undefined> {
  const found = new Set([roomOf(path)]);
  for (const room of found) for (const to of roomsImportedIn(all).get(room) ?? []) found.add(to);
  return found;
}

type Rooms = Map<string | undefined, Set<string | undefined>>;
const roomsImported = new WeakMap<ReadonlyMap<string, SourceFile>, Rooms>();

/** Returns what each room imports itself. */
function roomsImportedIn(all: ReadonlyMap<string, SourceFile>): Rooms {
  const known = roomsImported.get(all);
  if (known !== undefined) return known;
  const rooms: Rooms = new Map();
  for (const { path, imports } of all.values()) {
    const room = roomOf(path);
    if (room !== undefined) rooms.set(room, new Set([...(rooms.get(room) ?? []), ...imports.map(roomOf)]));
  }
  roomsImported.set(all, rooms);
  return rooms;
}

/** Returns the shortest way along imports from the file at `path` back to it; undefined if there is none. */
function wayBack(path: string, all: ReadonlyMap<string, SourceFile>): string[] | undefined {
  const ways: string[][] = (all.get(path)?.imports ?? []).map((to) => [to]);
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const at = way.at(-1) ?? '';
    if (at === path) return way;
    if (seen.has(at)) continue;
    seen.add(at);
    for (const to of all.get(at)?.imports ?? []) ways.push([...way, to]);
  }
  return undefined;
}

const files = readSourceFiles('src', 'scripts', 'cgi').filter(
  // Tools for developers are not part of the product.
  ({ path }) => path.startsWith('src/') || programs.test(path),
);

function breachesOf({ breaches, why }: Rule, sources: readonly SourceFile[]): string[] {
  const all = new Map(sources.map((file) => [file.path, file]));
  return sources.flatMap((file) => breaches(file, all).map((breach) => `${file.path} ${breach}: ${why}`));
}

t.test('the sources are found', async (t) => {
  t.ok(files.length > 40);
  const layers = new Set(files.map(({ path }) => layerOf(path)));
  for (const layer of ['core', 'formats', 'port', 'adapter', 'use case', 'cli', 'cgi', 'program'] as const) {
    t.ok(layers.has(layer), layer);
  }
  t.ok(
    files
      .find(({ path }) => path === 'src/cli/network/open-dispatcher.ts')
      ?.imports.some((to) => to.startsWith('undici')),
  );
});

for (const rule of rules) {
  t.test(rule.rule, async (t) => {
    t.same(breachesOf(rule, files), []);
    const [path] = rule.example;
    const examples = rule.beside === undefined ? [rule.example] : [rule.example, rule.beside];
    const [told = ''] = breachesOf(
      rule,
      examples.map((example) => readSource(...example)),
    );
    t.ok(told.startsWith(`${path} `) && told.endsWith(rule.why), 'a breach is told with its file and the reason');
  });
}

t.test('the process, time and chance are recognized in every way they can be used', async (t) => {
  const touches: [string, string[]][] = [
    ['process.exit(1)', ['process']],
    ['const { env } = process', ['process']],
    ['globalThis.process.exit()', ['process']],
    ['console.log(1)', ['console']],
    ['export const later = setTimeout', ['setTimeout']],
    ['setInterval(() => {}, 1)', ['setInterval']],
    ['Date.now()', ['Date.now']],
    ['const now = Date.now', ['Date.now']],
    ['new Date()', ['new Date()']],
    ['new Date', ['new Date()']],
    ['Math.random()', ['Math.random']],
    ['performance.now()', ['performance']],
    ['new Date(5).toISOString()', []],
    ['Date.parse("x"), Math.floor(1)', []],
    ['clock.now(), clock.random()', []],
    ['x.process(), { console: 1 }', []],
    ['// process.exit()\nconst x = "Date.now()";', []],
  ];
  for (const [text, expected] of touches) t.same(readSource('src/core/x.ts', text).globals, expected, text);
});

t.test('a list that is spread into arguments is recognized in every way it can be written', async (t) => {
  const ways = ['f(...x)', 'f(1, ...x.map(g))', 'new F(...x)', 'f.apply(undefined, x)', 'a?.b(...x)'];
  for (const text of ways) t.same(readSource('src/core/x.ts', text).spreads, [text]);
  t.same(readSource('src/core/x.ts', 'f([...x], {...y}); const [a, ...b] = x; (...z) => z').spreads, []);
});

t.test('an import is recognized in every way it can be written', async (t) => {
  const ways = [
    "import './x.ts'",
    "import { x } from './x.ts'",
    "import type { X } from './x.ts'",
    "export { x } from './x.ts'",
    "export * from './x.ts'",
    "const x = await import('./x.ts')",
    "const x = require('./x.ts')",
    "let x: import('./x.ts').X",
  ];
  for (const text of ways) t.same(readSource('src/core/y.ts', text).imports, ['src/core/x.ts'], text);
  t.same(readSource('src/cli/y.ts', "import '../../package.json'").imports, ['package.json']);
});
