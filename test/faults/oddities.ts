/**
 * Bad files and pages that a stranger may publish on an index to which anybody can upload, and bad answers of an index
 * for one project alone. Each oddity concerns one project, and must not affect any other.
 */
import type { Fault } from '../sample/fault-behaviours.ts';
import type { ProjectPage } from '../sample/pages.ts';

/** A page as an index could send it. Its members may have any value. */
export type AnyPage = Record<string, unknown> & { files: AnyFile[] };
export type AnyFile = Record<string, unknown>;

/** One oddity of one project. */
export interface Oddity {
  readonly name: string;
  /** Changes the page that the index serves. */
  readonly page?: (page: AnyPage) => void;
  /** The bad answer of the index for the page, or for a file of the project. */
  readonly fault?: Fault;
  /** False if the page as a whole cannot be read or believed. Then nothing of the project changes. */
  readonly isReadable?: false;
  /** True if the project stays queued until upstream is repaired, so that the exit code stays 1. */
  readonly stays?: true;
}

/** Returns all oddities of the project `name`, whose newest file is `newest`. */
export function odditiesOf(name: string, newest: string): readonly Oddity[] {
  return [...oddFiles, ...oddPages, ...answersFor(name, newest)];
}

/** Returns the page as JSON after all `oddities`. */
export function oddPage(page: ProjectPage, oddities: readonly Oddity[]): string {
  const odd = JSON.parse(JSON.stringify(page)) as AnyPage;
  for (const { page: change } of oddities) change?.(odd);
  return JSON.stringify(odd);
}

/** An oddity that adds one file, with a valid hash and an address of the usual form. */
function moreFile(label: string, change: AnyFile | ((file: AnyFile) => AnyFile)): Oddity {
  return {
    name: `a file with ${label}`,
    page: ({ files }) => {
      const last = files.at(-1) ?? {};
      const made = { ...last, ...elsewhere(`${String(files.length).padStart(2, '0')}odd-9.9.tar.gz`) };
      files.push(typeof change === 'function' ? change(made) : { ...made, ...change });
    },
  };
}

const hash = 'ab'.repeat(32);

/** Returns the members of an entry for a file that the index does not have. */
function elsewhere(filename: string): AnyFile {
  const url = `/packages/ab/ab/${hash.slice(4)}/${encodeURIComponent(Buffer.from(filename).toString())}`;
  return { filename, url, hashes: { sha256: hash }, 'core-metadata': false, provenance: null };
}

const oddNames = [
  'odd-1.4#1.zip',
  'odd-1.0\u0001.tar.gz',
  'odd-1.0\n.tar.gz',
  '../odd-1.0.tar.gz',
  '..%2fodd-1.0.tar.gz',
  'a/b/odd-1.0.tar.gz',
  'a\\odd-1.0.tar.gz',
  '.odd-1.0.tar.gz',
  '-rf-1.0.tar.gz',
  'odd-1.0.tar.gz.metadata',
  'odd-1.0.provenance',
  'index.html',
  'odd-\u202e1.0.tar.gz',
  'ödd-1.0.tar.gz',
  `${'o'.repeat(250)}-1.0.tar.gz`,
  `${'o'.repeat(5000)}-1.0.tar.gz`,
  'odd-1.0.\ud800.zip',
  '',
];

const oddUrls: readonly unknown[] = [
  'https://files.stranger.example/packages/ab/ab/odd-9.9.tar.gz',
  `http://169.254.169.254/packages/ab/ab/${hash.slice(4)}/odd-9.9.tar.gz`,
  'javascript:alert(1)',
  'data:text/plain,odd',
  'file:///etc/passwd',
  'https://[',
  '//stranger.example/odd-9.9.tar.gz',
  '/packages/../../etc/odd-9.9.tar.gz',
  `/packages/ab/ab/${hash.slice(4)}/another-name.tar.gz`,
  '/odd-9.9.tar.gz',
  '',
  7,
  null,
  undefined,
  {},
];

const oddFiles: readonly Oddity[] = [
  ...oddNames.map((name) =>
    moreFile(`the name ${JSON.stringify(name.slice(0, 40))} (${name.length})`, elsewhere(name)),
  ),
  ...[7, null, undefined, ['odd-9.9.tar.gz'], {}].map((filename) =>
    moreFile(`the name ${JSON.stringify(filename)}, no text`, { filename }),
  ),
  ...oddUrls.map((url) => moreFile(`the address ${JSON.stringify(url)}`, { url })),
  ...[{}, { md5: 'cd'.repeat(16) }, { sha256: 'short' }, { sha256: 7 }, null, undefined, [], 'sha256'].map((hashes) =>
    moreFile(`the hashes ${JSON.stringify(hashes)}`, { hashes }),
  ),
  ...[-1, 1.5, 2 ** 63, 1e300, '12', null, {}].map((size) => moreFile(`the size ${JSON.stringify(size)}`, { size })),
  ...['+275760-09-13T00:00:00Z', '-000001-01-01T00:00:00Z', 'yesterday', 7, {}].map((time) =>
    moreFile(`the upload time ${JSON.stringify(time)}`, { 'upload-time': time }),
  ),
  ...['>=3.8,'.repeat(10_000), '<script>', 7, {}].map((text) =>
    moreFile(`requires-python ${JSON.stringify(text).slice(0, 20)}`, { 'requires-python': text }),
  ),
  ...['x'.repeat(100_000), 7, {}, null].map((yanked) =>
    moreFile(`yanked ${JSON.stringify(yanked).slice(0, 20)}`, { yanked }),
  ),
  ...['https://stranger.example/x', 'javascript:alert(1)', '', 7, {}].map((provenance) =>
    moreFile(`the provenance ${JSON.stringify(provenance)}`, { provenance }),
  ),
  moreFile('bytes that are not there', {}),
  {
    // No disk has room for them.
    stays: true,
    name: 'sizes that add up beyond 2^63',
    page: ({ files }) => {
      for (let at = 0; at < 40; at += 1) {
        files.push({ ...files[0], ...elsewhere(`big-${at}.0.tar.gz`), size: Number.MAX_SAFE_INTEGER });
      }
    },
  },
  {
    name: 'the same file twice',
    page: ({ files }) => {
      files.push({ ...files[0] });
    },
  },
  {
    name: 'one name twice with other hashes',
    page: ({ files }) => {
      files.push({ ...files[0], hashes: { sha256: hash } });
    },
  },
  {
    // It stays queued until a person decides which hash is right.
    stays: true,
    name: 'another hash of a held file',
    page: ({ files }) => {
      const [first] = files;
      if (first !== undefined) first.hashes = { sha256: hash };
    },
  },
  {
    name: 'a held file at a strange host',
    page: ({ files }) => {
      const [first] = files;
      if (first !== undefined) first.url = 'https://files.stranger.example/x.tar.gz';
    },
  },
  {
    name: 'wrong sizes',
    page: ({ files }) => {
      for (const file of files) file.size = 3;
    },
  },
  {
    name: 'hashes in capitals',
    page: ({ files }) => {
      for (const file of files) file.hashes = { sha256: String((file.hashes as AnyFile).sha256).toUpperCase() };
    },
  },
  {
    name: 'core metadata of another hash',
    page: ({ files }) => {
      const last = files.at(-1);
      if (last !== undefined) last['core-metadata'] = { sha256: hash };
    },
  },
];

const oddPages: readonly Oddity[] = [
  broken('no files', (page) => delete (page as Partial<AnyPage>).files),
  broken('files that are no list', (page) => Object.assign(page, { files: {} })),
  broken('the name of another', (page) => Object.assign(page, { name: 'crowd-other' })),
  broken('no name', (page) => Object.assign(page, { name: 7 })),
  broken('a serial far ahead', (page) => Object.assign(page.meta as AnyFile, { '_last-serial': 4e9 })),
  broken('no serial', (page) => delete (page.meta as AnyFile)['_last-serial']),
  broken('an old serial', (page) => Object.assign(page.meta as AnyFile, { '_last-serial': 3 })),
  // They may stand for any files of the project, and are the majority of its files.
  broken('files that are no objects', ({ files }) => files.push(7 as never, null as never, [] as never)),
  { name: 'a page with versions that are none', page: (page) => Object.assign(page, { versions: [7, {}, '<b>'] }) },
  { name: 'a page with a status that nobody knows', page: (page) => statusOf(page, { status: 'odd' }) },
  {
    name: 'a page with a long reason',
    page: (page) => statusOf(page, { status: 'archived', reason: 'x'.repeat(99_999) }),
  },
  {
    name: 'a page with a __proto__',
    page: (page) => Object.defineProperty(page, '__proto__', { value: {}, enumerable: true }),
  },
  {
    // Most of its files cannot be taken, so upstream's page itself is taken to be broken.
    stays: true,
    name: 'a page of a thousand odd files',
    page: ({ files }) => {
      for (let at = 0; at < 1000; at += 1) files.push({ ...elsewhere(`odd#${at}.zip`) });
    },
  },
];

function statusOf(page: AnyPage, status: AnyFile): void {
  page['project-status'] = status;
}

function broken(label: string, page: (page: AnyPage) => unknown): Oddity {
  return { name: `a page with ${label}`, page: (odd) => void page(odd), isReadable: false, stays: true };
}

/** Returns the bad answers to a request for the page, or for the newest file. */
function answersFor(name: string, newest: string): readonly Oddity[] {
  const page = new RegExp(`^GET /simple/${name}/$`);
  const file = new RegExp(`^GET /packages/.*/${newest.replace(/[.+]/g, '\\$&')}$`);
  const pageAnswer = (label: string, fault: Fault): Oddity => ({
    name: `a page answered by ${label}`,
    fault: { ...fault, match: page } as Fault,
    isReadable: false,
    stays: true,
  });
  const fileAnswer = (label: string, fault: Fault, stays?: true): Oddity => ({
    name: `a file answered by ${label}`,
    fault: { ...fault, match: file } as Fault,
    ...(stays && { stays }),
  });
  const deep = Buffer.from(`${'['.repeat(1 << 20)}${']'.repeat(1 << 20)}`);
  const many = Buffer.from(`{"meta":{"api-version":"1.4"},"name":"${name}","files":[${'{},'.repeat(600_000)}{}]}`);
  const later = { retryAfter: '86400' };
  return [
    ...[400, 403, 404, 410, 429, 451, 500, 503].map((status) => pageAnswer(String(status), { do: 'status', status })),
    ...[403, 429, 503].map((status) => pageAnswer(`${status} for a day`, { do: 'status', status, ...later })),
    pageAnswer('a redirect to itself', { do: 'redirect', location: `/simple/${name}/` }),
    pageAnswer('a redirect to /login', { do: 'redirect', location: '/login' }),
    pageAnswer('a redirect to another host', { do: 'redirect', location: 'https://stranger.example/' }),
    pageAnswer('HTML', { do: 'html-200' }),
    pageAnswer('a reset', { do: 'reset' }),
    pageAnswer('a cut', { do: 'cut', after: 50 }),
    pageAnswer('nothing', { do: 'stall' }),
    pageAnswer('a bomb', { do: 'gzip-bomb', mebibytes: 256 }),
    pageAnswer('brackets', { do: 'body', body: deep }),
    pageAnswer('half a million files that are none', { do: 'body', body: many }),
    pageAnswer('what is not UTF-8', { do: 'change', change: () => Buffer.from([0xff, 0xfe, 0x7b]) }),
    ...[404, 410].map((status) => fileAnswer(String(status), { do: 'status', status })),
    ...[403, 429, 500, 503].map((status) => fileAnswer(String(status), { do: 'status', status }, true)),
    ...[403, 429, 503].map((status) => fileAnswer(`${status} for a day`, { do: 'status', status, ...later }, true)),
    fileAnswer('a wrong byte', { do: 'corrupt' }),
    fileAnswer('half of it', { do: 'truncate-length' }, true),
    fileAnswer('more than there is', { do: 'change', change: (body) => Buffer.concat([body, body]) }),
    fileAnswer('a redirect to another host', { do: 'redirect', location: 'https://stranger.example/x.whl' }),
    fileAnswer('a redirect to itself', { do: 'redirect', location: `/packages/aa/${newest}` }),
    fileAnswer('HTML', { do: 'html-200' }),
    fileAnswer('a reset', { do: 'reset' }, true),
    fileAnswer('nothing', { do: 'stall' }, true),
    fileAnswer('no end', { do: 'endless' }, true),
  ];
}
