import fc from 'fast-check';
import t from 'tap';
import { NonsenseError } from '../../../src/core/errors.ts';
import { type ListedProject, ProjectListParser } from '../../../src/formats/simple/project-list.ts';

const meta = { '_last-serial': 9, 'api-version': '1.4' };

interface ReadList {
  readonly entries: ListedProject[];
  readonly serial: number | undefined;
}

/** Reads a list that arrives in the given chunks. */
function read(chunks: readonly (string | Buffer)[]): ReadList {
  const parser = new ProjectListParser('the list');
  const entries = chunks.flatMap((chunk) => parser.push(Buffer.from(chunk)));
  return { entries, serial: parser.end().serial };
}

function inPieces(text: string, sizes: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  let at = 0;
  for (let piece = 0; at < bytes.length; piece += 1) {
    const size = sizes[piece % sizes.length] ?? bytes.length;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

function list(projects: readonly unknown[], indent?: number): string {
  return JSON.stringify({ meta, projects }, undefined, indent);
}

t.test('each entry is handed over with the chunk that completes it', async (t) => {
  const parser = new ProjectListParser('the list');
  const names = (text: string): string[] => parser.push(Buffer.from(text)).map(({ displayName }) => displayName);
  t.same(names('{"meta":{"_last-serial":9,"api-version":"1.4"},"projects":[{"_last-serial":1,"name":"a"'), []);
  t.same(names('},'), ['a']);
  t.same(names('{"name":"b"},{"name":"c"}'), ['b', 'c']);
  t.same(names(',{"na'), []);
  t.same(names('me":"d"}]'), ['d']);
  t.same(names('}\n'), []);
  t.same(parser.end(), { serial: 9 });
});

t.test('lists of every shape that an index sends are read', async (t) => {
  const expected = {
    entries: [
      { displayName: 'a', serial: 1 },
      { displayName: 'Zope.Interface', serial: undefined },
    ],
    serial: 9,
  };
  const projects = [{ '_last-serial': 1, name: 'a' }, { name: 'Zope.Interface' }];
  const shapes: [string, string][] = [
    ['compact', list(projects)],
    ['indented', list(projects, 2)],
    ['with a lot of white space', list(projects, 10).replaceAll('\n', '\r\n\t ')],
    ['with the projects first', JSON.stringify({ projects, meta })],
    ['with space around the colon', list(projects).replace('"projects":', '"projects" \n : ')],
    [
      'with unknown keys',
      JSON.stringify({ x: [[{ projects: [{ name: 'no' }] }]], meta, projects, y: { projects: [1] } }),
    ],
    ['with a key that ends alike', JSON.stringify({ 'all-projects': [{ name: 'no' }], meta, projects })],
    ['with the key as a value', JSON.stringify({ x: 'projects', y: '"projects":[', meta, projects })],
    ['with unknown keys in entries', list(projects.map((entry) => ({ x: [[{}], '}]', { name: 'no' }], ...entry })))],
    ['with serials as texts', list(projects).replace('"_last-serial":1', '"_last-serial":"1"')],
    ['with white space around', ` \n${list(projects)}\n\n`],
  ];
  for (const [what, text] of shapes) {
    t.same(read([text]), expected, `${what}, at once`);
    t.same(read(inPieces(text, [1])), expected, `${what}, byte by byte`);
  }
});

t.test('an empty list is a list, and so is one without a serial', async (t) => {
  t.same(read([list([])]), { entries: [], serial: 9 });
  t.same(read(['{"meta":{"api-version":"1.0"},"projects":[ \n ]}']), { entries: [], serial: undefined });
});

t.test('however the text is cut into chunks, the entries are the same', async () => {
  const name = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', '"', '\\', '{', '}', '[', ']', ',', 'é', '😀', '\u2028', '\n', '\\"') }),
    fc.string({ unit: 'grapheme' }),
  );
  const project = fc.record({
    name,
    serial: fc.option(fc.nat()),
    extra: fc.option(fc.jsonValue({ maxDepth: 2 })),
  });
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(
      fc.array(project, { maxLength: 12 }),
      sizes,
      fc.constantFrom(undefined, 1),
      fc.boolean(),
      (projects, cuts, indent, first) => {
        const entries = projects.map(({ name, serial, extra }) => ({
          ...(extra === null ? {} : { extra }),
          name,
          ...(serial === null ? {} : { '_last-serial': serial }),
        }));
        const value = first ? { projects: entries, meta } : { x: [{ name: 'é' }], meta, projects: entries };
        const result = read(inPieces(JSON.stringify(value, undefined, indent), cuts));
        return (
          result.serial === 9 &&
          result.entries.length === projects.length &&
          result.entries.every(
            (entry, index) =>
              entry.displayName === projects[index]?.name && entry.serial === (projects[index]?.serial ?? undefined),
          )
        );
      },
    ),
    { numRuns: 500 },
  );
});

t.test('wherever a list is cut off, that is noticed', async (t) => {
  const text = list([{ name: 'a\\"é' }, { name: 'b', x: [{}] }], 1);
  const bytes = Buffer.from(text);
  const noticed = Array.from({ length: bytes.length }, (_, end) => {
    try {
      read([bytes.subarray(0, end)]);
    } catch (error) {
      return error instanceof NonsenseError;
    }
    return false;
  });
  t.same(
    noticed.flatMap((known, end) => (known ? [] : [end])),
    [],
  );
});

const broken: [string, string, RegExp][] = [
  ['nothing', '', /cut off or not JSON/],
  ['a page for people', '<!DOCTYPE html>\n<html></html>', /cut off or not JSON/],
  ['another kind of JSON', '[{"name":"a"}]', /expected \{"meta"/],
  ['a list without meta', '{"projects":[]}', /expected \{"meta"/],
  ['a list whose meta is no object', '{"meta":[],"projects":[]}', /expected \{"meta"/],
  ['no list of projects', JSON.stringify({ meta }), /expected \{"meta"/],
  ['projects that are an object', JSON.stringify({ meta, projects: { a: [] } }), /expected \{"meta"/],
  ['projects that are null', JSON.stringify({ meta, projects: null }), /expected \{"meta"/],
  [
    'a list of another version',
    '{"meta":{"api-version":"2.0"},"projects":[]}',
    /expected simple API version 1\.x, found "2.0"/,
  ],
  ['a list of no version', '{"meta":{},"projects":[]}', /expected simple API version 1\.x/],
  ['entries that are texts', list(['a', 'b']), /expected an entry, found "a","b"/],
  ['an entry that is a number, after others', list([{ name: 'a' }, 5]), /expected an entry, found ,5/],
  ['an entry that is null', list([null]), /expected an entry, found null/],
  ['an entry that is a list', list([['a']]), /an entry has no name: \["a"\]/],
  ['an entry without a name', list([{ name: 'a' }, { nome: 'b' }]), /an entry has no name: \{"nome":"b"\}/],
  ['an entry whose name is a number', list([{ name: 5 }]), /an entry has no name/],
  ['a comma after the last entry', list([{ name: 'a' }]).replace(']', ',]'), /expected an entry/],
  ['two entries without a comma', list([{ name: 'a' }, { name: 'b' }]).replace('},{', '} {'), /not JSON/],
  ['a comma before the first entry', list([{ name: 'a' }]).replace('[', '[,'), /not JSON/],
  ['something between two entries', list([{ name: 'a' }, 5, { name: 'b' }]), /not JSON|no name/],
  ['brackets that do not match', list([{ name: 'a' }]).replace('}]', ']]'), /not JSON/],
  ['more after its end', `${list([])}{}`, /cut off or not JSON/],
  [
    'an entry nested without end',
    list([{ x: 0 }]).replace('0', `${'['.repeat(1e5)}${']'.repeat(1e5)}`),
    /nested|no name/,
  ],
];

for (const [what, text, problem] of broken) {
  t.test(`${what} is no list of projects`, async (t) => {
    for (const chunks of [[text], inPieces(text, [1000]), inPieces(text, [7])]) {
      if (chunks.length > 10_000) continue;
      t.throws(() => read(chunks), NonsenseError);
      t.throws(() => read(chunks), problem);
      t.throws(() => read(chunks), /^the list: /);
    }
  });
}

t.test('an entry that does not end is given up before it fills the memory', async (t) => {
  const parser = new ProjectListParser('the list');
  parser.push(Buffer.from('{"meta":{},"projects":[{"name":"'));
  const chunk = Buffer.alloc(1 << 18, 'x');
  t.throws(() => Array.from({ length: 5 }, () => parser.push(chunk)), /an entry does not end/);
});

t.test('what stands around the entries may not grow without end either', async (t) => {
  const parser = new ProjectListParser('the list');
  parser.push(Buffer.from('{"meta":{"x":"'));
  const chunk = Buffer.alloc(1 << 18, 'x');
  t.throws(() => Array.from({ length: 5 }, () => parser.push(chunk)), NonsenseError);
});

t.test('two lists are refused, however they arrive: the first would be lost', async (t) => {
  const text = `{"projects":[{"name":"a"}],${list([{ name: 'b' }]).slice(1)}`;
  for (const chunks of [[text], inPieces(text, [1]), inPieces(text, [40])])
    t.throws(() => read(chunks), /found another/);
});

t.test('a list whose key is spelled with escapes is refused, not taken for an empty one', async (t) => {
  const text = list([{ name: 'a' }]).replace('"projects"', '"pro\\u006aects"');
  t.same(JSON.parse(text).projects, [{ name: 'a' }]);
  for (const chunks of [[text], inPieces(text, [7])])
    t.throws(() => read(chunks), /expected "projects" in plain letters/);
});

t.test('a text of nothing but small lists is refused in one pass', async (t) => {
  const parser = new ProjectListParser('the list');
  const chunk = Buffer.from('"a":[],'.repeat(20_000));
  parser.push(Buffer.from('{'));
  // Where each of the lists is looked at with all that stands before it, this takes minutes.
  t.throws(() => Array.from({ length: 8 }, () => parser.push(chunk)), NonsenseError);
});

t.test('a chunk larger than any entry may hold many entries', async (t) => {
  const projects = Array.from({ length: 50_000 }, (_, number) => ({
    '_last-serial': number,
    name: `project-${number}`,
  }));
  const { entries } = read([list(projects)]);
  t.equal(entries.length, projects.length);
  t.same(entries.at(-1), { displayName: 'project-49999', serial: 49_999 });
});
