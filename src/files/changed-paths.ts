/** The port to the paths that changed in the tree since somebody last took them. All methods throw StorageError. */

export interface ChangedPaths {
  /** Returns true if a path has changed. Files that each run renews do not count. */
  hasPaths(): boolean;
  /**
   * Yields pieces of the list: lines with a JSON object each. `path` is below `web/`, with a slash at its end if it is
   * a folder; `url` is the path of the address under which it is served; `removed` is true if it was removed.
   */
  lines(): AsyncIterable<string>;
  /** Forgets all paths. */
  clear(): void;
}
