/**
 * The tables of processlogs. Unlike all others in the database, they can be rebuilt only from the logs, which are
 * deleted in time.
 *
 *   stats_logs    the position in each log; a log is identified by its first bytes and those before the position, not
 *                 by its name
 *   stats_days    the days that were seen in any log
 *   stats_counts  the downloads of a day, kept until some days after it was published. Each row is a whole table, one
 *                 for each time of counting, because a row for each of a hundred thousand pairs costs far more. The
 *                 names are JSON, the counts 32-bit integers
 *   stats_starts  one row: hashes of downloads of the last ten minutes, because they may continue in the next run
 *   stats_sums    sums of a day: lines by their result, downloads by Python and system, and the most downloaded items
 */
/** The tables that version 1 had in another form or did not have. */
export const countTables = `
  CREATE TABLE stats_counts (
    id INTEGER PRIMARY KEY,
    day TEXT NOT NULL,
    names TEXT NOT NULL,
    counts BLOB NOT NULL
  ) STRICT;
  CREATE INDEX stats_counts_by_day ON stats_counts (day);

  CREATE TABLE stats_starts (id INTEGER PRIMARY KEY CHECK (id = 1), starts BLOB NOT NULL) STRICT;
`;

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

${countTables}

  CREATE TABLE stats_sums (
    day TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (day, kind, name)
  ) STRICT, WITHOUT ROWID;
`;

/** The change of version 5: logs may begin alike, and are told apart by the bytes before the position. */
export const logsThatBeginAlike = `
  ALTER TABLE stats_logs RENAME TO stats_logs_4;
  CREATE TABLE stats_logs (
    id INTEGER PRIMARY KEY,
    head_bytes INTEGER NOT NULL,
    head_sha256 BLOB NOT NULL,
    before_bytes INTEGER,
    before_sha256 BLOB,
    series TEXT NOT NULL,
    position INTEGER NOT NULL,
    latest INTEGER NOT NULL
  ) STRICT;
  INSERT INTO stats_logs SELECT id, head_bytes, head_sha256, NULL, NULL, series, position, latest FROM stats_logs_4;
  DROP TABLE stats_logs_4;
  CREATE INDEX stats_logs_by_head ON stats_logs (head_bytes, head_sha256);
`;
