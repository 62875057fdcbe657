/** The reason that something is held as others require it. It is stored and told, so that its form may not change. */
const prefix = 'dependency of ';
const [named, grouped] = [`(${prefix}`, '(dependencies)'];

/** `dependency of flask 2.0`. */
export function dependencyText(requirer: string, release: string): string {
  return `${prefix}${requirer} ${release}`;
}

/**
 * `mirror.toml:3 (dependencies)` for a rule such as `mirror.toml:3 (dependency of flask 2.0)`, and any other rule itself: each
 * dependency has a reason of its own, and what counts is who asked for dependencies.
 */
export function groupedRule(rule: string): string {
  const at = rule.indexOf(named);
  return at < 0 ? rule : rule.slice(0, at) + grouped;
}

/** The same of a column, in SQL. */
export function groupedRuleSql(column: string): string {
  const at = `instr(${column}, '${named}')`;
  return `CASE ${at} WHEN 0 THEN ${column} ELSE substr(${column}, 1, ${at} - 1) || '${grouped}' END`;
}
