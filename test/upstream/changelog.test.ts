import t from 'tap';
import { NoChangelogError, NonsenseError, UnreachableError } from '../../src/core/errors.ts';
import { parseChanges, parseLastSerial } from '../../src/upstream/pypi/changelog.ts';

const source = 'https://pypi.example/pypi: changelog_since_serial(5)';

type Scalar = string | number | null;

function value(written: Scalar): string {
  if (written === null) return '<value><nil/></value>';
  return typeof written === 'number'
    ? `<value><int>${written}</int></value>`
    : `<value><string>${written}</string></value>`;
}

function reply(content: string): string {
  return `<?xml version='1.0'?><methodResponse><params><param>${content}</param></params></methodResponse>`;
}

function rows(...content: readonly (readonly Scalar[])[]): string {
  const each = content.map((row) => `<value><array><data>${row.map(value).join('')}</data></array></value>`);
  return reply(`<value><array><data>${each.join('')}</data></array></value>`);
}

function fault(code: number, text: string): string {
  return (
    "<?xml version='1.0'?><methodResponse><fault><value><struct>" +
    `<member><name>faultCode</name>${value(code)}</member><member><name>faultString</name>${value(text)}</member>` +
    '</struct></value></fault></methodResponse>'
  );
}

t.test('rows become changes, with the name as it is spelled and as it is normalized', async (t) => {
  const text = rows(
    ['Zope.Interface', '1.0', 1725534675, 'new release', 6],
    ['py-pcapplusplus', '1.0.0', 1725534675, 'remove release', 7],
    ['gone', null, 1725534675, 'remove project', 9],
  );
  const at = 1_725_534_675_000;
  t.same(parseChanges(text, 5, source), {
    rows: [
      { name: 'zope-interface', displayName: 'Zope.Interface', serial: 6, version: '1.0', action: 'new release', at },
      {
        name: 'py-pcapplusplus',
        displayName: 'py-pcapplusplus',
        serial: 7,
        version: '1.0.0',
        action: 'remove release',
        at,
      },
      { name: 'gone', displayName: 'gone', serial: 9, version: undefined, action: 'remove project', at },
    ],
    serial: 9,
    leap: 2,
    complete: true,
  });
});

t.test('no rows mean that nothing changed', async (t) => {
  t.same(parseChanges(rows(), 5, source), { rows: [], serial: 5, leap: 0, complete: true });
});

t.test('a row without a usable project name is ignored, but its serial counts', async (t) => {
  for (const name of [null, '', '../x', 'a b', 5]) {
    const text = rows(['a', null, 0, null, 6], [name, null, 0, 'x', 8]);
    t.match(parseChanges(text, 5, source), { rows: [{ name: 'a' }], serial: 8 }, String(name));
    t.equal(parseChanges(text, 5, source).rows.length, 1);
  }
});

t.test('an unknown action, or none, is a change', async (t) => {
  for (const action of [null, '', 'remove projects', 'project quarantined', 'frobnicate &amp;#8230;', 5]) {
    const told = typeof action === 'string' ? action.replace('&amp;', '&') : undefined;
    t.match(parseChanges(rows(['a', null, 0, action, 6]), 5, source).rows, [{ name: 'a', action: told }]);
  }
});

t.test('an answer of fifty thousand rows is not complete, a shorter one is', async (t) => {
  const row = (serial: number): Scalar[] => ['a', null, 0, null, serial];
  const many = Array.from({ length: 50_000 }, (_, index) => row(6 + index));
  const { complete, serial } = parseChanges(rows(...many), 5, source);
  t.same({ complete, serial }, { complete: false, serial: 50_005 });
  t.equal(parseChanges(rows(...many.slice(1)), 5, source).complete, true);
});

t.test('rows count in the order of their serials, whatever the order they come in', async (t) => {
  const text = rows(['a', null, 0, 'create', 8], ['a', null, 0, 'remove project', 7], ['b', null, 0, 'create', 6]);
  const { rows: found, serial } = parseChanges(text, 5, source);
  t.same(
    found.map((row) => row.serial),
    [6, 7, 8],
  );
  t.equal(serial, 8);
});

t.test('with old or missing serials the changelog is refused, because changes would be lost', async (t) => {
  const wrong: Scalar[][][] = [
    [['a', null, 0, null, 4]],
    [['a', null, 0, null, -7]],
    [['a', null, 0, null, null]],
    [['a', null, 0, null, 'x']],
    [['a', null, 0, null]],
    [[]],
  ];
  for (const content of wrong) {
    const expected = { name: 'NoChangelogError', isLasting: false, message: source };
    t.throws(() => parseChanges(rows(...content), 5, source), expected, JSON.stringify(content));
  }
  const bare = rows().replace('<data>', '<data><value>a</value>');
  t.throws(() => parseChanges(bare, 5, source), NoChangelogError);
});

t.test('an answer that is no array of rows is a NonsenseError', async (t) => {
  const wrong = [reply(value('x')), reply(value(5)), reply(value(null))];
  for (const text of wrong) t.throws(() => parseChanges(text, 5, source), NonsenseError, text);
});

t.test('the last serial is a number that is not negative', async (t) => {
  t.equal(parseLastSerial(reply(value(31878540)), source), 31_878_540);
  t.equal(parseLastSerial(reply(value(0)), source), 0);
  for (const text of [reply(value(-1)), reply(value('5')), reply(value(null)), rows()]) {
    t.throws(() => parseLastSerial(text, source), NonsenseError, text);
  }
});

t.test('a retired or unknown method means that there is no changelog any more', async (t) => {
  const faults: [number, string][] = [
    [-32601, 'server error; requested method not found'],
    [-32500, 'RuntimeError: PyPI no longer supports the changelog method'],
    [-32500, 'ValueError: this method is gone'],
  ];
  for (const [code, text] of faults) {
    t.throws(() => parseLastSerial(fault(code, text), source), NoChangelogError, text);
    t.throws(() => parseChanges(fault(code, text), 5, source), NoChangelogError, text);
  }
});

t.test('"too many requests" is an error with the time that upstream names', async (t) => {
  const limit =
    'HTTPTooManyRequests: The action could not be performed because there were too many requests by the client.';
  const retryAfterMs = (text: string): unknown => {
    try {
      return parseLastSerial(fault(-32500, text), source);
    } catch (error) {
      return error instanceof UnreachableError ? error.retryAfterMs : error;
    }
  };
  t.equal(retryAfterMs(`${limit} Limit may reset in 17 seconds.`), 17_000);
  t.equal(retryAfterMs(`${limit} Limit may reset in 0 seconds.`), 0);
  t.equal(retryAfterMs(limit), undefined);
  t.equal(retryAfterMs(`${limit} Limit may reset in 99999999999 seconds.`), undefined);
});

t.test('any other fault is temporary, and its message has the code and a bounded part of its text', async (t) => {
  const faults: [number, string][] = [
    [-32403, 'server error; service unavailable'],
    [-32500, 'OperationalError: canceling statement'],
    [-32602, 'server error; invalid method parameters'],
    [-32403, 'RuntimeError: maintenance'],
    [-32500, 'a RuntimeError: somewhere'],
    [1, ''],
  ];
  for (const [code, text] of faults) {
    t.throws(() => parseLastSerial(fault(code, text), source), UnreachableError, text);
    t.throws(() => parseLastSerial(fault(code, text), source), {
      message: `${source}: fault ${code}: ${text}`.trimEnd(),
    });
  }
  t.throws(() => parseLastSerial(fault(1, 'x'.repeat(1e6)), source), /^.{1,400}$/);
});
