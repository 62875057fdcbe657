import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** The folder of the one release file, as PyPI would name it. */
export const blobFolder = `packages/ab/cd/${'0123456789'.repeat(6)}`;

/** A page long enough that a server would compress it. */
export function page(name: string): string {
  return `${name}\n`.repeat(200);
}

/**
 * Writes a mirror by hand: the projects `foo-bar` (all four page files), `plain` (no `.gz` twins), `html-only` (as
 * pep381client 1.5 left it) and `empty` (a folder without pages), release files of every suffix, and what must not be
 * served.
 */
export function writeSmallMirror(target: string): void {
  const write = (path: string, content: string | Buffer): void => writeOld(join(target, path), content);
  for (const folder of ['web/simple', 'web/simple/foo-bar']) {
    for (const name of ['index.html', 'index.v1_json']) {
      write(`${folder}/${name}`, page(`${folder}/${name}`));
      write(`${folder}/${name}.gz`, gzipSync(page(`${folder}/${name}`)));
    }
  }
  write('web/simple/plain/index.html', page('plain html'));
  write('web/simple/plain/index.v1_json', page('plain json'));
  write('web/simple/html-only/index.html', page('only html'));
  write('web/simple/empty/.keep', '');
  for (const suffix of releaseSuffixes) write(`web/${blobFolder}/foo_bar-1.0${suffix}`, '0123456789');
  write(`web/${blobFolder}/foo bar+1.0.whl`, '0123456789');
  write('web/index.html', page('welcome'));
  write('web/last-modified', '20261122T09:30:00\n');
  write('web/mirror-status.json', '{}\n');
  write('web/removed.json', '{}\n');
  write('web/snapshot.json', '{}\n');
  write('web/snapshot.json.sig', 'c2lnbmF0dXJl\n');
  write('web/local-stats/days/2026-11-21.bz2', 'BZh9');
  write('web/local-stats/days.csv', 'day,downloads,bytes\r\n');
  for (const path of hiddenPaths) write(path, secret);
  symlinkSync(join(target, 'state.db'), join(target, 'web', blobFolder, 'link-1.0.whl'));
  symlinkSync(join(target, 'trash'), join(target, 'web/packages/ln'));
  symlinkSync(join(target, 'trash'), join(target, 'web/simple/ln'));
}

/** What no reply may contain. */
export const secret = '# not to be served';

/** Suffixes of release files and of what stands beside them. */
export const releaseSuffixes = [
  '.whl',
  '.whl.metadata',
  '.whl.provenance',
  '.tar.gz',
  '.tgz',
  '.tar.Z',
  '.tar.bz2',
  '.zip',
  '.var.zip',
  '.en.utf8.zip',
  '.html',
  '-variants.json',
] as const;

const hiddenPaths = [
  'state.db',
  'mirror.toml',
  'staging/foo',
  'trash/index.html',
  'web/.htaccess',
  'web/.git/config',
  'web/simple/foo-bar/.index.html',
  'web/simple/foo-bar/index.html.tmp',
  `web/${blobFolder}/.foo_bar-1.0.whl`,
];

/** Apache marks the ETag of a file just written as weak. */
function writeOld(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  utimesSync(path, 1_700_000_000, 1_700_000_000);
}
