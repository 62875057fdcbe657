/** Makes real, installable wheels and sdists in memory. The same options always give the same bytes. */

import { createHash } from 'node:crypto';
import { gzipSync, type Zippable, zipSync } from 'fflate';
import { Header } from 'tar';
import { buildBackend } from './build-backend.ts';
import { escapedName } from './names.ts';

/** The options of a sample distribution. */
export interface DistributionOptions {
  readonly name: string;
  readonly version: string;
  /** The value of Requires-Python, such as `>=3.8`. */
  readonly requiresPython?: string;
  /** Requirements, such as `sample-base>=1`. */
  readonly requires?: readonly string[];
  /** Requirements by extra. */
  readonly extras?: Readonly<Record<string, readonly string[]>>;
  /** The installed files by path; by default one package with a `__version__`. Bytes are stored without compression. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** The options of a sample wheel. */
export interface WheelOptions extends DistributionOptions {
  /** The compatibility tag, by default `py3-none-any`. */
  readonly tag?: string;
}

/** The options of a sample sdist. */
export interface SdistOptions extends DistributionOptions {
  /** By default 2.1. From 2.2 on the sdist's requirements are those of the built wheel (PEP 643). */
  readonly metadataVersion?: string;
  /** The values of `Dynamic`. */
  readonly dynamic?: readonly string[];
  /** The pyproject.toml; by default one with the backend in the sdist. An empty text means none. */
  readonly pyproject?: string;
}

/** A finished file that can be published. */
export interface Distribution {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly content: Buffer;
  readonly requiresPython?: string;
  /** Core metadata (PEP 658). PyPI offers it for wheels only. */
  readonly metadata?: Buffer;
}

type Files = Record<string, string | Uint8Array>;

// fflate writes local time into zip files, so a date made from local parts gives the same bytes in every time zone.
const zipTime = new Date(2026, 0, 1);
const tarTime = new Date(Date.UTC(2026, 0, 1));

/** Returns a wheel (PEP 427). */
export const makeWheel = (options: WheelOptions): Distribution => made('wheel', options, packWheel);

/** Returns an sdist (PEP 625) that pip can build without a network. */
export const makeSdist = (options: SdistOptions): Distribution => made('sdist', options, packSdist);

const known = new Map<string, Distribution>();

/** Most tests make the same few small files, and a process runs many tests: what is packed is kept. */
function made<T extends DistributionOptions>(
  kind: string,
  options: T,
  pack: (options: T) => Distribution,
): Distribution {
  if (options.files !== undefined) return pack(options);
  const key = `${kind} ${JSON.stringify(options)}`;
  const found = known.get(key) ?? pack(options);
  if (known.size < 1000) known.set(key, found);
  // Who changes its bytes changes them for itself.
  return {
    ...found,
    content: Buffer.from(found.content),
    ...(found.metadata && { metadata: Buffer.from(found.metadata) }),
  };
}

const packWheel = (options: WheelOptions): Distribution => {
  const { version, tag = 'py3-none-any' } = options;
  const info = `${escapedName(options.name)}-${version}.dist-info`;
  const metadata = coreMetadata(options);
  const files: Files = { ...packageFiles(options), [`${info}/METADATA`]: metadata, [`${info}/WHEEL`]: wheelFile(tag) };
  files[`${info}/RECORD`] = record(files, `${info}/RECORD`);
  const content = Buffer.from(zipSync(zipEntries(files), { mtime: zipTime }));
  const filename = `${escapedName(options.name)}-${version}-${tag}.whl`;
  return { ...identity(options), filename, content, metadata: Buffer.from(metadata) };
};

const packSdist = (options: SdistOptions): Distribution => {
  const root = `${escapedName(options.name)}-${options.version}`;
  const { pyproject = ownBackend, metadataVersion = '2.1', dynamic = [] } = options;
  const fields = dynamic.map((field) => `Dynamic: ${field}\n`).join('');
  const files: Files = {
    'PKG-INFO': coreMetadata(options).replace(
      'Metadata-Version: 2.1\n',
      `Metadata-Version: ${metadataVersion}\n${fields}`,
    ),
    ...(pyproject !== '' && { 'pyproject.toml': pyproject }),
    'backend/sample_backend.py': buildBackend,
  };
  for (const [path, body] of Object.entries(packageFiles(options))) files[`src/${path}`] = body;
  const blocks = Object.entries(files).flatMap(([path, body]) => tarEntry(`${root}/${path}`, Buffer.from(body)));
  const content = Buffer.from(gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]), { mtime: 0 }));
  return { ...identity(options), filename: `${root}.tar.gz`, content };
};

const ownBackend = '[build-system]\nrequires = []\nbuild-backend = "sample_backend"\nbackend-path = ["backend"]\n';

const identity = ({ name, version, requiresPython }: DistributionOptions) => ({
  name,
  version,
  ...(requiresPython !== undefined && { requiresPython }),
});

const packageFiles = ({ name, version, files }: DistributionOptions): Files =>
  files ?? { [`${escapedName(name)}/__init__.py`]: `__version__ = "${version}"\n` };

const coreMetadata = ({ name, version, requiresPython, requires = [], extras = {} }: DistributionOptions): string => {
  const lines = [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    `Summary: The sample project ${name}`,
  ];
  if (requiresPython !== undefined) lines.push(`Requires-Python: ${requiresPython}`);
  lines.push(...requires.map((requirement) => `Requires-Dist: ${requirement}`));
  for (const [extra, wanted] of Object.entries(extras)) {
    lines.push(`Provides-Extra: ${extra}`);
    lines.push(...wanted.map((requirement) => `Requires-Dist: ${requirement}; extra == "${extra}"`));
  }
  return `${lines.join('\n')}\n`;
};

const wheelFile = (tag: string): string => {
  const [pythons = '', abis = '', platforms = ''] = tag.split('-').map((part) => part.split('.')) as string[][];
  const tags = [...pythons].flatMap((python) =>
    [...abis].flatMap((abi) => [...platforms].map((platform) => `Tag: ${python}-${abi}-${platform}\n`)),
  );
  return `Wheel-Version: 1.0\nGenerator: sample\nRoot-Is-Purelib: ${tag.endsWith('-any')}\n${tags.join('')}`;
};

const record = (files: Files, self: string): string => {
  const lines = Object.entries(files).map(([path, body]) => {
    const digest = createHash('sha256').update(body).digest('base64url');
    return `${path},sha256=${digest},${Buffer.byteLength(body)}\n`;
  });
  return `${lines.join('')}${self},,\n`;
};

const zipEntries = (files: Files): Zippable =>
  Object.fromEntries(
    Object.entries(files).map(([path, body]) => [
      path,
      [Buffer.from(body), { level: typeof body === 'string' ? 6 : 0 }],
    ]),
  );

const tarEntry = (path: string, body: Buffer): Buffer[] => {
  const block = Buffer.alloc(512);
  const header = new Header({ path, mode: 0o644, uid: 0, gid: 0, size: body.length, mtime: tarTime, type: 'File' });
  if (header.encode(block, 0)) throw new Error(`${path} does not fit into a plain tar header`);
  return [block, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
};
