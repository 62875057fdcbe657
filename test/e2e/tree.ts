/** Reads folders as values that can be compared. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** Returns the sha256 of every file below `folder` by its path, in order; for every folder the text `folder`. */
export function treeOf(folder: string): Record<string, string> {
  const paths = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort() : [];
  return Object.fromEntries(paths.map((path) => [path, contentOf(join(folder, path))]));
}

/** Returns what a mirror publishes, without the files that depend on the time of the run or on earlier runs. */
export function publishedTree(target: string): Record<string, string> {
  const tree = treeOf(join(target, 'web'));
  const varies =
    /^(?:last-modified|(?:mirror-status|removed|changes)\.json|changes(?:\/.*)?|(?:status\/)?index\.html)$/;
  for (const path of Object.keys(tree)) if (varies.test(path)) delete tree[path];
  return tree;
}

/** Returns {@link treeOf} with inode, size and time of change added: two are equal only if nobody touched any file. */
export function untouchedTree(folder: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(treeOf(folder)).map(([path, content]) => {
      const { ino, size, mtimeMs } = lstatSync(join(folder, path));
      return [path, content === 'folder' ? content : `${content} ${ino} ${size} ${mtimeMs}`];
    }),
  );
}

/** Returns the projects, files and queue in the state of a mirror. */
export function stateOf(target: string): {
  readonly projects: Record<string, unknown>[];
  readonly files: unknown[];
  readonly queue: unknown[];
} {
  const db = new Database(join(target, 'state.db'), { readonly: true });
  try {
    const all = (sql: string) => db.prepare<[], Record<string, unknown>>(sql).all();
    return {
      projects: all('SELECT name, display_name, serial, etag, status FROM projects ORDER BY name'),
      files: all(
        `SELECT path, project, size, lower(hex(sha256)) AS sha256, lower(hex(metadata_sha256)) AS metadata, provenance
        FROM files ORDER BY path`,
      ),
      queue: all('SELECT name, attempts, reason FROM queue ORDER BY name'),
    };
  } finally {
    db.close();
  }
}

function contentOf(path: string): string {
  const found = lstatSync(path);
  if (found.isDirectory()) return 'folder';
  if (!found.isFile()) return 'neither file nor folder';
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
