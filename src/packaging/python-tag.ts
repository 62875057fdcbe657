/** Python tags of wheels (PEP 425) and the interpreters that people name: which of the two go together. */

/** What a wheel was built for: `cp312`, `py3`, `pp310`. */
export interface PythonTag {
  /** `py` for every interpreter, else `cp`, `pp`, `graalpy`, `ip`, `jy`; the whole tag when it tells no version. */
  readonly implementation: string;
  /** Undefined when the tag tells no version: no installer takes such a wheel. */
  readonly major: number | undefined;
  /** Undefined for `py3`: every minor version. */
  readonly minor: number | undefined;
}

/** An interpreter that wheels are wanted for. */
export interface Python {
  /** As in {@link PythonTag}, but never `py`. */
  readonly implementation: string;
  readonly major: number;
  /** Undefined: every minor version of `major`. */
  readonly minor: number | undefined;
  /** True for a free-threaded build (PEP 703), undefined when both builds are meant. */
  readonly threaded: boolean | undefined;
}

// One digit of major version: 310 is 3.10. Packaging 20.2 to 20.4 wrote 3_10.
const tagShape = /^([a-z]+)_?(\d)_?(\d*)$/;
const nameShape = /^(?:([a-z]+)[- ]?)?(\d)(?:\.?(\d{1,3}))?(t?)$/;

const implementations: ReadonlyMap<string, string> = new Map([
  ...['cp', 'cpython', 'py', 'python'].map((name) => [name, 'cp'] as const),
  ...['pp', 'pypy'].map((name) => [name, 'pp'] as const),
  ['graalpy', 'graalpy'],
  ...['ip', 'ironpython'].map((name) => [name, 'ip'] as const),
  ...['jy', 'jython'].map((name) => [name, 'jy'] as const),
]);

/** Reads one Python tag in lower case; not a compressed set. */
export function parsePythonTag(tag: string): PythonTag {
  const [, implementation, major, minor] = tagShape.exec(tag) ?? [];
  if (implementation === undefined) return { implementation: tag, major: undefined, minor: undefined };
  return { implementation, major: Number(major), minor: minor === '' ? undefined : Number(minor) };
}

/** The interpreter that people call `3.12`, `3.13t`, `cp312`, `pp3.10`, `pypy3.10` or `3`; undefined for anything else. */
export function pythonNamed(text: string): Python | undefined {
  const [, prefix = 'cp', major, digits, t] = nameShape.exec(text.toLowerCase()) ?? [];
  const implementation = implementations.get(prefix);
  if (major === undefined || implementation === undefined) return undefined;
  if (t === 't' && implementation !== 'cp') return undefined;
  const minor = digits === undefined ? undefined : Number(digits);
  const threaded = t === 't' ? true : minor === undefined ? undefined : false;
  return { implementation, major: Number(major), minor, threaded };
}

/** True when an installer of `python` takes a wheel with this Python and ABI tag, its platform aside. */
export function pythonFits(tag: PythonTag, abi: string, python: Python): boolean {
  if (tag.major !== python.major) return false;
  if (tag.implementation === 'py') return abi === 'none' && isUpTo(tag.minor, python.minor);
  if (tag.implementation !== python.implementation) return false;
  if (isStable(abi)) return buildFits(abi, python) && isUpTo(tag.minor, python.minor);
  return buildFits(abi, python) && isSame(tag.minor, python.minor);
}

/** The stable ABIs of CPython (PEP 384, PEP 803): what was built for 3.8 runs on 3.12. */
function isStable(abi: string): boolean {
  return abi === 'abi3' || abi === 'abi3t';
}

/** `cp313t` and `abi3t` are for free-threaded builds, `none` for all, the rest for the others. */
function buildFits(abi: string, { implementation, threaded }: Python): boolean {
  if (abi === 'none' || implementation !== 'cp' || threaded === undefined) return true;
  return threaded === /^(?:cp\d+[a-z]*t|abi3t)/.test(abi);
}

function isUpTo(minor: number | undefined, wanted: number | undefined): boolean {
  return minor === undefined || wanted === undefined || minor <= wanted;
}

function isSame(minor: number | undefined, wanted: number | undefined): boolean {
  return minor === undefined || wanted === undefined || minor === wanted;
}
