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
import { readStandby } from '../target/standby-record.ts';
import { isThere, openTarget } from '../target/target.ts';
import type { Answer } from './answer.ts';
import { openPageReader, openReader } from './open-reader.ts';
import { closedState, mayReadState, publishedStatus } from './published-status.ts';
import { renderStatus } from './render-status.ts';
import { type Status, statusOf } from './status.ts';
import { unknownVerdict } from './verdict.ts';

type InspectCommand = RunCommand & { kind: 'why' | 'status' };

/** Prints the output of `command`, and resolves with the exit code. Throws UsageError or StorageError. */
export async function inspect(command: InspectCommand, lines: Lines): Promise<number> {
  const explain = command.kind === 'why' ? (await loadWhy()).explainer(command.subject) : undefined;
  const root = resolve(command.target);
  const target = openTarget(root, () => openOldTarget(root) !== undefined);
  if (isThere(target.state) && !mayReadState(target)) {
    if (explain !== undefined) throw closedState(target);
    return print(await aboutStatus(publishedStatus(target), command), settingsFrom(command.given), lines);
  }
  const config = readConfigFile(target.config);
  const settings = settingsFrom(new Map([...config.given, ...command.given]));
  const policy = explain && (await readPolicy(config, settings));
  const open = explain === undefined ? openReader : openPageReader;
  const standby = explain === undefined ? readStandby(target) : undefined;
  const { reader, close } = await open({ target, settings, policy, standby });
  try {
    const answer =
      explain === undefined
        ? await aboutStatus(await statusOf(reader), command)
        : await explain(reader, (line) => lines.err(line));
    return print(answer, settings, lines);
  } finally {
    await close();
  }
}

function loadWhy(): Promise<typeof import('./explain.ts')> {
  return loadPart('why.js', () => import('./explain.ts'));
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
