/** Converts the counts of version 1, a row for each day and file, into the form of version 2. */
import type Database from 'better-sqlite3';
import { countTables } from './stats-schema.ts';

interface OldRow {
  readonly day: string;
  readonly filename: string;
  readonly project: string;
  /** JSON: pairs of agent and count. */
  readonly agents: string;
}

/** Replaces the table and converts its rows. Within the transaction of the caller. */
export function upgradeCounts(db: Database.Database): void {
  const days = new Map<string, OldRow[]>();
  for (const row of db.prepare<[], OldRow>('SELECT day, filename, project, agents FROM stats_counts').iterate()) {
    const rows = days.get(row.day);
    if (rows === undefined) days.set(row.day, [row]);
    else rows.push(row);
  }
  db.exec(`DROP TABLE stats_counts; ${countTables}`);
  const add = db.prepare<[string, string, Buffer]>('INSERT INTO stats_counts (day, names, counts) VALUES (?, ?, ?)');
  for (const [day, rows] of days) add.run(day, ...tableOf(rows));
}

function tableOf(rows: readonly OldRow[]): [names: string, counts: Buffer] {
  const agents = new Map<string, number>();
  const counts: number[] = [];
  for (const [file, row] of rows.entries()) {
    for (const [agent, count] of JSON.parse(row.agents) as [string, number][]) {
      const number = agents.get(agent) ?? agents.size;
      agents.set(agent, number);
      counts.push(file, number, count);
    }
  }
  const files = rows.map(({ project, filename }) => [project, filename]);
  return [JSON.stringify({ files, agents: [...agents.keys()] }), Buffer.from(Int32Array.from(counts).buffer)];
}
