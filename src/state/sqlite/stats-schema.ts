/**
 * What processlogs remembers. It can be rebuilt only from the logs, and they go: nothing else in the database is like that.
 *
 *   stats_logs    how far each log was read; a log is known by its first bytes, whatever it is called by now
 *   stats_days    the days that were seen in any log
 *   stats_counts  the downloads of a day, kept until some days after it was published; a file's agents share a row,
 *                 as JSON: there are many of them, and a row costs more than its text
 *   stats_sums    of a day: lines by what became of them, downloads by Python, system, and what was most downloaded
 */
export const statsTables = `
  CREATE TABLE stats_logs (
    id INTEGER PRIMARY KEY,
    head_bytes INTEGER NOT NULL,
    head_sha256 BLOB NOT NULL,
    series TEXT NOT NULL,
    position INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    UNIQUE (head_sha256, head_bytes)
  ) STRICT;

  CREATE TABLE stats_days (
    day TEXT PRIMARY KEY,
    published INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0,
    closed INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE stats_counts (
    day TEXT NOT NULL,
    filename TEXT NOT NULL,
    project TEXT NOT NULL,
    agents TEXT NOT NULL,
    PRIMARY KEY (day, filename, project)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE stats_sums (
    day TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (day, kind, name)
  ) STRICT, WITHOUT ROWID;
`;
