/** Parses the requirements of releases from the text stored in the state. */
import type { ProjectName } from '../../core/names.ts';
import type { Edge } from '../../policy/dependency-closure.ts';
import type { Requires } from '../../state/requirements.ts';

/**
 * The stored form of an edge: release, target, extras, specifier, marker. It is short because there may be millions.
 */
export type RequirementRow = readonly [string, ProjectName, readonly string[], string, string?];

function parseRow([release, target, extras, specifier, marker]: RequirementRow): Edge {
  return { release, target, extras, specifier, marker };
}

/** Returns the edges of each project, parsed from the text that recordRequirements wrote. */
export function parseRequirements(requires: Iterable<Requires>): Map<ProjectName, readonly Edge[]> {
  const edges = new Map<ProjectName, readonly Edge[]>();
  for (const { name, edges: text } of requires) edges.set(name, (JSON.parse(text) as RequirementRow[]).map(parseRow));
  return edges;
}
