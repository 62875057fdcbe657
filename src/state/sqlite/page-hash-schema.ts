/**
 * The tables of PageHashStore.
 *
 *   pages         a row for each published project, with the hashes of its pages; NULL if unknown
 *   page_buckets  the hash of each bucket; NULL if a page in it has changed since
 *   seen_pages    the hash of upstream's page of a queued project when it was last seen; NULL if there was none
 */
import type Database from 'better-sqlite3';
import { bucketOf } from '../../core/merkle-tree.ts';
import type { ProjectName } from '../../core/names.ts';

const tables = `
  -- In the order in which a bucket is read: its leaves lie side by side.
  CREATE TABLE pages (
    bucket INTEGER NOT NULL,
    project TEXT NOT NULL,
    json BLOB,
    html BLOB,
    upstream BLOB,
    PRIMARY KEY (bucket, project)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX pages_without_json ON pages (project) WHERE json IS NULL;
  CREATE INDEX pages_without_html ON pages (project) WHERE html IS NULL;
  CREATE INDEX pages_without_upstream ON pages (project) WHERE upstream IS NULL;

  CREATE TABLE page_buckets (bucket INTEGER PRIMARY KEY, json TEXT, html TEXT, upstream TEXT) STRICT;
  -- By triggers, so that nobody can change a page and forget to say so.
  CREATE TRIGGER page_added AFTER INSERT ON pages BEGIN
    INSERT INTO page_buckets (bucket) VALUES (new.bucket)
    ON CONFLICT (bucket) DO UPDATE SET json = NULL, html = NULL, upstream = NULL;
  END;
  CREATE TRIGGER page_deleted AFTER DELETE ON pages BEGIN
    UPDATE page_buckets SET json = NULL, html = NULL, upstream = NULL WHERE bucket = old.bucket;
  END;
  CREATE TRIGGER page_changed AFTER UPDATE ON pages
  WHEN new.json IS NOT old.json OR new.html IS NOT old.html OR new.upstream IS NOT old.upstream BEGIN
    UPDATE page_buckets SET json = iif(new.json IS old.json, json, NULL), html = iif(new.html IS old.html, html, NULL),
      upstream = iif(new.upstream IS old.upstream, upstream, NULL)
    WHERE bucket = new.bucket;
  END;
`;

/** The table that version 4 added. News of a project delete its row, because the page must be seen again. */
const seenTable = `
  CREATE TABLE seen_pages (project TEXT PRIMARY KEY, sha256 BLOB) STRICT, WITHOUT ROWID;
  CREATE TRIGGER seen_dequeued AFTER DELETE ON queue BEGIN DELETE FROM seen_pages WHERE project = old.name; END;
  CREATE TRIGGER seen_before_news AFTER UPDATE OF serial, removed ON queue
  WHEN new.serial > old.serial OR new.removed <> old.removed BEGIN
    DELETE FROM seen_pages WHERE project = old.name;
  END;
`;

/** Creates the table of upstream's pages that were seen. */
export function addSeenTable(db: Database.Database): void {
  db.exec(seenTable);
}

/** Creates the tables, with a row for each project that is published already. */
export function addPageTables(db: Database.Database): void {
  db.exec(tables);
  db.function('page_bucket', (name) => bucketOf(String(name) as ProjectName));
  db.exec('INSERT INTO pages (bucket, project) SELECT page_bucket(name), name FROM projects');
}
