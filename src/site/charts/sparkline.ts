/** A small line that shows a trend within a row of a table. */
import { max } from 'd3-array';
import { area, line } from 'd3-shape';
import { type Html, html } from '../html.ts';

const size = { width: 100, height: 24, margin: 2 } as const;

/** Returns the trend of `values`, which begin at zero height. `label` says it in words. */
export function renderSparkline(values: readonly number[], label: string): Html {
  const { width, height, margin } = size;
  const most = max(values) || 1;
  const x = (at: number): number => (values.length < 2 ? width / 2 : (at / (values.length - 1)) * width);
  const y = (value: number): number => height - margin - (value / most) * (height - 2 * margin);
  const trend = line<number>()
    .x((_, at) => x(at))
    .y(y)
    .digits(1);
  const below = area<number>()
    .x((_, at) => x(at))
    .y0(height)
    .y1(y)
    .digits(1);
  return html`<svg class="spark" role="img" aria-label="${label}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none"><path class="area" d="${below(values) ?? ''}"/><path class="trend" d="${trend(values) ?? ''}"/></svg>`;
}
