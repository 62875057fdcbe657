/** The status that the mirror publishes, for users who may not read its state. */
import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../core/caught-error.ts';
import { NonsenseError, StorageError } from '../../core/errors.ts';
import { isJsonObject, type JsonObject, parseJson, serialOf } from '../../formats/json.ts';
import { readText } from '../config/read-text.ts';
import { userName } from '../target/owner.ts';
import type { Target } from '../target/target.ts';
import { type ParkedProject, type PastCheck, type Status, shownAtMost, timeIn } from './status.ts';

/** Returns true if this user may read the state of `target`, which exists. */
export function mayReadState({ state }: Target): boolean {
  try {
    accessSync(state, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns the error for users who may not read the state. It says whom to ask. */
export function closedState({ state }: Target): StorageError {
  const owner = userName(statSync(state).uid);
  return new StorageError(
    `${state}: only ${owner} may read it; ask as that user, or let its group read it by state-mode = "0640" in mirror.toml`,
  );
}

/** Returns the status in `web/mirror-status.json`. Throws StorageError if it is missing or malformed. */
export function publishedStatus(target: Target): Status {
  const web = join(target.root, 'web');
  const path = join(web, 'mirror-status.json');
  const json = objectIn(path, textOf(path));
  const { bsize, blocks, bavail } = statfsSync(web);
  const parked = listOf(json.parked);
  const started = oneLine(json.started);
  const seconds = (Date.parse(oneLine(json.finished)) - Date.parse(started)) / 1000;
  const summary = oneLine(json.summary);
  return {
    target: target.root,
    knownFrom: path,
    upstream: oneLine(json.upstream),
    serial: serialOf(json.serial),
    serialSince: typeof json['serial-since'] === 'string' ? json['serial-since'] : undefined,
    projects: numberOf(json.projects),
    files: numberOf(json.files),
    bytes: numberOf(json.bytes),
    lastComplete: timeIn(textOf(join(web, 'last-modified'), '')),
    running: null,
    queued: numberOf(json.queued),
    parked: json['parked-projects'] === undefined ? parked.length : numberOf(json['parked-projects']),
    heldBack: numberOf(json['held-back']),
    oldestQueued: typeof json['oldest-queued'] === 'string' ? oneLine(json['oldest-queued']) : undefined,
    recentAlarms: numberOf(json['recent-alarms']),
    lastCheck: pastCheck(json['last-check']),
    provenance: undefined,
    unmet: [],
    unmetCount: numberOf(json.unmet),
    oddFiles: numberOf(json['odd-files']),
    latestOdd: [],
    disk: { size: bsize * blocks, free: bsize * bavail },
    runs: [
      { started, seconds: Number.isFinite(seconds) ? seconds : 0, exitCode: numberOf(json['exit-code']), summary },
    ],
    longestParked: parked.slice(0, shownAtMost).map(parkedProject),
    rules: [],
    ruleCount: 0,
  };
}

function parkedProject(json: JsonObject): ParkedProject {
  return {
    name: oneLine(json.name),
    since: oneLine(json.since),
    attempts: numberOf(json.attempts),
    reason: oneLine(json.reason),
    nextTry: typeof json['next-try'] === 'string' ? oneLine(json['next-try']) : undefined,
  };
}

function pastCheck(json: unknown): PastCheck | undefined {
  if (!isJsonObject(json)) return undefined;
  return {
    finished: oneLine(json.finished),
    exitCode: numberOf(json['exit-code']),
    findings: numberOf(json.findings),
    earlierFindings: numberOf(json['earlier-findings']),
  };
}

function textOf(path: string, fallback?: string): string {
  try {
    return readText(path);
  } catch (cause) {
    if (fallback !== undefined) return fallback;
    const reason = messageOf(cause);
    throw new StorageError(`${path}: cannot be read: ${reason}; only the mirror's owner can tell more`, { cause });
  }
}

function objectIn(path: string, text: string): JsonObject {
  try {
    const json = parseJson(text, path);
    if (isJsonObject(json)) return json;
  } catch (error) {
    if (!(error instanceof NonsenseError)) throw error;
  }
  throw new StorageError(`${path}: expected the status of a mirror, found something else`);
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function oneLine(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
