import type { FileDecision } from './plan-files.ts';
import type { ProjectDecision } from './project-decision.ts';
import type { Reason } from './reason.ts';

/** Returns for example `mirror.toml:14 (keep = 3): 7th newest of 40 releases`. */
export function explainReason({ where, text, detail }: Reason): string {
  const rule = where === undefined ? text : `${where} (${text})`;
  return detail === undefined ? rule : `${rule}: ${detail}`;
}

/** Returns a line about a file: `flask-2.0.tar.gz  left out  mirror.toml:14 (keep = 3): 7th newest of 40 releases`. */
export function explainFile({ file, hold, because }: FileDecision): string {
  return `${file.filename}  ${hold ? 'held' : 'left out'}  ${explainReason(because)}`;
}

/** Returns a line about a project: `torch  pages only  mirror.toml:9 (hold = "pages-only"): torch`. */
export function explainProject({ name, hold, because }: ProjectDecision): string {
  const what = { files: 'held', 'pages-only': 'pages only', none: 'left out', local: 'held as it lies here' };
  return `${name}  ${what[hold]}  ${explainReason(because)}`;
}
