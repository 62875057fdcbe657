/** What releases require, as it is remembered. */
import type { ProjectName } from '../../core/names.ts';
import type { Edge } from '../../policy/dependency-closure.ts';
import type { Requires } from '../../state/requirements.ts';

/** What is remembered of an edge: release, target, extras, specifier, marker: there may be millions. */
export type RequirementRow = readonly [string, ProjectName, readonly string[], string, string?];

function parseRow([release, target, extras, specifier, marker]: RequirementRow): Edge {
  return { release, target, extras, specifier, marker };
}

/** The edges of each project, as rememberRequires wrote them. */
export function parseRequirements(requires: Iterable<Requires>): Map<ProjectName, readonly Edge[]> {
  const edges = new Map<ProjectName, readonly Edge[]>();
  for (const { name, edges: text } of requires) edges.set(name, (JSON.parse(text) as RequirementRow[]).map(parseRow));
  return edges;
}
