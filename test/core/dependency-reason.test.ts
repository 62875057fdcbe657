import Database from 'better-sqlite3';
import t from 'tap';
import { dependencyText, groupedRule, groupedRuleSql } from '../../src/core/dependency-reason.ts';

t.test('rules are told apart by who asked for dependencies, in memory as in the database', async (t) => {
  const dependency = dependencyText('flask', '2.0');
  t.equal(dependency, 'dependency of flask 2.0');
  const groups = [
    [`mirror.toml:3 (${dependency})`, 'mirror.toml:3 (dependencies)'],
    [`mirror.toml:3 (${dependency}): 1.0 is not wanted`, 'mirror.toml:3 (dependencies)'],
    [`/a (b)/mirror.toml:3 (dependency of odd\nname 1) (${dependency})`, '/a (b)/mirror.toml:3 (dependencies)'],
    ['mirror.toml:3 (keep = 3)', 'mirror.toml:3 (keep = 3)'],
    [dependency, dependency],
    ['', ''],
  ];
  const db = new Database(':memory:');
  const inSql = db.prepare<[string], string>(`SELECT ${groupedRuleSql('rule')} FROM (SELECT ? AS rule)`).pluck();
  for (const [rule = '', expected] of groups) {
    t.equal(groupedRule(rule), expected);
    t.equal(inSql.get(rule), expected);
  }
  db.close();
});
