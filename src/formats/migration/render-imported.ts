/** Writes the `mirror.toml` that is made from another program's configuration. */
import type { ImportedSetting } from './bandersnatch-conversion.ts';
import { renderTomlSetting } from './render-toml.ts';

/** Settings, and what they are made from. */
export interface ImportedPart {
  readonly from: string;
  readonly settings: readonly ImportedSetting[];
}

/** The whole file: tables follow the settings that belong to none. Each setting tells what it is made from. */
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

/** The parts that have settings of `table`, with those alone. */
function partsOf(parts: readonly ImportedPart[], table: ImportedSetting['table']): ImportedPart[] {
  const some = parts.map(({ from, settings }) => ({ from, settings: settings.filter((one) => one.table === table) }));
  return some.filter(({ settings }) => settings.length > 0);
}

function rendered({ from, settings }: ImportedPart): string {
  return `# ${from}\n${settings.map(({ name, value }) => renderTomlSetting(name, value)).join('')}`;
}

/** One rule, so that none can be in vain because of another one. */
function renderLeftOut(parts: readonly ImportedPart[]): string[] {
  if (parts.length === 0) return [];
  const origins = parts.map(({ from }) => `# ${from}\n`).join('');
  const patterns = parts.flatMap(({ settings }) =>
    settings.flatMap(({ value }) => (Array.isArray(value) ? value : [])),
  );
  return [`[[rule]]\n${origins}${renderTomlSetting('projects', [...new Set(patterns)])}hold = "none"\n`];
}
