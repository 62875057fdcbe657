/** The copyright of the programs, and of the packages that are bundled into them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const apache = 'Apache-2.0';
const rule = `\n\n${'-'.repeat(80)}\n\n`;

/**
 * Returns the text of the file COPYRIGHT for programs that were made of the files `inputs`. The license of several
 * packages, Apache's, comes once at the end, or is only named as `elsewhere` where that is given.
 */
export function renderCopyright(inputs, elsewhere) {
  const folders = new Set(inputs.flatMap((path) => /.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  const packages = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const text = licenseText(folder);
    if (license !== apache && text === undefined) throw new Error(`${folder}: has no text of its license, ${license}`);
    return { title: `${name} ${version}: ${license}`, license, text };
  });
  const parts = [
    `pep381client\n\n${readFileSync(join(root, 'LICENSE'), 'utf8').trim()}`,
    'Bundled into the programs are the packages below. better-sqlite3 has SQLite in it, which is in the public domain.',
    ...packages.map(({ title, license, text }) => (license === apache ? title : `${title}\n\n${text}`)),
    elsewhere ?? packages.find(({ license, text }) => license === apache && text !== undefined)?.text ?? '',
  ];
  return `${parts.join(rule)}\n`;
}

function licenseText(folder) {
  const name = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
  return name && readFileSync(join(root, folder, name), 'utf8').trim();
}
