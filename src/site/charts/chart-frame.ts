/**
 * What all charts have in common. A chart is one SVG that is as wide as there is room and of a fixed height: lines and
 * labels of the axes have places in percent and sizes in pixels, so that text is as large on a telephone as elsewhere.
 * The marks are in an SVG within it that is stretched. The labels of the values lie left of the SVG, in its padding.
 * Behind each chart there is a table with the same numbers.
 */
import { type Html, type HtmlValue, html } from '../html.ts';
import type { ValueKind } from './chart-values.ts';

/** Height of a chart in pixels, and of the strip above and below its marks. */
export const frame = { height: 220, top: 10, bottom: 26 } as const;
/** Height of the marks, in their own units: every number of them is then a whole one. */
export const marksHeight = 1000;

export interface ChartTable {
  readonly columns: readonly string[];
  /** Of each row the first cell is its heading. */
  readonly rows: readonly (readonly string[])[];
}

export interface ChartFrame {
  /** What is drawn: `Downloads a day`. */
  readonly title: string;
  /** What there is to see, for those who cannot. */
  readonly summary: string;
  readonly legend?: HtmlValue;
  readonly table: ChartTable;
}

/** Returns a chart: the title, `drawing`, and the table. */
export function renderFrame({ title, summary, legend, table }: ChartFrame, drawing: HtmlValue): Html {
  return html`<figure class="chart">
<figcaption>${title}</figcaption>
${legend}
<svg class="plot" role="img" aria-label="${title}: ${summary}" height="${frame.height}">${drawing}</svg>
<details><summary>Numbers: ${title}</summary>
${renderChartTable(title, table)}
</details>
</figure>
`;
}

/** Returns the lines of the grid with their labels. `ticks` begin with 0, and end with the value at the top. */
export function renderGrid(ticks: readonly number[], kind: ValueKind): Html {
  const { height, top, bottom } = frame;
  const most = ticks.at(-1) ?? 1;
  const lines = ticks.map((tick) => {
    const y = height - bottom - Math.round((tick / most) * (height - top - bottom)) + 0.5;
    return html`<line x1="0" x2="100%" y1="${y}" y2="${y}"/><text x="-8" y="${y}">${kind.short(tick)}</text>`;
  });
  return html`<g class="grid">${lines}</g>`;
}

/** Returns the stretched part of a chart, `width` units wide and {@link marksHeight} high. */
export function renderMarks(width: number, marks: HtmlValue): Html {
  const { height, top, bottom } = frame;
  return html`<svg class="marks" y="${top}" height="${height - top - bottom}" viewBox="0 0 ${width} ${marksHeight}" preserveAspectRatio="none">${marks}</svg>`;
}

function renderChartTable(title: string, { columns, rows }: ChartTable): Html {
  const [first = '', ...others] = columns;
  return html`<div class="scroll" role="region" aria-label="Table: ${title}" tabindex="0"><table>
<thead><tr><th scope="col">${first}</th>${others.map((column) => html`<th scope="col" class="number">${column}</th>`)}</tr></thead>
<tbody>
${rows.map(([name = '', ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>\n`)}</tbody>
</table></div>`;
}
