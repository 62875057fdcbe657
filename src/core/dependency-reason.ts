/** The reason for holding a dependency. It is stored and printed, so its form must not change. */
const prefix = 'dependency of ';
const [named, grouped] = [`(${prefix}`, '(dependencies)'];

/** Returns a text such as `dependency of flask 2.0`. */
export function dependencyText(requirer: string, release: string): string {
  return `${prefix}${requirer} ${release}`;
}

/**
 * Returns the text under which totals count a rule: `mirror.toml:3 (dependencies)` for every rule such as
 * `mirror.toml:3 (dependency of flask 2.0)`, and any other rule unchanged.
 */
export function groupedRule(rule: string): string {
  const at = rule.indexOf(named);
  return at < 0 ? rule : rule.slice(0, at) + grouped;
}

/** Returns {@link groupedRule} of a column as an SQL expression. */
export function groupedRuleSql(column: string): string {
  const at = `instr(${column}, '${named}')`;
  return `CASE ${at} WHEN 0 THEN ${column} ELSE substr(${column}, 1, ${at} - 1) || '${grouped}' END`;
}
