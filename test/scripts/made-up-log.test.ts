/** The downloads that `npm start` makes up: they look like real ones, and processlogs counts each once. */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { extendMadeUpLog, madeUpDays } from '../../scripts/developer/made-up-log.ts';
import { AccessLogReader, type LineKind } from '../../src/formats/logs/access-log.ts';
import { parseUserAgent } from '../../src/formats/logs/user-agent.ts';

const files = [
  { path: '/packages/aa/bb/cc/Sample_App-1.0-py3-none-any.whl', bytes: 1000, weight: 3 },
  { path: '/packages/aa/bb/dd/sample_base-2.0.tar.gz', bytes: 2000, weight: 1 },
];
const hour = 3600;
const now = Date.UTC(2026, 10, 29, 12) / 1000;

t.test('it tells of every day until now, of less at weekends, and of clients that processlogs knows', async (t) => {
  const path = join(t.testdir(), 'log');
  extendMadeUpLog(path, files, now);
  const bytes = readFileSync(path);
  const reader = new AccessLogReader();
  const days = new Map<string, number>();
  const kinds = new Map<LineKind, number>();
  const installers = new Set<string | undefined>();
  let before = 0;
  let wrong = 0;
  for (let start = 0, end = bytes.indexOf('\n'); end >= 0; start = end + 1, end = bytes.indexOf('\n', start)) {
    const kind = reader.read(bytes, start, end);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (reader.seconds < before || reader.seconds > now) wrong += 1;
    before = reader.seconds;
    if (kind !== 'file') continue;
    const day = new Date(reader.seconds * 1000).toISOString().slice(0, 10);
    days.set(day, (days.get(day) ?? 0) + 1);
    const agent = bytes
      .subarray(reader.agentStart, end - 1)
      .toString('latin1')
      .replaceAll('\\"', '"');
    installers.add(parseUserAgent(agent).installer?.name);
  }
  t.equal(wrong, 0, 'in the order of times');
  t.same([...kinds.keys()].sort(), ['address', 'file']);
  t.same([...days.keys()].slice(0, 1), ['2026-09-30']);
  t.equal(days.size, madeUpDays + 1);
  t.ok((days.get('2026-11-28') ?? 0) < (days.get('2026-11-27') ?? 0) / 2, 'Saturday and Friday');
  for (const name of ['pip', 'uv', 'poetry', 'Browser']) t.ok(installers.has(name), name);
  t.notOk(installers.has(undefined), 'and nobody else');
});

t.test('it is always the same, and goes on where it was', async (t) => {
  const folder = t.testdir();
  const [once, often] = [join(folder, 'once'), join(folder, 'often')];
  for (const time of [now - 30 * hour, now - 30 * hour, now - 2 * hour, now]) extendMadeUpLog(often, files, time);
  extendMadeUpLog(once, files, now - 30 * hour);
  extendMadeUpLog(once, files, now);
  t.equal(readFileSync(once, 'utf8'), readFileSync(often, 'utf8'));
  appendFileSync(once, '192.0.2.1 - - [29/Nov/2026:11:59:59 +0');
  extendMadeUpLog(once, files, now + hour);
  t.ok(
    readFileSync(once, 'utf8').split('\n').length > readFileSync(often, 'utf8').split('\n').length,
    'even after a cut',
  );
});
