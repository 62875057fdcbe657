/** What comes with an installation: a package that runs a script of its own on it is one that somebody has looked at. */
import { readFileSync } from 'node:fs';
import t from 'tap';

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> };
const installed = Object.entries(packages).filter(([path]) => path !== '');

t.test('only SQLite and the bundler run scripts on installation, and the project says so', async (t) => {
  const scripted = installed.flatMap(([path, { hasInstallScript }]) => (hasInstallScript ? [nameOf(path)] : []));
  // fsevents is for macOS only, and optional.
  t.same([...new Set(scripted)].filter((name) => name !== 'fsevents').sort(), ['better-sqlite3', 'esbuild']);
  const { allowScripts } = read('package.json') as { allowScripts: Record<string, boolean> };
  t.same(Object.keys(allowScripts).sort(), ['better-sqlite3', 'esbuild']);
});

t.test('every package is pinned by version and hash', async (t) => {
  const loose = installed.filter(([, { version, integrity, link }]) => !link && (!version || !integrity));
  t.same(
    loose.map(([path]) => path),
    [],
  );
  t.ok(installed.length > 100);
});

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
