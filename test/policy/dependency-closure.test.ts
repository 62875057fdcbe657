import fc from 'fast-check';
import t from 'tap';
import type { ProjectName } from '../../src/core/names.ts';
import { environmentFrom } from '../../src/packaging/environment.ts';
import { parseRequirement } from '../../src/packaging/requirement.ts';
import { dependencyClosure, type Edge } from '../../src/policy/dependency-closure.ts';
import { explainReason } from '../../src/policy/render-reason.ts';
import { ownWant, type Want } from '../../src/policy/want.ts';
import { named, policyOf } from './policy-of.ts';

type Requires = Readonly<Record<string, readonly string[]>>;

/** Edges from `flask 2.0: werkzeug>=2; marker`. */
function edgesFrom(requires: Requires): (name: ProjectName) => Edge[] {
  return (name) =>
    Object.entries(requires).flatMap(([source, texts]) => {
      const [project, release = ''] = source.split(' ');
      return project === name ? texts.map((text) => edgeOf(release, text)) : [];
    });
}

function edgeOf(release: string, text: string): Edge {
  const [requirement = '', marker] = text.split(';').map((part) => part.trim());
  const parsed = parseRequirement(requirement);
  if (parsed === undefined) throw new Error(text);
  return { release, target: parsed.name, extras: parsed.extras, specifier: parsed.specifier.text, marker };
}

function rootsOf(...texts: string[]): Map<ProjectName, Want[]> {
  const wants = texts.map((text) => {
    const parsed = parseRequirement(text);
    if (parsed === undefined) throw new Error(text);
    return [parsed.name, [ownWant({ where: 'mirror.toml:1', text }, parsed)]] as const;
  });
  return new Map(wants.map(([name, list]) => [name, [...list]]));
}

function shown(found: ReadonlyMap<ProjectName, readonly Want[]>): Record<string, string[]> {
  const text = ({ specifier, extras }: Want) => specifier.text + (extras.length === 0 ? '' : `[${extras}]`);
  return Object.fromEntries([...found].map(([name, wants]) => [name, wants.map(text)]));
}

const linux = environmentFrom({ python: '3.12', platform: 'linux' }) ?? {};
const windows = environmentFrom({ python: '3.8', platform: 'windows' }) ?? {};

t.test('what is required is wanted, and what that requires', async (t) => {
  const edges = edgesFrom({
    'flask 1.0': ['old'],
    'flask 2.0': ['werkzeug>=2', 'jinja2'],
    'werkzeug 1.0': ['never'],
    'werkzeug 2.1': ['markupsafe'],
    'jinja2 3': ['markupsafe', 'flask'],
  });
  const found = dependencyClosure(rootsOf('flask>=2'), edges, []);
  t.same(shown(found), { werkzeug: ['>=2'], jinja2: [''], markupsafe: [''], flask: [''], old: [''] });
  t.same(
    [...found].map(([, wants]) => wants.map(({ because }) => explainReason(because)).join()),
    [
      'mirror.toml:1 (dependency of flask 2.0)',
      'mirror.toml:1 (dependency of flask 2.0)',
      'mirror.toml:1 (dependency of werkzeug 2.1)',
      'mirror.toml:1 (dependency of jinja2 3)',
      'mirror.toml:1 (dependency of flask 1.0)',
    ],
  );
});

t.test('extras are followed as they are asked for, by the releases they are asked of', async (t) => {
  const edges = edgesFrom({
    'a 1': ['x; extra == "one"', 'y; extra == "two"', 'z'],
    'a 2': ['x2; extra == "one"'],
    'b 1': ['a[one]<2'],
    'x 1': ['w; extra == "one"'],
  });
  t.same(shown(dependencyClosure(rootsOf('a'), edges, [])), { z: [''] });
  t.same(shown(dependencyClosure(rootsOf('b'), edges, [])), { a: ['<2[one]'], x: [''], z: [''] });
  t.same(shown(dependencyClosure(rootsOf('a', 'b'), edges, [])), { z: [''], a: ['<2[one]'], x: [''] });
  t.same(shown(dependencyClosure(rootsOf('a[two,one]'), edges, [])), { x: [''], y: [''], z: [''], x2: [''] });
});

t.test('a thousand extras that no release knows are one want, and not a thousand', async (t) => {
  const extras = Array.from({ length: 1000 }, (_, at) => `x${at}`);
  const edges = edgesFrom({
    'evil 1': extras.map((extra) => `boto[${extra}]`),
    'boto 1': ['core', 'crt; extra == "crt"'],
    'boto 2': ['core', 'crt; extra == "crt"', 'more; extra == "x7" and sys_platform == "linux"'],
  });
  t.same(shown(dependencyClosure(rootsOf('evil'), edges, [])), { boto: ['', '[x7]'], core: [''], more: [''] });
});

t.test('an extra that a marker asks for in another way than by its name may be one that is wanted', async (t) => {
  const edges = edgesFrom({
    'a 1': ['b[one]'],
    'b 1': [
      'c; extra not in "two"',
      'd; "x" in extra',
      'e; extra != "y"',
      'f; extra not in "x" and python_version < "3"',
    ],
  });
  t.same(shown(dependencyClosure(rootsOf('a'), edges, [linux])), { b: [''], c: [''], d: [''], e: [''] });
});

t.test('an edge that needs two extras at once is followed where both are asked for', async (t) => {
  const edges = edgesFrom({
    'a 1': ['b[one]', 'b[two]', 'c'],
    'b 1': ['d; "one" in extras and "two" in extras', 'e; extra == "two"'],
    'c 1': ['b[two,one,two]'],
  });
  t.same(shown(dependencyClosure(rootsOf('a'), edges, [])), {
    b: ['[one]', '[two]', '[two,one]'],
    c: [''],
    e: [''],
    d: [''],
  });
});

t.test('markers are asked in each environment; with none, what may be needed is', async (t) => {
  const edges = edgesFrom({
    'a 1': ['w; sys_platform == "win32"', 'l; sys_platform == "linux"', 'o; python_version < "3"', 'bad; what'],
  });
  const names = (...places: (typeof linux)[]) => [...dependencyClosure(rootsOf('a'), edges, places).keys()];
  t.same(names(), ['w', 'l', 'o', 'bad']);
  t.same(names(linux), ['l', 'bad']);
  t.same(names(linux, windows), ['w', 'l', 'bad']);
});

t.test('constraints go along with what they came with', async (t) => {
  const files = { 'r.txt': '-c c.txt\na\n', 'c.txt': 'b<3\nc==2\n', 's.txt': 'd\n' };
  const { rules } = policyOf('requirements = ["r.txt", "s.txt"]', files);
  const edges = edgesFrom({ 'a 1': ['b>=1', 'c'], 'd 1': ['b>=1', 'c'] });
  const found = dependencyClosure(rules[0]?.named ?? new Map(), edges, []);
  t.same(shown(found), { b: ['>=1,<3', '>=1'], c: ['==2', ''] });
  t.same(
    found.get(named('c'))?.map(({ pinnedBy }) => pinnedBy),
    ['settings', undefined],
  );
});

t.test('a specifier that cannot be read allows everything', async (t) => {
  const edge = { release: '1', target: named('b'), extras: [], specifier: '>>1', marker: undefined };
  t.same(shown(dependencyClosure(rootsOf('a'), (name) => (name === 'a' ? [edge] : []), [])), { b: [''] });
});

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const need = fc
  .tuple(
    name,
    fc.constantFrom('', '[x]', '[y]'),
    fc.constantFrom('', '<2', '==1'),
    fc.constantFrom('', '; extra == "x"'),
  )
  .map((parts) => parts.join(''));
const graph = fc.dictionary(
  fc.tuple(name, fc.constantFrom('1', '2')).map((parts) => parts.join(' ')),
  fc.array(need, { maxLength: 4 }),
);

t.test('circles end, and the order of the roots means nothing', async (t) => {
  fc.assert(
    fc.property(graph, fc.uniqueArray(name, { minLength: 1 }), (requires, names) => {
      const one = dependencyClosure(rootsOf(...names), edgesFrom(requires), []);
      const other = dependencyClosure(rootsOf(...names.toReversed()), edgesFrom(requires), []);
      return JSON.stringify([...one]) === JSON.stringify([...other]);
    }),
    { numRuns: 500 },
  );
  t.pass();
});

t.test('nothing that is required is missing', async (t) => {
  fc.assert(
    fc.property(graph, (requires) => {
      const found = dependencyClosure(rootsOf('a'), edgesFrom(requires), []);
      const held = new Set<string>(['a', ...found.keys()]);
      const plain = Object.entries(requires).filter(([source]) => source.startsWith('a '));
      return plain.every(([, texts]) =>
        texts.every((text) => text.includes(';') || held.has(/^[a-e]/.exec(text)?.[0] ?? '')),
      );
    }),
    { numRuns: 300 },
  );
  t.pass();
});
