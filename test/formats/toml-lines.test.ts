import fc from 'fast-check';
import { parse } from 'smol-toml';
import t from 'tap';
import { tomlLines } from '../../src/formats/toml-lines.ts';

t.test('each value stands on the line it begins on', async (t) => {
  const line = tomlLines(`# projects = 1
projects = [
  "a", # "b",
  "c", "d",

  "e]",
]
"index-only"=true
text = """
keep = 1
quotes: "" \\""" """""
other = '''
[files]
'' '''
day = 1979-05-27 07:32:00
a . 'b c' . d = 7

[ releases ] # of a project
keep = 3
min-age-exempt = ["x",
"y"]
[files]

  max-size =   "1GB"

[[rule]]
hold = "none"
projects = ["x"]
[[rule]]
projects = [["y"], [
  ["z"]]]
[rule.more]
z = 1
[[environment]]
[a.b]
inline = { c = 1, "d e" = [
  { f = 'x' }, { f = "}", g = 2 } ] }
last = 1
`);
  const expected: Readonly<Record<string, number>> = {
    projects: 2,
    'projects.0': 3,
    'projects.1': 4,
    'projects.2': 4,
    'projects.3': 6,
    'index-only': 8,
    text: 9,
    other: 12,
    day: 15,
    'a.b c.d': 16,
    releases: 18,
    'releases.keep': 19,
    'releases.min-age-exempt.1': 21,
    files: 22,
    'files.max-size': 24,
    rule: 26,
    'rule.0': 26,
    'rule.0.hold': 27,
    'rule.0.projects.0': 28,
    'rule.1': 29,
    'rule.1.projects.1.0.0': 31,
    'rule.1.more.z': 33,
    'environment.0': 34,
    'a.b.inline.c': 36,
    'a.b.inline.d e.0.f': 37,
    'a.b.inline.d e.1.g': 37,
    'a.b.last': 38,
  };
  t.same(Object.fromEntries(Object.keys(expected).map((path) => [path, line(path)])), expected);
});

t.test('for what is not there the line of what would hold it is told', async (t) => {
  const line = tomlLines('\n[files]\nkinds = [\n"wheel"]\n');
  t.equal(line('files.max-size'), 2);
  t.equal(line('files.kinds.7.x'), 3);
  t.equal(line('keep'), 1);
  t.equal(line(''), 1);
});

t.test('a text that is no TOML is read to its end as well', async (t) => {
  const parts = ['[', ']', '{', '}', '"', "'", '=', ',', '.', '#', '\n', 'a', ' ', '\\', '"""', "'''"];
  const texts = fc.string({ unit: fc.constantFrom(...parts), maxLength: 30 });
  fc.assert(
    fc.property(texts, (text) => {
      const line = tomlLines(text)('a');
      return line >= 1 && line <= text.split('\n').length;
    }),
  );
  t.pass();
});

const name = fc.constantFrom('a', 'b', 'c-d', '"e f"', "'#'");
const scalar = fc.constantFrom('1', '"x"', "']'", '"""\n"""', "'''\n[a]\n'''", 'true', '"#\\""', '1.5e3');
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), fc.constantFrom(', ', ',\n', ' # ]\n,'))
      .map(([values, between]) => `[${values.join(between)}\n]`),
    fc
      .uniqueArray(name, { maxLength: 3 })
      .chain((names) =>
        fc
          .array(tie('value'), { minLength: names.length, maxLength: names.length })
          .map((values) => `{ ${names.map((key, index) => `${key} = ${values[index]?.replaceAll('\n', '') ?? 1}`)} }`),
      ),
  ),
}));

t.test('whatever stands before a key, the key is found', async (t) => {
  let valid = 0;
  fc.assert(
    fc.property(value, fc.constantFrom('', '[t]\n', '[[t]]\n', '  # [x]\n'), (before, header) => {
      const text = `${header}a = ${before} # "\nwanted = 1\n`;
      try {
        parse(text);
      } catch {
        return true;
      }
      valid += 1;
      const path = header.startsWith('[[') ? 't.0.wanted' : header.startsWith('[') ? 't.wanted' : 'wanted';
      return tomlLines(text)(path) === text.split('\n').length - 1;
    }),
    { numRuns: 300 },
  );
  t.ok(valid > 100, `${valid} were valid`);
});
