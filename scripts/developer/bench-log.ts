/** Writes an access log for the benchmark, with clients, files and requests as mirrors see them today. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { pseudoRandomNumbers } from '../../test/sample/pseudo-random.ts';

const files = 20_000;
const clients = 400;
const days = 3;
const firstSecond = Date.UTC(2026, 10, 20, 6) / 1000;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Writes `lines` lines to `path`. Half are downloads, most of them of a few files; the rest are metadata and pages. */
export function writeAccessLog(path: string, lines: number): void {
  const random = pseudoRandomNumbers(381);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const agents = Array.from({ length: clients }, () => agent(pick));
  const paths = Array.from({ length: files }, (_, index) => filePath(index, random));
  const file = openSync(path, 'w');
  let text = '';
  for (let line = 0; line < lines; line += 1) {
    const name = paths[Math.floor(files * random() ** 6)] as string;
    const kind = random();
    const asked =
      kind < 0.5 ? name : kind < 0.75 ? `${name}.metadata` : `/simple/project-${Math.floor(random() * files)}/`;
    const time = stamp(firstSecond + Math.floor((line * days * 86_400) / lines));
    const client = `198.51.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`;
    text += `${client} - - [${time}] "GET ${asked} HTTP/1.1" 200 ${Math.floor(random() * 1e6)} "-" "${pick(agents)}"\n`;
    if (text.length < 1 << 20) continue;
    writeSync(file, text);
    text = '';
  }
  writeSync(file, text);
  closeSync(file);
}

function filePath(index: number, random: () => number): string {
  const hash = Array.from({ length: 8 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
  const folder = `/packages/${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash.slice(4)}`;
  return `${folder}/project_${Math.floor(index / 5)}-1.${index % 5}.0-py3-none-any.whl`;
}

/** Returns a User-Agent as Apache writes it: with its quotes escaped. */
function agent(pick: <T>(values: readonly T[]) => T): string {
  const python = `3.${pick([9, 10, 11, 12, 13, 14])}.${pick([0, 1, 2, 3, 4])}`;
  const implementation = { name: 'CPython', version: python };
  const system = { name: 'Linux', release: `6.8.0-${pick([31, 45, 60, 71, 87])}-generic` };
  const isPip = pick([true, true, false]);
  const version = isPip ? pick(['24.0', '25.3', '26.0.1', '26.2.1']) : pick(['0.9.18', '0.10.2', '0.11.0']);
  const libc = { lib: 'glibc', version: '2.36' };
  const distro = { id: 'bookworm', libc, name: 'Debian GNU/Linux', version: '12' };
  const installer = { name: isPip ? 'pip' : 'uv', version };
  const json = {
    ci: pick([true, null]),
    cpu: 'x86_64',
    distro,
    implementation,
    installer,
    openssl_version: 'OpenSSL 3.0.17 1 Jul 2025',
    python,
    rustc_version: null,
    setuptools_version: '80.9.0',
    system,
  };
  return `${installer.name}/${version} ${JSON.stringify(json)}`.replaceAll('"', '\\"');
}

function stamp(seconds: number): string {
  const time = new Date(seconds * 1000).toISOString();
  return `${time.slice(8, 10)}/${months[Number(time.slice(5, 7)) - 1]}/${time.slice(0, 4)}:${time.slice(11, 19)} +0000`;
}
