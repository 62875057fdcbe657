/**
 * Remembers the alarms of runs in the state, as soon as they occur. A run prints them at its end, and each only once:
 * those of a run that dies before, or that `/sync` started, are printed by the next run that a person reads.
 */
import type { Clock } from '../../core/clock.ts';
import { dayMs } from '../../core/durations.ts';
import { alarmState } from '../../state/mirror-state.ts';
import type { AlarmRecord } from '../../state/program-results.ts';
import { change } from '../../state/state-section.ts';
import type { StateStore } from '../../state/state-store.ts';

const maxAlarms = 100;
const maxUnread = 100;
const maxLength = 2000;
/** Milliseconds for which an alarm that is reported again and again is the same one. */
const sameForMs = dayMs;

const moreAlarms = 'there were more alarms than are remembered';

const ofSync = 'a run that /sync started said: ';
const ofDead = 'a run that did not come to its end said: ';

export class AlarmLog {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #hasHook: boolean;
  #noted: string[] = [];

  constructor(state: StateStore, clock: Clock, hasHook: boolean) {
    this.#state = state;
    this.#clock = clock;
    this.#hasHook = hasHook;
  }

  /** Notes an alarm, to be stored as soon as nothing else is done. */
  note(message: string): void {
    this.#noted.push(message.slice(0, maxLength));
    if (this.#noted.length === 1) setImmediate(() => this.storeIfPossible());
  }

  /** Stores the noted alarms. Throws StorageError. */
  store(): void {
    if (this.#noted.length === 0) return;
    const { alarms = [], unread = [] } = this.#state.get(alarmState);
    const noted = this.#noted;
    const values = {
      alarms: withinLimit(this.#added(alarms, noted)),
      unread: [...new Set([...unread, ...noted])].slice(0, maxUnread),
    };
    this.#state.set(change(alarmState, values));
    this.#noted = [];
  }

  /**
   * Returns the alarms that earlier runs could not tell anybody, with `said`, the lines of runs that `/sync` started.
   * If nobody reads this run either, they are kept for the next one, and nothing is returned.
   */
  takeUnread(said: readonly string[], isRead: boolean): readonly string[] {
    const { unread = [] } = this.#state.get(alarmState);
    if (unread.length + said.length === 0) return [];
    const lines = [...unread.map((line) => (line.startsWith('a run that ') ? line : `${ofDead}${line}`))];
    const all = [...new Set([...lines, ...said.map((line) => `${ofSync}${line}`)])].slice(0, maxUnread);
    this.#state.set(change(alarmState, { unread: isRead ? undefined : all }));
    return isRead ? all : [];
  }

  /** Forgets what this run has told, once a person can read it. Throws StorageError. */
  forgetUnread(): void {
    this.store();
    const { unread } = this.#state.get(alarmState);
    if (unread !== undefined) this.#state.set(change(alarmState, { unread: undefined }));
  }

  /** Stores the noted alarms, unless the disk refuses that. */
  storeIfPossible(): void {
    try {
      this.store();
    } catch {
      // The disk that refuses this ends the run with an error of its own.
    }
  }

  #added(alarms: readonly AlarmRecord[], messages: readonly string[]): AlarmRecord[] {
    const now = this.#clock.now();
    const all = [...alarms];
    for (const told of messages) {
      const message = withoutSource(told);
      const isSame = (known: AlarmRecord): boolean =>
        Math.abs(now - known.last) < sameForMs &&
        (message === told ? known.message === message : known.message.startsWith(message));
      const at = all.findIndex(isSame);
      const known = all[at];
      if (known !== undefined) all[at] = { ...known, last: now };
      else all.push({ message, since: now, last: now, ...(this.#hasHook && { isHookDue: true }) });
    }
    return all;
  }
}

/**
 * Returns the alarms that are remembered. Those that a hook still has to hear come first, the oldest before all: a
 * flood of new ones must not push them out. The last one says that there were more.
 */
function withinLimit(alarms: readonly AlarmRecord[]): readonly AlarmRecord[] {
  if (alarms.length <= maxAlarms) return alarms;
  const due = alarms.filter(({ isHookDue }) => isHookDue === true);
  const others = alarms.filter(({ isHookDue }) => isHookDue !== true);
  const kept = due.length < maxAlarms ? due : due.slice(0, maxAlarms - 1);
  const [last] = due.slice(-1);
  const more = kept.length < due.length && last !== undefined ? [{ ...last, message: moreAlarms }] : [];
  const room = maxAlarms - kept.length - more.length;
  return [...(room > 0 ? others.slice(-room) : []), ...kept, ...more];
}

/** Returns an alarm without the words that say which run reported it. */
function withoutSource(message: string): string {
  const source = [ofSync, ofDead].find((text) => message.startsWith(text));
  return source === undefined ? message : message.slice(source.length).replace(/^Alarm: /, '');
}
