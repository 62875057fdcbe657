/** Renders the list of all projects (`/simple/`) piece by piece, because PyPI's has 880,000 entries. */
import type { ProjectName } from '../../core/names.ts';
import { escapeHtml } from './simple-html.ts';

/** A project in the list. */
export interface IndexEntry {
  readonly name: ProjectName;
  /** The name as its authors spell it. */
  readonly displayName: string;
  readonly serial: number | undefined;
}

/** A format of the list: the text before, for each project, between projects, and after. */
export interface RootIndexForm {
  readonly head: string;
  entry(project: IndexEntry): string;
  readonly separator: string;
  readonly tail: string;
}

/**
 * Returns the JSON format (PEP 691), with a `_last-serial` for each project so that other mirrors can mirror from this
 * one.
 */
export function rootIndexJson(serial: number | undefined): RootIndexForm {
  const meta = serial === undefined ? '' : `"_last-serial":${serial},`;
  return {
    head: `{"meta":{${meta}"api-version":"1.4"},"projects":[`,
    entry: ({ displayName, serial: last }) =>
      `{${last === undefined ? '' : `"_last-serial":${last},`}"name":${JSON.stringify(displayName)}}`,
    separator: ',',
    tail: ']}\n',
  };
}

/** The format that shadowmire reads: names with their serials. */
export const localJson: RootIndexForm = {
  head: '{',
  entry: ({ name, serial }) => `\n${JSON.stringify(name)}: ${serial ?? 0}`,
  separator: ',',
  tail: '\n}\n',
};

/** The HTML format (PEP 503). Links are relative, so that the tree can be served at any address. */
export const rootIndexHtml: RootIndexForm = {
  head: `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta name="pypi:repository-version" content="1.4">
    <title>Simple index</title>
  </head>
  <body>
`,
  entry: ({ name, displayName }) => `    <a href="${name}/">${escapeHtml(displayName)}</a>\n`,
  separator: '',
  tail: '  </body>\n</html>',
};
