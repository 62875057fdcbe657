import fc from 'fast-check';
import t from 'tap';
import { DamagedFileError } from '../../../src/core/errors.ts';
import { parseStatus15 } from '../../../src/formats/migration/status-1.5.ts';
import { recordingsMissing } from '../../fixtures/shared-fixtures.ts';
import { unpackedTarget } from './unpacked-target.ts';

const source = '/var/pypi/status';
const set = 'c__builtin__\nset\n';
const head = '\x80\x02(cpep381client\nSynchronization\no';

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function string(text: string): string {
  return `U${String.fromCharCode(text.length)}${text}`;
}

function setOf(...members: readonly string[]): string {
  return `${set}](${members.join('')}e\x85R`;
}

function number32(value: number): string {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer.toString('latin1');
}

/** A pickle of the attributes that every status has, with `changes`: instructions by attribute, none to leave it out. */
function status(changes: Readonly<Record<string, string | undefined>> = {}, tail = ''): Buffer {
  const attributes = Object.entries({
    last_completed: `J${number32(1_300_000_000)}`,
    last_started: 'K\x00',
    complete_projects: setOf(string('Foo.Bar'), string('nose')),
    projects_to_do: setOf(string('zc.buildout')),
    ...changes,
  });
  const items = attributes.map(([name, value]) => (value === undefined ? '' : `${string(name)}${value}`));
  return bytes(`${head}}(${items.join('')}ub${tail}.`);
}

const expected = {
  lastCompleted: 1_300_000_000,
  lastStarted: 0,
  completeProjects: ['Foo.Bar', 'nose'],
  projectsToDo: ['zc.buildout'],
  skipFileContents: false,
};

t.test('the status of a mirror that 1.5 completed is read', { skip: recordingsMissing }, async (t) => {
  const file = unpackedTarget('target-1.5-complete').get('status') ?? Buffer.alloc(0);
  t.strictSame(parseStatus15(file, source), {
    lastCompleted: 1795362808,
    lastStarted: 0,
    completeProjects: [
      'PyYAML',
      'Sphinx',
      'simplejson',
      'Zope.Interface',
      'Twisted',
      'docutils',
      'zc.buildout',
      'nose',
      'setuptools',
      'foo_bar',
      'Foo.Bar.Baz',
      'empty-project',
    ],
    projectsToDo: [],
    skipFileContents: false,
  });
});

t.test('the status of a mirror whose first run was cut is read', { skip: recordingsMissing }, async (t) => {
  const file = unpackedTarget('target-1.5-interrupted').get('status') ?? Buffer.alloc(0);
  const { completeProjects, ...rest } = parseStatus15(file, source);
  t.strictSame(rest, {
    lastCompleted: 0,
    lastStarted: 1795362810,
    projectsToDo: ['simplejson', 'zc.buildout', 'setuptools'],
    skipFileContents: false,
  });
  t.equal(completeProjects.length, 9);
});

t.test('a file that was cut is damaged, wherever it was cut', { skip: recordingsMissing }, async (t) => {
  for (const name of ['target-1.5-complete', 'target-1.5-interrupted']) {
    const file = unpackedTarget(name).get('status') ?? Buffer.alloc(0);
    t.ok(file.length > 400);
    for (let length = 0; length < file.length; length++) {
      try {
        parseStatus15(file.subarray(0, length), source);
        t.fail(`${length} bytes were taken for all`);
      } catch (error) {
        if (!(error instanceof DamagedFileError)) throw error;
      }
    }
  }
});

t.test('a byte that was changed makes the file damaged, or makes it say something else', async (t) => {
  const file = status();
  const position = fc.nat(file.length - 1);
  fc.assert(
    fc.property(position, fc.nat(255), (at, byte) => {
      const changed = Buffer.from(file);
      changed[at] = byte;
      return isReadOrDamaged(changed);
    }),
    { numRuns: 2000 },
  );
  t.strictSame(parseStatus15(file, source), expected);
});

t.test('no bytes do anything but be read or be damaged', async () => {
  const opcodes = Buffer.from('(.KMJNUTX}]q rhjasuecobR\x80\x81\x85\x86\x87\x88\x89\x8a\x00\x01\x02', 'latin1');
  const instruction = fc.oneof(
    fc.constantFrom(...opcodes).map((opcode) => Buffer.of(opcode)),
    fc.constantFrom(...[string('a'), set, 'q\x00', 'h\x00', '}', ']', '(', ')\x81', 'b', 'u', 'e'].map(bytes)),
  );
  const program = fc.array(instruction, { maxLength: 40 }).map((parts) => Buffer.concat(parts));
  const random = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(fc.oneof(program, random), fc.constantFrom('', '\x80\x02', head), (tail, start) =>
      isReadOrDamaged(Buffer.concat([bytes(start), tail, bytes('.')])),
    ),
    { numRuns: 5000 },
  );
});

function isReadOrDamaged(file: Buffer): boolean {
  try {
    parseStatus15(file, source);
    return true;
  } catch (error) {
    return error instanceof DamagedFileError;
  }
}

t.test('what other versions of 1.x, of Python and of SQLite wrote is read', async (t) => {
  const storage = (connection: string): string =>
    `cpep381client.sqlite\nSqliteStorage\n)\x81}${string('conn')}c${connection}\nConnection\n)\x81sb`;
  const cases: [string, Readonly<Record<string, string | undefined>>][] = [
    ['as little as there was', {}],
    ['quiet', { quiet: '\x88' }],
    ['the connection of one Python', { storage: storage('sqlite3') }],
    ['the connection of another', { storage: storage('_sqlite3') }],
    ['no file contents', { skip_file_contents: '\x89' }],
    ['a home in Unicode', { homedir: `X${number32(3)}/\xc3\xa4` }],
    ['a home in no encoding', { homedir: string('/\xff\xfe') }],
    ['no home', { homedir: 'N' }],
    ['a long name', { homedir: `T${number32(300)}${'x'.repeat(300)}` }],
    ['a number of two bytes', { more: 'M\x00\x01' }],
    ['long numbers', { more: `]\x8a\x00a\x8a\x05\x00\xe4\x0b\x54\x02a` }],
    ['tuples', { more: '](K\x01\x85K\x02\x86NN\x87)e' }],
    ['dictionaries', { more: `}(${string('a')}]K\x05}u` }],
    ['an attribute with an evil name', { ['__proto__']: `}${string('skip_file_contents')}\x88s` }],
    ['a time after 2038 from a 32-bit Python', { last_started: '\x8a\x05\x00\x00\x00\x00\x00' }],
    ['a project twice', { projects_to_do: setOf(string('zc.buildout'), string('zc.buildout')) }],
    ['changes without a project', { projects_to_do: setOf(string(''), string('zc.buildout'), 'N') }],
  ];
  for (const [what, changes] of cases) t.strictSame(parseStatus15(status(changes), source), expected, what);
  t.notOk('skip_file_contents' in {}, 'and nothing here has changed');
  t.strictSame(parseStatus15(status({ skip_file_contents: '\x88' }), source), { ...expected, skipFileContents: true });
});

t.test('names that are not ASCII are read', async (t) => {
  const name = `X${number32(5)}\xc3\xa4\xe1\x88\xb4`;
  t.strictSame(parseStatus15(status({ projects_to_do: setOf(name) }), source).projectsToDo, ['ä\u1234']);
});

t.test('a value that is named again is the same value', async (t) => {
  const again = `${set}q\x01]q\x02(${string('a')}q\x03${string('b')}e\x85R`;
  const { completeProjects, projectsToDo } = parseStatus15(
    status({ complete_projects: again, projects_to_do: 'h\x01](h\x03e\x85R' }),
    source,
  );
  t.strictSame([completeProjects, projectsToDo], [['a', 'b'], ['a']]);
});

t.test('a set does not change with the list that it was made of', async (t) => {
  const { completeProjects, projectsToDo } = parseStatus15(
    status({
      complete_projects: `${set}q\x00]q\x01(${string('a')}e\x85R`,
      projects_to_do: `h\x00h\x01(${string('b')}e\x85R`,
    }),
    source,
  );
  t.strictSame([completeProjects, projectsToDo], [['a'], ['a', 'b']]);
});

t.test('a mirror of 880,000 projects is read', async (t) => {
  const one = bytes(`${string('project-000000')}r${number32(0)}`);
  const members = Buffer.alloc(880_000 * one.length, one);
  for (let at = 0; at < 880_000; at += 1) {
    const start = at * one.length;
    members.write(String(at).padStart(6, '0'), start + one.indexOf('000000'), 'latin1');
    members.writeUInt32LE(at, start + one.length - 4);
  }
  const batches = Array.from({ length: 880 }, (_, at) => {
    return `(${members.toString('latin1', at * 1000 * one.length, (at + 1) * 1000 * one.length)}e`;
  });
  const file = status({ complete_projects: `${set}]${batches.join('')}\x85R` });
  const { completeProjects } = parseStatus15(file, source);
  t.equal(completeProjects.length, 880_000);
  t.equal(completeProjects.at(-1), 'project-879999');
});

t.test('what could run anything is refused, and the error tells what it was', async (t) => {
  const hostile: [string, RegExp][] = [
    [`cos\nsystem\n${string('id')}\x85R.`, /at byte 2 .*found the class "os system"/],
    [`cposix\nsystem\n${string('id')}\x85R.`, /the class "posix system"/],
    ['c__builtin__\neval\n.', /the class "__builtin__ eval"/],
    ['c__builtin__\nset\nevil\n.', /the instruction 0x65|sequence without/],
    ['cpep381client\nSynchronization.__init__\n.', /the class/],
    ['c pep381client\nSynchronization\n.', /no name of a class/],
    ['c__builtin__ set\n\n.', /no name of a class/],
    ['cconstructor\n__proto__\n.', /the class/],
    ['ios\nsystem\n.', /the instruction 0x69/],
    ['(S"id"\nios\nsystem\n.', /the instruction 0x53/],
    ['\x82\x01.', /the instruction 0x82/],
    ['\x83\x01\x00.', /the instruction 0x83/],
    ['\x84\x01\x00\x00\x00.', /the instruction 0x84/],
    ['P1\n.', /the instruction 0x50/],
    ['NQ.', /the instruction 0x51/],
    ['\x80\x02N.', /the instruction 0x80/],
    ['cpep381client\nSynchronization\n)R.', /a call of pep381client Synchronization/],
    [`cpep381client.sqlite\nSqliteStorage\n${string('/etc/passwd')}\x85\x81.`, /made of 1 values/],
    [`(csqlite3\nConnection\n${string('/etc/passwd')}o.`, /made of 1 values/],
    [`${set})\x81.`, /a __builtin__ set made of/],
    [`${set}N\x85R.`, /none in place of a list/],
    [`${set}]]\x86R.`, /a call of __builtin__ set/],
    [`${set})R.`, /none in place of a list/],
    [`${set}]R.`, /list in place of a tuple/],
    [`N)R.`, /none in place of a class/],
    [`]]b.`, /list in place of a dict/],
    [`]}b.`, /list in place of a instance/],
    [`${set}}${string('__reduce__')}${set}sb.`, /class in place of a instance/],
    ['(cpep381client\nSynchronization\no}b}b.', /a second state/],
    ['(cpep381client\nSynchronization\no}}\x86b.', /tuple in place of a dict/],
  ];
  for (const [program, problem] of hostile) {
    t.throws(() => parseStatus15(bytes(`\x80\x02${program}`), source), DamagedFileError, JSON.stringify(program));
    t.throws(() => parseStatus15(bytes(`\x80\x02${program}`), source), { message: problem });
  }
});

t.test('a state with a method of Python is only data', async (t) => {
  t.strictSame(parseStatus15(status({ __reduce__: string('os.system'), __setstate__: set }), source), expected);
});

t.test('a program that makes no sense is refused', async (t) => {
  const wrong: [string, RegExp][] = [
    ['', /at byte 2 .*the end of the file/],
    ['.', /an instruction without its value/],
    ['(.', /an instruction without its value/],
    ['N(.', /an instruction without its value/],
    ['NN.', /an end in the middle of a value/],
    ['(N.', /an end in the middle of a value/],
    ['Nq\x02.', /the memo 2 in place of 0/],
    ['Nq\x00q\x00.', /the memo 0 in place of 1/],
    ['Nq\x01q\x03.', /the memo 3 in place of 2/],
    ['Nr\xff\xff\xff\xff.', /the memo 4294967295/],
    ['q\x00.', /an instruction without its value/],
    ['h\x00.', /the memo 0, which is empty/],
    ['Nq\x01h\x00.', /the memo 0, which is empty/],
    ['j\xff\xff\xff\xff.', /the memo 4294967295, which is empty/],
    ['e.', /a sequence without its beginning/],
    [']Na(Na.', /an instruction without its value|a list/],
    ['](Na.', /an instruction without its value/],
    ['N(Ne.', /none in place of a list/],
    ['}(Nu.', /a key without its value/],
    ['}NNs.', /none as a key/],
    ['}]Ns.', /list as a key/],
    ['N\x86.', /an instruction without its value/],
    ['\x8a\xff.', /a number of 255 bytes/],
    ['\x8a\x06\x01.', /the end of the file/],
    [`U\x05ab.`, /the end of the file/],
    ['T\xff\xff\xff\xff.', /the end of the file/],
    ['X\xff\xff\xff\x7f.', /the end of the file/],
    [`c${'x'.repeat(200)}\n\n.`, /no name of a class/],
    ['cos.', /no name of a class/],
    ['o.', /a sequence without its beginning/],
    ['(o.', /none in place of a class/],
  ];
  for (const [program, problem] of wrong) {
    t.throws(() => parseStatus15(bytes(`\x80\x02${program}`), source), { message: problem }, JSON.stringify(program));
    t.throws(() => parseStatus15(bytes(`\x80\x02${program}`), source), DamagedFileError);
  }
  for (const start of ['', '\x80', '\x80\x03N.', 'N.', '(dp1\n.', '\x89PNG', 'SQLite format 3\0']) {
    t.throws(() => parseStatus15(bytes(start), source), DamagedFileError, JSON.stringify(start));
  }
});

t.test('a value that is not the status is refused', async (t) => {
  for (const [program, found] of [
    ['N', 'none'],
    ['}', 'dict'],
    ['K\x05', 'number'],
    [string('x'), 'string'],
    ['(csqlite3\nConnection\no', 'instance'],
  ]) {
    t.throws(() => parseStatus15(bytes(`\x80\x02${program}.`), source), {
      message: new RegExp(`found ${found} in place of the status`),
    });
  }
  const attributes: [string, string | undefined, string][] = [
    ['last_completed', undefined, 'nothing'],
    ['last_completed', string('1'), 'string'],
    ['last_completed', 'N', 'none'],
    ['last_completed', 'J\xff\xff\xff\xff', 'number'],
    ['last_started', '\x88', 'boolean'],
    ['complete_projects', undefined, 'nothing'],
    ['complete_projects', ']', 'list'],
    ['projects_to_do', setOf(string('a'), 'K\x01'), 'set'],
    ['projects_to_do', setOf(']'), 'set'],
    ['skip_file_contents', 'K\x01', 'number'],
  ];
  for (const [name, value, found] of attributes) {
    t.throws(
      () => parseStatus15(status({ [name]: value }), source),
      { message: new RegExp(`found ${found} as ${name};`) },
      `${name} ${found}`,
    );
  }
});

t.test('bytes behind the end are damage', async (t) => {
  const file = Buffer.concat([status(), bytes('N.')]);
  t.throws(() => parseStatus15(file, source), { message: /found 2 bytes behind the end/ });
});

t.test('a short program cannot make a large value, nor a long one keep us forever', async (t) => {
  const repeated = (start: string, text: string, times: number): Buffer =>
    bytes(`\x80\x02${start}${text.repeat(times)}.`);
  const doubled = Array.from({ length: 200 }, (_, index) => {
    const last = String.fromCharCode(index);
    return `](h${last}h${last}eq${String.fromCharCode(index + 1)}`;
  });
  const bombs: [string, Buffer][] = [
    ['lists in lists', repeated('', ']', 20_000)],
    ['marks', repeated('', '(', 20_000)],
    ['values', repeated('', 'N', 20_000)],
    ['tuples in tuples', repeated('N', '\x85', 100_000)],
    ['lists named twice', bytes(`\x80\x02]q\x00${doubled.join('')}.`)],
    ['sets of one list', repeated(`${set}q\x00](${'N'.repeat(9000)}eq\x01]`, 'h\x00h\x01\x85Ra', 50_000)],
    ['instructions', repeated(']', 'Na', 2_000_000)],
    ['a huge file', Buffer.alloc(256 * 1024 * 1024 + 1)],
  ];
  for (const [what, file] of bombs) t.throws(() => parseStatus15(file, source), DamagedFileError, what);
});

t.test('the error is one line with the file, the place and what to do', async (t) => {
  t.throws(() => parseStatus15(bytes('\x80\x02cos\nsystem\n.'), source), {
    code: 'damaged-file',
    message:
      '/var/pypi/status: at byte 2 expected what pep381client 1.5 writes, found the class "os system"; ' +
      'nothing was changed: move the file away to take the tree over without it',
  });
  t.throws(() => parseStatus15(bytes('\x80\x02c\x1b[2J\u0000\nx\n.'), source), { message: /^[\x20-\x7e]+$/ });
});
