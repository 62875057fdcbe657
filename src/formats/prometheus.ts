/** Renders metrics in the text format of Prometheus. */

/** The value of a metric, with labels that tell it from others of its family. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Undefined if it is not known: then there is no line. */
  readonly value: number | undefined;
}

/** All samples with one name. */
export interface MetricFamily {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Returns the text. `common` are labels that every line gets. Families without a known value are left out. */
export function renderMetrics(families: readonly MetricFamily[], common: Readonly<Record<string, string>>): string {
  return families.map((family) => renderFamily(family, common)).join('');
}

function renderFamily({ name, type, help, samples }: MetricFamily, common: Readonly<Record<string, string>>): string {
  const lines = samples.flatMap(({ labels, value }) =>
    value === undefined ? [] : [`${name}${renderLabels({ ...common, ...labels })} ${value}\n`],
  );
  if (lines.length === 0) return '';
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

/** Escapes what would end the value or the line. A lone surrogate would make the file invalid UTF-8. */
function escapeLabel(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll(/\p{Cs}/gu, '\ufffd');
}
