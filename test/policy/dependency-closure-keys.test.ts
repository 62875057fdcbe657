/** What is remembered while dependencies are followed leaves nothing out: several wants lead to what each leads to alone. */
import fc from 'fast-check';
import t from 'tap';
import type { ProjectName } from '../../src/core/names.ts';
import { parseRequirement, type Requirement } from '../../src/packaging/requirement.ts';
import { dependencyClosure, type Edge } from '../../src/policy/dependency-closure.ts';
import { type Limits, ownWant, type Want } from '../../src/policy/want.ts';
import { named, policyOf } from './policy-of.ts';

function requirement(text: string): Requirement {
  const parsed = parseRequirement(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

/** From `flask 2.0` to `werkzeug>=2; marker`. */
type Requires = Readonly<Record<string, readonly string[]>>;

function edgesFrom(requires: Requires): (name: ProjectName) => Edge[] {
  return (name) =>
    Object.entries(requires).flatMap(([source, texts]) => {
      const [project, release = ''] = source.split(' ');
      if (project !== name) return [];
      return texts.map((text) => {
        const [wanted = '', marker] = text.split(';').map((part) => part.trim());
        const { name: target, extras, specifier } = requirement(wanted);
        return { release, target, extras, specifier: specifier.text, marker };
      });
    });
}

/** A line for each want: all but why it is there. */
function shown(found: ReadonlyMap<ProjectName, readonly Want[]>): string[] {
  const lines = [...found].flatMap(([name, wants]) =>
    wants.map(({ specifier, extras, limits }) => `${name}[${[...extras].sort()}] ${specifier.text} ${limits?.path}`),
  );
  return [...new Set(lines)].sort();
}

/** What is wanted under the constraints of two files, both of which name `names`. */
function underTwo(names: string, requires: Requires): string[] {
  const files = {
    'r.txt': `-c c.txt\n${names}\n`,
    'c.txt': 'b==1\n',
    's.txt': `-c d.txt\n${names}\n`,
    'd.txt': 'b==2\n',
  };
  const { rules } = policyOf('requirements = ["r.txt", "s.txt"]', files);
  const found = dependencyClosure(rules[0]?.named ?? new Map(), edgesFrom(requires), []);
  return (found.get(named('b')) ?? []).map(({ specifier }) => specifier.text).sort();
}

t.test('what is required alike under two sets of constraints is required under each', async (t) => {
  t.same(underTwo('x', { 'x 1': ['b'] }), ['==1', '==2'], 'of the same release');
  t.same(underTwo('x', { 'x 1': ['a>=1'], 'a 1': ['b'] }), ['==1', '==2'], 'by the same specifier');
  t.same(underTwo('x[e]', { 'x 1': ['a; extra == "e"'], 'a 1': ['b'] }), ['==1', '==2'], 'for the same extra');
});

const name = fc.constantFrom('a', 'b', 'c', 'd');
const extras = fc.constantFrom('', '[x]', '[y]', '[x,y]');
const specifier = fc.constantFrom('', '<2', '==1');
const marker = fc.constantFrom('', '; extra == "x"', '; extra == "y"');
const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(''));
const graph = fc.dictionary(
  fc.tuple(name, fc.constantFrom('1', '2')).map((parts) => parts.join(' ')),
  fc.array(joined(name, extras, specifier, marker), { maxLength: 4 }),
);
const limits: readonly (Limits | undefined)[] = [
  undefined,
  ...['one', 'two'].map((path) => ({
    path,
    byName: new Map([[named('b'), { specifier: requirement(path === 'one' ? 'b<2' : 'b>1').specifier, sha256s: [] }]]),
    elsewhere: new Set<ProjectName>(),
  })),
];
const root = fc.tuple(joined(name, extras, specifier), fc.constantFrom(...limits));

t.test('several wants lead to what each of them leads to alone', async (t) => {
  fc.assert(
    fc.property(graph, fc.array(root, { minLength: 1, maxLength: 4 }), (requires, given) => {
      const wants = given.map(([text, limits]) => {
        const { name, specifier, extras } = requirement(text);
        return [name, ownWant({ where: 'x', text }, { specifier, extras, limits })] as const;
      });
      const close = (some: typeof wants): string[] => {
        const roots = new Map<ProjectName, Want[]>();
        for (const [name, want] of some) roots.set(name, [...(roots.get(name) ?? []), want]);
        return shown(dependencyClosure(roots, edgesFrom(requires), []));
      };
      const apart = [...new Set(wants.flatMap((want) => close([want])))].sort();
      return JSON.stringify(close(wants)) === JSON.stringify(apart);
    }),
    { numRuns: 1000 },
  );
  t.pass();
});
