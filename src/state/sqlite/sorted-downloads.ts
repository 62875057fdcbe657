/** Merges the counts of a day that were made at different times. */
import { byFile, type Downloads } from '../../formats/logs/local-stats.ts';
import type { DownloadTable } from '../stats-store.ts';

type Agents = Map<string, number>;
/** Downloads by filename, then by project. */
type Files = Map<string, Map<string, Agents>>;

/** Yields the downloads of `tables`, each pair of file and agent once, in the order of `byFile`. */
export function* sortedDownloads(tables: Iterable<DownloadTable>): IterableIterator<Downloads> {
  const files: Files = new Map();
  for (const table of tables) addTable(files, table);
  for (const filename of [...files.keys()].sort()) {
    const lines: Downloads[] = [];
    for (const [project, agents] of files.get(filename) ?? []) {
      for (const [agent, count] of agents) lines.push({ project, filename, agent, count });
    }
    yield* lines.sort(byFile);
  }
}

function addTable(files: Files, { files: names, agents, counts }: DownloadTable): void {
  const found = names.map(([project, filename]) => agentsOf(files, project, filename));
  for (let at = 0; at < counts.length; at += 3) {
    const known = found[counts[at] as number] as Agents;
    const agent = agents[counts[at + 1] as number] as string;
    known.set(agent, (known.get(agent) ?? 0) + (counts[at + 2] as number));
  }
}

function agentsOf(files: Files, project: string, filename: string): Agents {
  const projects = files.get(filename) ?? new Map<string, Agents>();
  files.set(filename, projects);
  const agents = projects.get(project) ?? new Map<string, number>();
  projects.set(project, agents);
  return agents;
}
