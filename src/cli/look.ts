/** Looks at a mirror and tells, without changing anything. */
import { resolve } from 'node:path';
import { readConfigFile } from './config-file.ts';
import { exitCodes } from './exit-codes.ts';
import { openOldTarget } from './open-old-target.ts';
import { openReader, type Reader } from './open-reader.ts';
import { readPolicy } from './policy-file.ts';
import { renderStatus } from './render-status.ts';
import { renderWhy } from './render-why.ts';
import type { RunCommand } from './run-options.ts';
import { settingsFrom } from './settings.ts';
import { statusOf } from './status.ts';
import { openTarget } from './target.ts';
import type { Lines } from './text-report.ts';
import { explain, isFound, parseSubject, type Subject } from './why.ts';

type Look = RunCommand & { kind: 'why' | 'status' };

/** What is to be printed: as a person reads it, or as a program does. */
interface Answer {
  readonly code: number;
  readonly text: readonly string[];
  readonly json: unknown;
}

/** Prints what `command` asks for; resolves with the exit code. Throws UsageError, StorageError. */
export async function look(command: Look, nativeBinding: string | undefined, lines: Lines): Promise<number> {
  const subject = command.kind === 'why' ? parseSubject(command.subject) : undefined;
  const root = resolve(command.target);
  const target = openTarget(root, () => openOldTarget(root) !== undefined);
  const config = readConfigFile(target.config);
  const settings = settingsFrom(new Map([...config.given, ...command.given]));
  const policy = subject && (await readPolicy(config));
  const { reader, close } = openReader({ target, settings, policy, nativeBinding });
  try {
    const { code, text, json } = await (subject === undefined
      ? aboutMirror(reader)
      : aboutProject(reader, subject, lines));
    for (const line of settings.logFormat === 'json' ? [JSON.stringify(json)] : text) lines.out(line);
    return code;
  } finally {
    close();
  }
}

async function aboutMirror(reader: Reader): Promise<Answer> {
  const status = await statusOf(reader);
  return { code: exitCodes.right, text: renderStatus(status), json: status };
}

/** Who asks for what is not known may have misspelt it. */
async function aboutProject(reader: Reader, subject: Subject, { err }: Lines): Promise<Answer> {
  const why = await explain(reader, subject, err);
  const code = isFound(subject, why) ? exitCodes.right : exitCodes.incomplete;
  return { code, text: renderWhy(subject, why, reader.target.root), json: why };
}
