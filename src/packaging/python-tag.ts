/** Python tags of wheels (PEP 425), the interpreters that people name, and which of them go together. */

/** The interpreters that a wheel was built for: `cp312`, `py3`, `pp310`. */
export interface PythonTag {
  /** `py` for every interpreter, or `cp`, `pp`, `graalpy`, `ip`, `jy`. The whole tag if it has no version. */
  readonly implementation: string;
  /** Undefined if the tag has no version: no installer takes such a wheel. */
  readonly major: number | undefined;
  /** Undefined for `py3`, which stands for every minor version. */
  readonly minor: number | undefined;
}

/** An interpreter that wheels are wanted for. */
export interface Python {
  /** An implementation as in {@link PythonTag}, but never `py`. */
  readonly implementation: string;
  readonly major: number;
  /** Undefined for every minor version of `major`. */
  readonly minor: number | undefined;
  /** True for a free-threaded build (PEP 703), undefined for both builds. */
  readonly threaded: boolean | undefined;
}

// The major version is one digit: 310 is 3.10. Packaging 20.2 to 20.4 wrote 3_10.
const tagShape = /^([a-z]+)_?(\d)_?(\d*)$/;
const nameShape = /^(?:([a-z]+)[- ]?)?(\d)(?:\.?(\d{1,3}))?(t?)$/;

const implementations: ReadonlyMap<string, string> = new Map([
  ...['cp', 'cpython', 'py', 'python'].map((name) => [name, 'cp'] as const),
  ...['pp', 'pypy'].map((name) => [name, 'pp'] as const),
  ['graalpy', 'graalpy'],
  ...['ip', 'ironpython'].map((name) => [name, 'ip'] as const),
  ...['jy', 'jython'].map((name) => [name, 'jy'] as const),
]);

/** Reads a single Python tag in lower case, not a compressed set. */
export function parsePythonTag(tag: string): PythonTag {
  const [, implementation, major, minor] = tagShape.exec(tag) ?? [];
  if (implementation === undefined) return { implementation: tag, major: undefined, minor: undefined };
  return { implementation, major: Number(major), minor: minor === '' ? undefined : Number(minor) };
}

/**
 * Returns the interpreter that people call `3.12`, `3.13t`, `cp312`, `pp3.10`, `pypy3.10` or `3`. Returns undefined for
 * any other text.
 */
export function pythonNamed(text: string): Python | undefined {
  const [, prefix = 'cp', major, digits, t] = nameShape.exec(text.toLowerCase()) ?? [];
  const implementation = implementations.get(prefix);
  if (major === undefined || implementation === undefined) return undefined;
  if (t === 't' && implementation !== 'cp') return undefined;
  const minor = digits === undefined ? undefined : Number(digits);
  const threaded = t === 't' ? true : minor === undefined ? undefined : false;
  return { implementation, major: Number(major), minor, threaded };
}

/** Returns true if installers for `python` take wheels with this Python tag and ABI tag, apart from the platform. */
export function pythonFits(tag: PythonTag, abi: string, python: Python): boolean {
  if (tag.major !== python.major) return false;
  if (tag.implementation === 'py') return abi === 'none' && isUpTo(tag.minor, python.minor);
  if (tag.implementation !== python.implementation) return false;
  if (isStable(abi)) return buildFits(abi, python) && isUpTo(tag.minor, python.minor);
  return buildFits(abi, python) && isSame(tag.minor, python.minor);
}

/** Returns true for the stable ABIs of CPython (PEP 384, PEP 803): a wheel built for 3.8 runs on 3.12. */
function isStable(abi: string): boolean {
  return abi === 'abi3' || abi === 'abi3t';
}

/**
 * Returns true if a wheel with this ABI runs on the build. `cp313t` and `abi3t` are for free-threaded builds, `none` is
 * for all builds, and all other ABIs are for the other builds.
 */
function buildFits(abi: string, { implementation, threaded }: Python): boolean {
  if (abi === 'none' || implementation !== 'cp' || threaded === undefined) return true;
  return threaded === /^(?:cp\d+[a-z]*t|abi3t)/.test(abi);
}

function isUpTo(minor: number | undefined, bound: number | undefined): boolean {
  return minor === undefined || bound === undefined || minor <= bound;
}

function isSame(minor: number | undefined, other: number | undefined): boolean {
  return minor === undefined || other === undefined || minor === other;
}
