/** The part of the style sheet that charts need. It uses the colours of the site. */

/** Lines differ in their dashes or width as well, for those who do not see the colours, and in black and white. */
export const chartStyle = `
.chart { margin: 1.2rem 0; }
.chart figcaption { margin-bottom: 0.5rem; color: var(--text); font-size: 1rem; font-weight: 600; }
.plot { display: block; width: 100%; height: 220px; padding-left: 3.6rem; overflow: visible; }
.plot .marks { height: 184px; overflow: visible; }
.plot text { fill: var(--soft); font-size: 0.75rem; font-variant-numeric: tabular-nums; }
.plot .grid line { stroke: var(--line); shape-rendering: crispEdges; }
.plot .grid text { text-anchor: end; dominant-baseline: middle; }
.plot .axis text { text-anchor: middle; }
.bars rect { fill: var(--series-1); }
.bars rect:hover { fill: var(--text); }
.trend { fill: none; stroke: var(--series-1); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.series-2 { stroke: var(--series-2); stroke-dasharray: 9 5; }
.series-3 { stroke: var(--series-3); stroke-dasharray: 1 5; stroke-width: 2.5; }
.series-4 { stroke: var(--series-4); stroke-dasharray: 10 5 1 5; }
.series-5 { stroke: var(--series-5); stroke-dasharray: 4 4; }
.series-6 { stroke: var(--series-6); stroke-width: 1.2; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; margin: 0 0 0.6rem; padding: 0; list-style: none; font-size: 0.9rem; }
.legend li { display: inline-flex; align-items: center; gap: 0.45rem; }
.legend svg { flex: none; width: 30px; height: 10px; }
.legend svg.run { width: 12px; height: 18px; }
.run.good { fill: var(--ok); }
.run.incomplete { fill: var(--wait-surface); stroke: var(--wait); stroke-width: 1.5; }
.run.failed { fill: var(--bad); }
.spark { display: block; width: 7.5rem; height: 1.5rem; }
.spark .area { fill: var(--series-1); fill-opacity: 0.14; }
.spark .trend { stroke-width: 1.5; }
.chart details { margin-top: 0.4rem; font-size: 0.9rem; }
.chart .scroll { max-height: 22rem; overflow: auto; }
@media (max-width: 40rem) {
  .plot { padding-left: 3.1rem; }
  .plot .wide { display: none; }
}
@media (forced-colors: active) {
  .bars rect, .run.good, .run.failed { fill: CanvasText; }
  .trend { stroke: CanvasText; }
}
`;
