/** Asks Python's own `packaging`, which pip contains, what it would say. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runPython } from '../sample/run-python.ts';

const script = fileURLToPath(new URL('judge.py', import.meta.url));

/** What to ask, as `judge.py` names it, and its arguments. */
export type Question = readonly [name: string, ...args: unknown[]];

/** Options for a test that asks: skipped, with the reason, where Python does not have the `packaging` whose rules these are. */
export async function judgeOrReason(): Promise<{ readonly skip: false | string }> {
  const version = await runPython('-c', 'import packaging; print(packaging.__version__)').catch(() => '0');
  return {
    skip:
      Number.parseInt(version, 10) >= 26
        ? false
        : 'python3 has no packaging 26 or later: pip install packaging, in a virtual environment',
  };
}

/** The answers to `questions`, in their order, by one process. */
export async function judge<Answer>(questions: readonly Question[]): Promise<readonly Answer[]> {
  const child = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(questions));
  const answers: Answer[] = JSON.parse(await text(child.stdout));
  if (answers.length !== questions.length) throw new Error('the judge lost a question');
  return answers;
}
