import { existsSync, readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { exampleConfig } from '../../src/cli/config/example-config.ts';

const root = new URL('../../', import.meta.url);
const readme = new URL('README.md', root);

for (const shipped of ['apache/pep381client.conf', 'apache/crontab']) {
  t.test(`README.md shows ${shipped} as it is`, async (t) => {
    t.ok(existsSync(readme), 'README.md is there');
    const text = existsSync(readme) ? readFileSync(readme, 'utf8') : '';
    const blocks = [...text.matchAll(/^```[^\n]*\n(.*?)^```$/gms)].map(([, block]) => block);
    t.ok(blocks.includes(readFileSync(new URL(shipped, root), 'utf8')), `a code block holds ${shipped} word for word`);
  });
}

t.test('README.md shows what pep381run --example-config prints', async (t) => {
  const text = readFileSync(readme, 'utf8');
  t.ok(text.includes(`\`\`\`toml\n${exampleConfig}\`\`\``));
});

t.test('README.md names all sites, and what else is to be copied', async (t) => {
  const text = readFileSync(readme, 'utf8');
  const files = readdirSync(new URL('apache/', root)).filter((name) => /\.(?:conf|json|yml)$/.test(name));
  t.ok(files.length >= 7);
  for (const name of files) t.ok(text.includes(`apache/${name}`), name);
});

t.test('README.md prepares the policy of a bucket with words that are in it', async (t) => {
  const policy = readFileSync(new URL('apache/pep381client-s3-policy.json', root), 'utf8');
  const [, word] =
    /sed 's#([^#]+)#[^#]+#' apache\/pep381client-s3-policy\.json/.exec(readFileSync(readme, 'utf8')) ?? [];
  t.ok(word !== undefined && policy.includes(`:::${word}/web/*"`), `${word}`);
  t.match(JSON.parse(policy).Statement, [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject' }]);
});
