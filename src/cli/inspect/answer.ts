/** The output of `--why` and `--status`, as text for people and as JSON for programs. */
export interface Answer {
  readonly code: number;
  readonly text: readonly string[];
  readonly json: unknown;
}
