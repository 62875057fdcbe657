import { existsSync, readFileSync } from 'node:fs';
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
