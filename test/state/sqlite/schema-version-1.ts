/** The statements by which version 1 made its tables, kept as they were: what came after must take such a database over. */
export const schemaVersion1 = `
  CREATE TABLE mirror (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE projects (
    name TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    serial INTEGER,
    etag TEXT,
    status TEXT NOT NULL,
    seen INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX projects_by_seen ON projects (seen);

  CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    metadata_sha256 BLOB,
    provenance INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX files_by_project ON files (project);

  CREATE TABLE queue (
    name TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    serial INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    since INTEGER NOT NULL,
    obstacle TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try INTEGER NOT NULL DEFAULT 0,
    reason TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX queue_removed ON queue (name) WHERE removed = 1;

  -- Kept by triggers, because counting millions of rows would be the slowest part of a run without changes.
  CREATE TABLE totals (projects INTEGER NOT NULL, files INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
  INSERT INTO totals VALUES (0, 0, 0);
  CREATE TRIGGER project_added AFTER INSERT ON projects BEGIN UPDATE totals SET projects = projects + 1; END;
  CREATE TRIGGER project_deleted AFTER DELETE ON projects BEGIN UPDATE totals SET projects = projects - 1; END;
  CREATE TRIGGER file_added AFTER INSERT ON files BEGIN
    UPDATE totals SET files = files + 1, bytes = bytes + new.size;
  END;
  CREATE TRIGGER file_deleted AFTER DELETE ON files BEGIN
    UPDATE totals SET files = files - 1, bytes = bytes - old.size;
  END;
  CREATE TRIGGER file_changed AFTER UPDATE OF size ON files BEGIN
    UPDATE totals SET bytes = bytes + new.size - old.size;
  END;

  CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    exit_code INTEGER NOT NULL,
    summary TEXT NOT NULL
  ) STRICT;

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
