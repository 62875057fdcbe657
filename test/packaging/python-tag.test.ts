import t from 'tap';
import { parsePythonTag, pythonFits, pythonNamed } from '../../src/packaging/python-tag.ts';

t.test('a tag tells the implementation and the version', async (t) => {
  const rows: [tag: string, implementation: string, major: number | undefined, minor: number | undefined][] = [
    ['py3', 'py', 3, undefined],
    ['py312', 'py', 3, 12],
    ['cp27', 'cp', 2, 7],
    ['cp310', 'cp', 3, 10],
    ['cp3_10', 'cp', 3, 10],
    ['pp39', 'pp', 3, 9],
    ['graalpy311', 'graalpy', 3, 11],
    ['jy27', 'jy', 2, 7],
    ['ip34', 'ip', 3, 4],
    ['pypy', 'pypy', undefined, undefined],
    ['py35+', 'py35+', undefined, undefined],
    ['7', '7', undefined, undefined],
    ['', '', undefined, undefined],
  ];
  for (const [tag, implementation, major, minor] of rows) {
    t.same(parsePythonTag(tag), { implementation, major, minor }, tag);
  }
});

t.test('an interpreter goes by the names that people write', async (t) => {
  const rows: [text: string, implementation: string, major: number, minor: number | undefined, threaded: unknown][] = [
    ['3.12', 'cp', 3, 12, false],
    ['cp312', 'cp', 3, 12, false],
    ['CPython 3.12', 'cp', 3, 12, false],
    ['python3.9', 'cp', 3, 9, false],
    ['3.13t', 'cp', 3, 13, true],
    ['cp313t', 'cp', 3, 13, true],
    ['2.7', 'cp', 2, 7, false],
    ['3', 'cp', 3, undefined, undefined],
    ['pp3.10', 'pp', 3, 10, false],
    ['PyPy3.10', 'pp', 3, 10, false],
    ['graalpy3.11', 'graalpy', 3, 11, false],
    ['jython2.7', 'jy', 2, 7, false],
  ];
  for (const [text, implementation, major, minor, threaded] of rows) {
    t.same(pythonNamed(text), { implementation, major, minor, threaded }, text);
  }
  for (const text of ['', '3.', '3.12.1', '>=3.9', 'perl5.8', 'pp3.10t', 'x', 'constructor3', '3.1000']) {
    t.equal(pythonNamed(text), undefined, text);
  }
});

/** The wishes, of these, that a wheel with the Python and ABI tag fits. */
function fitting(tags: string): string {
  const [tag = '', abi = ''] = tags.split('-');
  const names = ['2.7', '3', '3.7', '3.12', '3.13', '3.13t', 'pp3.10', 'graalpy3.11'];
  const fits = (name: string) => {
    const python = pythonNamed(name);
    return python !== undefined && pythonFits(parsePythonTag(tag), abi, python);
  };
  return names.filter(fits).join(' ');
}

t.test('a wheel fits the interpreters that would install it', async (t) => {
  const rows = {
    'py3-none': '3 3.7 3.12 3.13 3.13t pp3.10 graalpy3.11',
    'py2-none': '2.7',
    'py38-none': '3 3.12 3.13 3.13t pp3.10 graalpy3.11',
    'py312-none': '3 3.12 3.13 3.13t',
    'py27-none': '2.7',
    'py3-abi3': '',
    'cp312-cp312': '3 3.12',
    'cp312-cp312d': '3 3.12',
    'cp37-cp37m': '3 3.7',
    'cp27-cp27mu': '2.7',
    'cp312-none': '3 3.12',
    'cp313-none': '3 3.13 3.13t',
    'cp313-cp313': '3 3.13',
    'cp313-cp313t': '3 3.13t',
    'cp313-cp313td': '3 3.13t',
    'cp38-abi3': '3 3.12 3.13',
    'cp313-abi3': '3 3.13',
    'cp315-abi3': '3',
    'cp38-abi3t': '3 3.13t',
    'cp3-none': '3 3.7 3.12 3.13 3.13t',
    'pp310-pypy310_pp73': 'pp3.10',
    'pp310-none': 'pp3.10',
    'pp3-none': 'pp3.10',
    'pp39-pypy39_pp73': '',
    'graalpy311-graalpy242_311_native': 'graalpy3.11',
    'py-none': '',
    'jy27-none': '',
  };
  for (const [tags, names] of Object.entries(rows)) t.equal(fitting(tags), names, tags);
});
