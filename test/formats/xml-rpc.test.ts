import { execFile } from 'node:child_process';
import { isDeepStrictEqual, promisify } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { NonsenseError } from '../../src/core/errors.ts';
import { parseXmlRpcReply, renderXmlRpcCall, type XmlRpcValue } from '../../src/formats/xml-rpc.ts';
import { programsOrReason } from '../fixtures/programs.ts';

const source = 'https://pypi.example/pypi: method()';

function reply(value: string): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n${value}</param>\n</params>\n</methodResponse>\n`;
}

function array(...values: readonly string[]): string {
  return `<value><array><data>\n${values.join('\n')}</data></array></value>\n`;
}

function parse(text: string): XmlRpcValue {
  const found = parseXmlRpcReply(text, source);
  if ('fault' in found) throw new Error(`fault ${found.fault.faultString}`);
  return found.value;
}

function fault(code: string, text: string): string {
  return (
    "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n" +
    `<member>\n<name>faultCode</name>\n<value>${code}</value>\n</member>\n` +
    `<member>\n<name>faultString</name>\n<value>${text}</value>\n</member>\n` +
    '</struct></value>\n</fault>\n</methodResponse>\n'
  );
}

t.test("a call has the bytes that Python's client sends", async (t) => {
  t.equal(
    renderXmlRpcCall('changelog_since_serial', [24891357]),
    "<?xml version='1.0'?><methodCall><methodName>changelog_since_serial</methodName>" +
      '<params><param><value><int>24891357</int></value></param></params></methodCall>',
  );
  t.match(renderXmlRpcCall('changelog_last_serial'), '<params></params>');
});

t.test('a row of the changelog is read as PyPI sends it', async (t) => {
  const row = array(
    '<value><string>py-pcapplusplus</string></value>',
    '<value><string>1.0.0</string></value>',
    '<value><int>1725534675</int></value>',
    '<value><string>remove release</string></value>',
    '<value><int>24891358</int></value>',
  );
  t.same(parse(reply(array(row))), [['py-pcapplusplus', '1.0.0', 1725534675, 'remove release', 24891358]]);
});

t.test('a value means the same in all the ways it can be written', async (t) => {
  const spellings: [string, XmlRpcValue][] = [
    ['<value><int>5</int></value>', 5],
    ['<value><i4>5</i4></value>', 5],
    ['<value><i8>-5</i8></value>', -5],
    ['<value><int> 5\n</int></value>', 5],
    ['<value><int>0</int></value>', 0],
    ['<value><int>999999999999999</int></value>', 999_999_999_999_999],
    ['<value><string>text</string></value>', 'text'],
    ['<value>text</value>', 'text'],
    ['<value> text </value>', ' text '],
    ['<value></value>', ''],
    ['<value/>', ''],
    ['<value />', ''],
    ['<value><string></string></value>', ''],
    ['<value><string/></value>', ''],
    ['<value><string> a\nb </string></value>', ' a\nb '],
    ['<value><nil/></value>', null],
    ['<value><nil /></value>', null],
    ['<value><nil></nil></value>', null],
    ['<value>\n  <int>5</int>\n</value>', 5],
    ['<value><array><data></data></array></value>', []],
    ['<value><array><data/></array></value>', []],
    ['<value ><array\n><data></data></array></value>', []],
    ['<value>a&lt;b&gt;c&amp;d&quot;e&apos;f</value>', 'a<b>c&d"e\'f'],
    ['<value>&#233;&#xe9;&#xE9;&#8230;&#x1F600;</value>', 'ééé…😀'],
    ['<value>&amp;#8230;</value>', '&#8230;'],
    ['<value>&amp;lt;</value>', '&lt;'],
    ['<value>&nbsp;&#x110000;&;&</value>', '&nbsp;&#x110000;&;&'],
    ['<value>déjà vu 😀 ]]></value>', 'déjà vu 😀 ]]>'],
  ];
  for (const [written, expected] of spellings) {
    t.same(parse(reply(array(written, '<value><int>1</int></value>'))), [expected, 1], written);
    if (!/<value ?\/>/.test(written)) t.same(parse(reply(written)), expected, `${written} alone`);
  }
});

t.test('a reply may begin with a mark, with space, or with no declaration', async (t) => {
  const bare = reply('<value>x</value>').replace(/^<\?xml[^>]*\?>\s*/, '');
  for (const start of [
    '',
    '\n',
    '\ufeff',
    '<?xml version="1.0" encoding="utf-8"?>\r\n',
    '\ufeff <?xml version="1.0"?>',
  ]) {
    t.equal(parse(start + bare), 'x', JSON.stringify(start));
  }
});

t.test('a fault is told from an answer, in whichever order its members come', async (t) => {
  const text = fault('<int>-32500</int>', '<string>HTTPTooManyRequests: a &lt;b&gt;</string>');
  const expected = { fault: { faultCode: -32500, faultString: 'HTTPTooManyRequests: a <b>' } };
  t.same(parseXmlRpcReply(text, source), expected);
  const [code, string] = text.match(/<member>.*?<\/member>/gs) ?? [];
  t.same(parseXmlRpcReply(text.replace(`${code}\n${string}`, `${string}${code}`), source), expected);
  t.same(
    parseXmlRpcReply(fault('<string>x</string>', '<nil/>'), source),
    { fault: { faultCode: 0, faultString: '' } },
    'a malformed one is still a fault',
  );
});

t.test('what is no reply is nonsense, named with its source and place', async (t) => {
  const whole = reply(array('<value><int>5</int></value>', '<value>x</value>'));
  const garbage: [string, string][] = [
    ['nothing', ''],
    ['text', 'Service unavailable'],
    ['a page for people', '<!DOCTYPE html><html><body>Hello</body></html>'],
    ['JSON', '{"value": 5}'],
    ['a call', renderXmlRpcCall('x')],
    ['a document type', whole.replace('<methodResponse>', '<!DOCTYPE x [<!ENTITY a "b">]><methodResponse>')],
    ['a comment', whole.replace('<params>', '<!-- --><params>')],
    ['character data', whole.replace('>x<', '><![CDATA[x]]><')],
    ['attributes', whole.replace('<int>', '<int a="b">')],
    ['another tag', whole.replaceAll('params', 'parameters')],
    ['a struct', reply('<value><struct></struct></value>')],
    ['a double', reply('<value><double>1.5</double></value>')],
    ['a boolean', reply('<value><boolean>1</boolean></value>')],
    ['base64', reply('<value><base64>eA==</base64></value>')],
    ['tags that do not match', whole.replace('</int>', '</i4>')],
    ['no value', reply('')],
    ['no number', reply('<value><int>x</int></value>')],
    ['an empty number', reply('<value><int></int></value>')],
    ['a fraction', reply('<value><int>1.5</int></value>')],
    ['a number in another notation', reply('<value><int>1e3</int></value>')],
    ['a number too large to be exact', reply('<value><int>9007199254740993</int></value>')],
    ['a huge number', reply(`<value><int>${'9'.repeat(10_000)}</int></value>`)],
    ['an array of bare text', reply('<value><array><data>x</data></array></value>').replace('x', '<string>x</string>')],
    ['an array without data', reply('<value><array></array></value>')],
    ['deep nesting', reply('<value><array><data>'.repeat(50_000) + '</data></array></value>'.repeat(50_000))],
  ];
  for (const [what, text] of garbage) {
    t.throws(() => parse(text), NonsenseError, what);
    t.throws(() => parse(text), /^https:\/\/pypi\.example\/pypi: method\(\): at character \d+ expected /);
  }
});

t.test('wherever the values of a reply are cut off, that is noticed', async (t) => {
  const whole = reply(array('<value><int>5</int></value>', '<value>x&amp;y</value>', '<value><nil/></value>'));
  const end = whole.indexOf('</param>');
  const unnoticed: number[] = [];
  for (let at = 0; at < end - 1; at += 1) {
    try {
      parse(whole.slice(0, at));
      unnoticed.push(at);
    } catch (error) {
      if (!(error instanceof NonsenseError)) unnoticed.push(at);
    }
  }
  t.same(unnoticed, []);
});

t.test('whatever stands in a reply, it is a value or nonsense, never a crash', async () => {
  const tag = fc.constantFrom(
    ...'methodResponse params param value array data string int nil fault struct member name'
      .split(' ')
      .flatMap((name) => [`<${name}>`, `</${name}>`, `<${name}/>`]),
    'x',
    '5',
    '&lt;',
    '<',
    '\n',
  );
  const start = fc.constantFrom('', '<methodResponse><params><param><value>', '<methodResponse><fault><value><struct>');
  fc.assert(
    fc.property(start, fc.array(tag, { maxLength: 30 }), (begin, tags) => {
      try {
        parseXmlRpcReply(begin + tags.join(''), source);
        return true;
      } catch (error) {
        return error instanceof NonsenseError;
      }
    }),
    { numRuns: 500 },
  );
});

t.test('a reply as large as PyPI sends is read in one pass', async (t) => {
  const row = array('<value>pkg</value>', '<value><nil/></value>', '<value><int>1</int></value>');
  const rows = parse(reply(array(...Array.from({ length: 50_000 }, () => row))));
  t.ok(Array.isArray(rows) && rows.length === 50_000);
});

const dump = `
import json, random, sys, xmlrpc.client
chance = random.Random(int(sys.argv[1]))
letters = ['a', 'B', ' ', '<', '>', '&', '"', "'", ';', '#', ']]>', '&amp;', '&#8230;', '\\n', '\\t', 'é', '…', '\\U0001f600']
def value(depth):
    kind = chance.randrange(4 if depth < 4 else 3)
    if kind == 0:
        return chance.choice([0, 1, -1, 2**31 - 1, -2**31, chance.randrange(10**9)])
    if kind == 1:
        return ''.join(chance.choice(letters) for _ in range(chance.randrange(8)))
    if kind == 2:
        return None
    return [value(depth + 1) for _ in range(chance.randrange(5))]
values = [value(0) for _ in range(400)]
faults = [(chance.randrange(-40000, 40000), value(9)) for _ in range(20)]
print(json.dumps([
    [[each, xmlrpc.client.dumps((each,), methodresponse=True, allow_none=True)] for each in values],
    [[[code, text], xmlrpc.client.dumps(xmlrpc.client.Fault(code, text), allow_none=True)]
     for code, text in faults if isinstance(text, str)],
]))`;

const python = promisify(execFile)('python3', ['-c', dump, String(Date.now() % 1_000_000)]).catch(() => undefined);

t.test("what Python's own library writes is read as what it was", programsOrReason('python3'), async (t) => {
  const [values, faults]: [[XmlRpcValue, string][], [[number, string], string][]] = JSON.parse(
    (await python)?.stdout ?? '',
  );
  t.ok(values.length > 0 && faults.length > 0);
  const misread = [
    ...values.filter(([value, text]) => !isDeepStrictEqual(parse(text), value)),
    ...faults.filter(([[faultCode, faultString], text]) => {
      return !isDeepStrictEqual(parseXmlRpcReply(text, source), { fault: { faultCode, faultString } });
    }),
  ];
  t.same(misread, []);
});
