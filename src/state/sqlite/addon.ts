/** The SQLite addon, with which all connections are opened. */
import Database from 'better-sqlite3';

/** The addon's file, if it is not in node_modules. There is one per process, because better-sqlite3 keeps only one. */
let nativeBinding: string | undefined;

/** Makes all later connections use the addon at `path`; undefined for the one in node_modules. */
export function useAddon(path: string | undefined): void {
  nativeBinding = path;
}

/** Opens the database in the file `source`, or one in memory with the bytes of `source`. Throws SQLite's errors. */
export function connect(source: string | Buffer, options: Database.Options = {}): Database.Database {
  return new Database(source, nativeBinding === undefined ? options : { ...options, nativeBinding });
}
