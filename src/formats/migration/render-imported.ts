/** Renders a `mirror.toml` that was converted from the configuration of another program. */
import type { ImportedSetting } from './bandersnatch-conversion.ts';
import { renderTomlSetting } from './render-toml.ts';

/** Settings with their origin. */
export interface ImportedPart {
  readonly from: string;
  readonly settings: readonly ImportedSetting[];
}

/**
 * Returns the whole file. Tables come after settings without a table. A comment above each setting names its origin.
 */
export function renderImported(parts: readonly ImportedPart[]): string {
  const leftOut = partsOf(parts, 'left-out');
  const held = partsOf(parts, 'held').map((part) => `[[rule]]\n${rendered(part)}hold = "files"\n`);
  const tables = (['releases', 'files'] as const).flatMap((table) => {
    const found = partsOf(parts, table).map(rendered);
    return found.length === 0 ? [] : [`[${table}]\n${found.join('')}`];
  });
  const texts = [...partsOf(parts, undefined).map(rendered), ...renderLeftOut(leftOut), ...held, ...tables];
  return ['# Made from a configuration of bandersnatch.\n', ...texts].join('\n');
}

/** Returns the parts with settings of `table`, and only these settings. */
function partsOf(parts: readonly ImportedPart[], table: ImportedSetting['table']): ImportedPart[] {
  const some = parts.map(({ from, settings }) => ({ from, settings: settings.filter((one) => one.table === table) }));
  return some.filter(({ settings }) => settings.length > 0);
}

function rendered({ from, settings }: ImportedPart): string {
  return `# ${from}\n${settings.map(({ name, value }) => renderTomlSetting(name, value)).join('')}`;
}

/** Returns all left-out projects as one rule, so that no rule can be unreachable because of another. */
function renderLeftOut(parts: readonly ImportedPart[]): string[] {
  if (parts.length === 0) return [];
  const origins = parts.map(({ from }) => `# ${from}\n`).join('');
  const patterns = parts.flatMap(({ settings }) =>
    settings.flatMap(({ value }) => (Array.isArray(value) ? value : [])),
  );
  return [`[[rule]]\n${origins}${renderTomlSetting('projects', [...new Set(patterns)])}hold = "none"\n`];
}
