/** Implements `--why` and `--status`: reads a mirror and prints, without changing anything. */
import { resolve } from 'node:path';
import { readConfigFile } from '../config/config-file.ts';
import { readPolicy } from '../config/policy-file.ts';
import type { RunCommand } from '../config/run-options.ts';
import { type Settings, settingsFrom } from '../config/settings.ts';
import type { Lines } from '../output/lines.ts';
import { exitCodes } from '../program/exit-codes.ts';
import { loadPart } from '../program/load-part.ts';
import { openOldTarget } from '../target/open-old-target.ts';
import { isThere, openTarget } from '../target/target.ts';
import { openPageReader, openReader, type Reader } from './open-reader.ts';
import { closedState, mayReadState, publishedStatus } from './published-status.ts';
import { renderStatus } from './render-status.ts';
import { renderWhy } from './render-why.ts';
import { type Status, statusOf } from './status.ts';
import { unknownVerdict } from './verdict.ts';
import { explain, isFound, parseSubject, type Subject } from './why.ts';

type InspectCommand = RunCommand & { kind: 'why' | 'status' };

/** The output, as text for people and as JSON for programs. */
interface Answer {
  readonly code: number;
  readonly text: readonly string[];
  readonly json: unknown;
}

/** Prints the output of `command`, and resolves with the exit code. Throws UsageError or StorageError. */
export async function inspect(command: InspectCommand, lines: Lines): Promise<number> {
  const subject = command.kind === 'why' ? parseSubject(command.subject) : undefined;
  const root = resolve(command.target);
  const target = openTarget(root, () => openOldTarget(root) !== undefined);
  if (isThere(target.state) && !mayReadState(target)) {
    if (subject !== undefined) throw closedState(target);
    return print(await aboutStatus(publishedStatus(target), command), settingsFrom(command.given), lines);
  }
  const config = readConfigFile(target.config);
  const settings = settingsFrom(new Map([...config.given, ...command.given]));
  const policy = subject && (await readPolicy(config, settings));
  const open = subject === undefined ? openReader : openPageReader;
  const { reader, close } = await open({ target, settings, policy });
  try {
    const answer =
      subject === undefined
        ? await aboutStatus(await statusOf(reader), command)
        : await aboutProject(reader, subject, lines);
    return print(answer, settings, lines);
  } finally {
    await close();
  }
}

function print({ code, text, json }: Answer, { logFormat }: Settings, { out }: Lines): number {
  for (const line of logFormat === 'json' ? [JSON.stringify(json)] : text) out(line);
  return code;
}

async function aboutStatus(status: Status, command: InspectCommand): Promise<Answer> {
  const check = command.kind === 'status' ? command.check : undefined;
  if (check === undefined) return { code: exitCodes.ok, text: renderStatus(status), json: status };
  const { judgeStatus } = await loadPart('probe.js', () => import('./status-check.ts'));
  const { code, line } = judgeStatus(status, check, Date.now());
  return { code, text: [line], json: { code, line } };
}

/** Prints the verdict on a mirror of which nothing can be read, and returns its exit code. */
export function printUnknown(message: string, { out }: Lines): number {
  const { code, line } = unknownVerdict(message);
  out(line);
  return code;
}

/** Explains a project. The exit code says if the subject was found, because it may be misspelled. */
async function aboutProject(reader: Reader, subject: Subject, { err }: Lines): Promise<Answer> {
  const why = await explain(reader, subject, err);
  const code = isFound(subject, why) ? exitCodes.ok : exitCodes.incomplete;
  return { code, text: renderWhy(subject, why, reader.target.root), json: why };
}
