/**
 * Makes up the access log of a mirror for `npm start`, whose statistics would be empty otherwise: about a hundred
 * downloads a day, fewer at weekends, by pip, uv, poetry and others. The same day always has the same lines.
 */
import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { pseudoRandomNumbers } from '../../test/sample/pseudo-random.ts';

/** A file that is downloaded. */
export interface MadeUpFile {
  /** The decoded path of its address. */
  readonly path: string;
  readonly bytes: number;
  /** How often it is downloaded, compared with others. */
  readonly weight: number;
}

/** The number of days before today that a new log begins with. */
export const madeUpDays = 60;

const daySeconds = 86_400;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Sunday first. */
const weekdays = [0.35, 1, 1.1, 1.15, 1.05, 0.95, 0.4];
const downloadsADay = 100;
const clients = 40;

/**
 * Writes the log at `path`, up to the time `now` in seconds since 1970. A log that is there is continued, as
 * processlogs has read it and would count the days of another one again.
 */
export function extendMadeUpLog(path: string, files: readonly MadeUpFile[], now: number): void {
  const last = existsSync(path) ? lastSecond(readFileSync(path, 'utf8')) : undefined;
  const from = last ?? (Math.floor(now / daySeconds) - madeUpDays) * daySeconds - 1;
  closeSync(openSync(path, 'a'));
  for (let day = Math.floor((from + 1) / daySeconds); day * daySeconds <= now; day += 1) {
    const lines = madeUpDay(day, files).filter(({ second }) => second > from && second <= now);
    appendFileSync(path, lines.map(({ text }) => `${text}\n`).join(''));
  }
}

interface Line {
  /** Seconds since 1970. */
  readonly second: number;
  readonly text: string;
}

/** Returns the lines of a day, given as the number of days since 1970, in the order of their times. */
function madeUpDay(day: number, files: readonly MadeUpFile[]): Line[] {
  const random = pseudoRandomNumbers(day);
  const weekday = weekdays[new Date(day * daySeconds * 1000).getUTCDay()] ?? 1;
  // More from month to month, and no day like another.
  const count = Math.round(downloadsADay * weekday * (0.8 + 0.4 * random()) * (1 + ((day % 365) / 365) * 0.5));
  const downloads = Array.from({ length: count }, () => {
    // Most in the middle of the day.
    const second = day * daySeconds + Math.floor(((random() + random() + random()) / 3) * daySeconds);
    const client = Math.floor(clients * random() ** 2);
    return request(second, client, agentOf(client, day, random), pick(files, random));
  });
  return downloads.flat().sort((one, other) => one.second - other.second);
}

/** Returns the lines of an installer that reads a project's page and fetches a file. */
function request(second: number, client: number, agent: string, { path, bytes }: MadeUpFile): Line[] {
  // These addresses belong to nobody: they are reserved for examples.
  const address = `${['192.0.2', '198.51.100', '203.0.113'][client % 3]}.${client + 1}`;
  const project = /([^/]+?)-\d[^/]*$/.exec(path)?.[1] ?? 'sample';
  const page = `/simple/${project.replaceAll(/[-_.]+/g, '-').toLowerCase()}/`;
  return [
    [page, 900],
    [encodeURI(path), bytes],
  ].map(([asked, size]) => ({
    second,
    text: `${address} - - [${stamp(second)}] "GET ${asked} HTTP/1.1" 200 ${size} "-" "${agent}"`,
  }));
}

function pick(files: readonly MadeUpFile[], random: () => number): MadeUpFile {
  let left = random() * files.reduce((sum, { weight }) => sum + weight, 0);
  const found = files.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  const file = found ?? files.at(-1);
  if (file === undefined) throw new Error('there is no file to download');
  return file;
}

/** Returns the agent of a client, as Apache writes it: a client keeps its installer, and moves on to newer Pythons. */
function agentOf(client: number, day: number, random: () => number): string {
  const minor = 9 + ((client * 7) % 5) + ((day % 60) / 60 > random() ? 1 : 0);
  const python = `3.${minor}.${client % 6}`;
  const kind = client % 10;
  if (kind < 5) return json('pip', ['24.0', '25.3', '26.0.1'][client % 3] ?? '26.0.1', python, client);
  if (kind < 8) return json('uv', ['0.9.18', '0.10.2'][client % 2] ?? '0.10.2', python, client);
  if (kind === 8) return `poetry/2.${client % 3}.0 CPython/${python} Linux/6.1.0`;
  return client % 2 === 0 ? `pdm/2.26.0 CPython/${python} Linux/6.1.0` : 'Mozilla/5.0 (X11; Linux x86_64)';
}

function json(name: string, version: string, python: string, client: number): string {
  const system = [
    { name: 'Linux', release: '6.1.0-18-amd64' },
    { name: 'Darwin', release: '24.1.0' },
    { name: 'Windows', release: '11' },
  ][client % 7 < 4 ? 0 : client % 7 < 6 ? 1 : 2];
  const about = { cpu: 'x86_64', implementation: { name: 'CPython', version: python }, installer: { name, version } };
  return `${name}/${version} ${JSON.stringify({ ...about, python, system }).replaceAll('"', '\\"')}`;
}

function stamp(second: number): string {
  const [date = '', time = ''] = new Date(second * 1000).toISOString().split(/[T.]/);
  const [year, month, day] = date.split('-');
  return `${day}/${months[Number(month) - 1]}/${year}:${time} +0000`;
}

/** Returns the time of the last whole line; undefined if there is none. */
function lastSecond(log: string): number | undefined {
  const times = [...log.matchAll(/\[(\d\d)\/(\w{3})\/(\d{4}):([\d:]{8}) \+0000\] .*\n/g)];
  const [, day, month = '', year, time] = times.at(-1) ?? [];
  if (day === undefined) return undefined;
  const number = String(months.indexOf(month) + 1).padStart(2, '0');
  return Date.parse(`${year}-${number}-${day}T${time}Z`) / 1000;
}
