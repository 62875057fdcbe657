/** Compares a whole list of projects, in a temporary table, with the held projects by a few statements. */
import type Database from 'better-sqlite3';
import type { ListComparison, QueueRequest } from '../queue.ts';
import type { Change } from '../state-section.ts';

const table = `
  CREATE TEMP TABLE IF NOT EXISTS listed (
    name TEXT PRIMARY KEY, display_name TEXT NOT NULL, serial INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  DELETE FROM temp.listed;
`;

const insert = `
  INSERT INTO temp.listed (name, display_name, serial) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING`;

/** Lowers serials to that of the list, as no project is newer than the whole list. */
const ownSerial = 'UPDATE temp.listed SET serial = :listSerial WHERE serial > :listSerial';

/**
 * Queues listed projects that are not held or held at a lower serial; without serials, all listed projects. A queued
 * removal is kept unless the list's serial is higher: the list may be older than the changelog, which reports removals.
 */
const enqueueNewer = `
  INSERT INTO queue (name, display_name, serial, removed, since)
  SELECT l.name, l.display_name, l.serial, 0, :now
  FROM temp.listed l LEFT JOIN projects p ON p.name = l.name
  WHERE p.name IS NULL OR l.serial = 0 OR p.serial IS NULL OR l.serial > p.serial
  ON CONFLICT (name) DO UPDATE SET
    serial = max(serial, excluded.serial), removed = iif(excluded.serial > serial, 0, removed), replan = 0`;

/** Queues held projects that are not listed: removed or in quarantine, as their page will show. Restored ones stay. */
const enqueueAbsent = `
  INSERT INTO queue (name, display_name, serial, removed, since)
  SELECT p.name, p.display_name, 0, 1, :now
  FROM projects p LEFT JOIN temp.listed l ON l.name = p.name
  WHERE l.name IS NULL AND p.source IS :source AND p.status <> 'quarantined' AND p.restored = 0 AND (:listSerial IS NULL OR p.serial IS NULL OR p.serial <= :listSerial)
  ON CONFLICT (name) DO UPDATE SET removed = 1`;

/** Keeps projects that are queued as removed but listed, if the list is not older than the news of their removal. */
const keepListed = `
  UPDATE queue SET removed = 0
  WHERE removed = 1 AND serial <= coalesce(:listSerial, serial) AND name IN (SELECT name FROM temp.listed)`;

/** Takes display names from the list, their only source: a state rebuilt from the tree lacks them. */
const respell = `
  UPDATE projects SET display_name = l.display_name FROM temp.listed l
  WHERE l.name = projects.name AND l.display_name <> projects.display_name`;

/** Forgets held serials above the list's, after the administrator confirmed that upstream went back or lost serials. */
const lowerHeld = `
  UPDATE projects SET serial = NULL, etag = NULL FROM temp.listed l
  WHERE l.name = projects.name AND l.serial < projects.serial`;

const lowerQueued = `
  UPDATE queue SET serial = l.serial FROM temp.listed l
  WHERE l.name = queue.name AND l.serial > 0 AND l.serial < queue.serial`;

/** Begins the comparison with a list; `remember` stores the change of the state within the final transaction. */
export function compareList(
  db: Database.Database,
  now: () => number,
  remember: (change: Change) => void,
): ListComparison {
  db.exec(table);
  const add = db.prepare<[string, string, number]>(insert);
  return {
    add: db.transaction((projects: readonly QueueRequest[]) => {
      for (const { name, displayName, serial } of projects) add.run(name, displayName, serial);
    }),
    commit: db.transaction((listSerial: number | undefined, change: Change, lowers?: boolean, source?: string) => {
      if (listSerial !== undefined) db.prepare(ownSerial).run({ listSerial });
      if (lowers) db.exec(`${lowerHeld}; ${lowerQueued}`);
      const newer = db.prepare(enqueueNewer).run({ now: now() }).changes;
      const absent = db
        .prepare(enqueueAbsent)
        .run({ now: now(), listSerial: listSerial ?? null, source: source ?? null }).changes;
      db.prepare(keepListed).run({ listSerial: listSerial ?? null });
      db.exec(respell);
      remember(change);
      db.exec('DELETE FROM temp.listed');
      return newer + absent;
    }),
    abandon: () => db.exec('DELETE FROM temp.listed'),
  };
}
