/** SQLite's addon, by which all connections are made. */
import Database from 'better-sqlite3';

/** The addon's file, where it is not in node_modules. One for the process, as better-sqlite3 itself keeps one. */
let nativeBinding: string | undefined;

/** Makes all later connections by the addon at `path`; undefined for the one in node_modules. */
export function useAddon(path: string | undefined): void {
  nativeBinding = path;
}

/** Opens the database in the file at `source`, or one in memory that holds the bytes of `source`. Throws SQLite's errors. */
export function connect(source: string | Buffer, options: Database.Options = {}): Database.Database {
  return new Database(source, nativeBinding === undefined ? options : { ...options, nativeBinding });
}
