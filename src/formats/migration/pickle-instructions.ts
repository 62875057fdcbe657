/**
 * Reads pickles of protocol 2, as far as pep381client 1.5 wrote them.
 *
 * A pickle is a program for a machine with a stack and a memo. These are the instructions that 1.5 used. They build
 * plain values, sets, and inert instances of the classes that 1.5 stored, and never run code. Values that are
 * referenced twice are shared, not copied, so that a short program cannot make a large value.
 */
import { describe, PickleMachine, type PickleValue } from './pickle-machine.ts';

const setClass = '__builtin__ set';
const classes = new Set([
  'pep381client Synchronization',
  'pep381client.sqlite SqliteStorage',
  'sqlite3 Connection',
  '_sqlite3 Connection',
  setClass,
]);

const noAttributes: ReadonlyMap<PickleValue, PickleValue> = new Map();

/** Enough for two million projects, since each takes two instructions. */
const maxInstructions = 4_000_000;

/** Returns the value of the pickle `bytes`. `source` names it in errors. Throws {@link DamagedFileError}. */
export function readPickle(bytes: Buffer, source: string): PickleValue {
  const machine = new PickleMachine(bytes, source);
  machine.start();
  for (let count = 0; count < maxInstructions; count++) {
    const opcode = machine.nextOpcode();
    if (opcode === stop) return machine.result();
    const instruction = instructions.get(opcode);
    if (instruction === undefined) throw machine.damaged(`the instruction 0x${opcode.toString(16).padStart(2, '0')}`);
    instruction(machine);
  }
  throw machine.damaged(`more than ${maxInstructions} instructions`);
}

const stop = '.'.charCodeAt(0);

const instructions = new Map<number, (machine: PickleMachine) => void>(
  Object.entries<(machine: PickleMachine) => void>({
    N: (machine) => machine.push(null),
    '\x88': (machine) => machine.push(true),
    '\x89': (machine) => machine.push(false),
    K: (machine) => machine.push(machine.unsigned(1)),
    M: (machine) => machine.push(machine.unsigned(2)),
    J: (machine) => machine.push(machine.signed(4)),
    '\x8a': (machine) => machine.push(machine.signed(machine.unsigned(1))),
    U: (machine) => machine.push(machine.text(machine.unsigned(1))),
    T: (machine) => machine.push(machine.text(machine.unsigned(4))),
    X: (machine) => machine.push(machine.text(machine.unsigned(4))),
    '}': (machine) => machine.push({ kind: 'dict', entries: new Map() }),
    ']': (machine) => machine.push({ kind: 'list', items: [] }),
    ')': (machine) => pushTuple(machine, 0),
    '\x85': (machine) => pushTuple(machine, 1),
    '\x86': (machine) => pushTuple(machine, 2),
    '\x87': (machine) => pushTuple(machine, 3),
    '(': (machine) => machine.mark(),
    q: (machine) => machine.remember(machine.unsigned(1)),
    r: (machine) => machine.remember(machine.unsigned(4)),
    h: (machine) => machine.recall(machine.unsigned(1)),
    j: (machine) => machine.recall(machine.unsigned(4)),
    a: (machine) => append(machine, [machine.pop()]),
    e: (machine) => append(machine, machine.popToMark()),
    s: (machine) => setItems(machine, [machine.pop(), machine.pop()].reverse()),
    u: (machine) => setItems(machine, machine.popToMark()),
    c: pushClass,
    o: (machine) => pushInstance(machine, machine.popToMark()),
    '\x81': newInstance,
    R: reduce,
    b: build,
  }).map(([opcode, instruction]) => [opcode.charCodeAt(0), instruction]),
);

function pushTuple(machine: PickleMachine, length: number): void {
  const items = Array.from({ length }, () => machine.pop()).reverse();
  machine.push({ kind: 'tuple', items });
}

function append(machine: PickleMachine, values: readonly PickleValue[]): void {
  const { items } = machine.expect('list', machine.top());
  for (const value of values) items.push(value);
}

function setItems(machine: PickleMachine, values: readonly PickleValue[]): void {
  const { entries } = machine.expect('dict', machine.top());
  if (values.length % 2 !== 0) throw machine.damaged('a key without its value');
  for (let index = 0; index < values.length; index += 2) {
    const [key = null, value = null] = [values[index], values[index + 1]];
    if (typeof key === 'object') throw machine.damaged(`a ${describe(key)} as a key`);
    entries.set(key, value);
  }
}

function pushClass(machine: PickleMachine): void {
  const name = machine.className();
  if (!classes.has(name)) throw machine.damaged(`the class ${JSON.stringify(name)}`);
  machine.push({ kind: 'class', name });
}

function newInstance(machine: PickleMachine): void {
  const { items } = machine.expect('tuple', machine.pop());
  pushInstance(machine, [machine.pop(), ...items]);
}

function pushInstance(machine: PickleMachine, [type = null, ...rest]: readonly PickleValue[]): void {
  const { name } = machine.expect('class', type);
  if (name === setClass || rest.length > 0) throw machine.damaged(`a ${name} made of ${rest.length} values`);
  machine.push({ kind: 'instance', of: name, attributes: noAttributes });
}

/** Calls a class. Only the call `set(list)` is supported. */
function reduce(machine: PickleMachine): void {
  const [list = null, ...rest] = machine.expect('tuple', machine.pop()).items;
  const { name } = machine.expect('class', machine.pop());
  if (name !== setClass || rest.length > 0) throw machine.damaged(`a call of ${name}`);
  const { items } = machine.expect('list', list);
  machine.push({ kind: 'set', items, size: items.length });
}

function build(machine: PickleMachine): void {
  const { entries } = machine.expect('dict', machine.pop());
  const instance = machine.expect('instance', machine.top());
  if (instance.attributes !== noAttributes) throw machine.damaged('a second state of the same value');
  instance.attributes = entries;
}
