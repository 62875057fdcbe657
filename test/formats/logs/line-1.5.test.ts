import t from 'tap';
import { parseLine15 } from '../../../src/formats/logs/line-1.5.ts';
import { reducedBy15 } from '../../../src/formats/logs/user-agent-1.5.ts';

const start = '192.0.2.7 - - [22/Nov/2026:23:30:00 -0500] "GET ';
const found = { day: '2026-11-22', project: 'foo', filename: 'foo-1.0.tar.gz', agent: 'x' };

t.test('what 1.5 counted, and what it did not', async (t) => {
  const path = '/packages/source/f/foo/foo-1.0.tar.gz';
  t.same(parseLine15(`${start}${path} HTTP/1.1" 200 748 "-" "x"`), found, 'the day is that of the log');
  t.same(parseLine15(`${start}${path}?a HTTP/1.0" 200 - "ref "err"er" "User-Agent: x"\r\n`), found);
  t.same(parseLine15(`${start}${path} HTTP/1.1" 200 748  "x"`), found, 'no referer');
  t.equal(parseLine15(`${start}${path} HTTP/2.0" 200 748 "-" "x"`), undefined);
  t.equal(parseLine15(`${start}${path} HTTP/1.1" 206 748 "-" "x"`), undefined);
  t.equal(parseLine15(`${start}/simple/foo/ HTTP/1.1" 200 748 "-" "x"`), undefined);
  t.equal(parseLine15(`${start}/packages/ HTTP/1.1" 200 748 "-" "x"`), undefined);
  t.equal(parseLine15(`${start}/packages HTTP/1.1" 200 748 "-" "x"`), undefined, 'of this line 1.5 died');
  t.equal(parseLine15(''), undefined);
});

t.test("1.5's short forms of agents", async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['Python-urllib/2.7', 'Python-urllib/2.7'],
    ['Python-urllib/2.7 setuptools/0.6c11', 'setuptools/0.6c11'],
    ['Mozilla/5.0 (Macintosh) AppleWebKit/534 (KHTML) Version/5.1 Safari/534', 'Safari/5.1'],
    ['Mozilla/5.0 (X11; U) Gecko/2 Firefox/3.6.1', 'Firefox/3'],
    ['Mozilla/5.0 (X11; rv:145.0) Gecko/20100101 Firefox/145.0', 'Mozilla/5.0'],
    ['DoCoMo/2.0 (compatible; Googlebot-Mobile/2.1; +http://www.google.com/bot.html)', 'Googlebot-Mobile/2.1'],
    ['msnbot/2.0b (+http://search.msn.com/msnbot.htm)', 'msnbot/2.0b'],
    ['pip/26.2 {}', 'pip/26.2 {}'],
  ];
  for (const [agent, short] of rows) t.equal(reducedBy15(agent), short, agent);
});

t.test('the lines on which 1.5 spent minutes take no time', async (t) => {
  const started = process.hrtime.bigint();
  for (const piece of [
    '] "GET /packages/a/b HTTP/1.1" 200 ',
    '] "GET a',
    ' "',
    '" "',
    'Mozilla Version/ ',
    ' setuptools/',
    '  "',
  ]) {
    parseLine15(`${start}${piece.repeat(65_536)}`.slice(0, 65_536));
    parseLine15(`${`${start}${piece.repeat(65_536)}`.slice(0, 65_000)}"`);
    reducedBy15(`Mozilla${piece.repeat(10_000)}`);
  }
  t.ok(Number(process.hrtime.bigint() - started) < 3e9);
});
