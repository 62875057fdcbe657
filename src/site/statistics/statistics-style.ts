/** The part of the style sheet that the page of the statistics needs. */
export const statisticsStyle = `
th.name { font-weight: 400; white-space: normal; overflow-wrap: anywhere; min-width: 7rem; }
.versions { display: block; color: var(--soft); font-size: 0.85rem; }
.share { display: block; width: 100%; min-width: 4rem; height: 4px; margin-top: 0.25rem; background: var(--track); }
.share rect { fill: var(--series-1); }
.days { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1rem; margin: 0.5rem 0; }
.days dt { padding: 0.1rem 0; color: var(--soft); }
.days dd { margin: 0; }
.days a { display: inline-block; width: 1.75rem; padding: 0.1rem 0; text-align: center; font-variant-numeric: tabular-nums; }
@media (max-width: 30rem) {
  .days { grid-template-columns: 1fr; gap: 0; }
  td .spark { width: 4rem; }
  .trend-of-files { display: none; }
}
`;
