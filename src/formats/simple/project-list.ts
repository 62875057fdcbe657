/**
 * Reads the JSON list of all projects (PEP 691) while it arrives.
 *
 * 880,000 entries must not sit in memory as objects, so the stream is cut between entries, without looking at
 * anything but strings and brackets, and `JSON.parse` gets one piece at a time.
 */
import { NonsenseError } from '../../core/errors.ts';
import { isJsonObject, renderJson, serialOf } from '../json.ts';

/** One entry of the list, as upstream spells it. */
export interface ListedProject {
  readonly displayName: string;
  readonly serial: number | undefined;
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** No entry of the real list is longer than a few hundred bytes. */
const longestEntry = 1 << 20;

/** `"projects": [` with some room for blanks. */
const longestKey = 40;

/** Cuts the list into its entries while it arrives. */
export class ProjectListParser {
  readonly #source: string;
  /** Bytes not consumed yet: the beginning of an entry. */
  #pending: Buffer = Buffer.alloc(0);
  /** How many of them the scanner has passed; one more than there are when a chunk ends with a backslash. */
  #scanned = 0;
  #depth = 0;
  #inString = false;
  #inProjects = false;
  #hasList = false;
  /** True once an entry was read. */
  #parsed = false;
  /** Everything but the entries: a small JSON text with an empty list. */
  #rest = '';

  /** `source` names the list in errors. */
  constructor(source: string) {
    this.#source = source;
  }

  /** The entries that became complete with `chunk`. Throws {@link NonsenseError}. */
  push(chunk: Buffer): ListedProject[] {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const { entries, consumed } = this.#scan(bytes);
    this.#pending = bytes.subarray(consumed);
    this.#scanned -= consumed;
    if (this.#pending.length > longestEntry || this.#rest.length > longestEntry) {
      throw new NonsenseError(`${this.#source}: an entry does not end`);
    }
    return entries === undefined ? [] : this.#parseEntries(entries);
  }

  /** What stood around the entries, once everything was pushed: the list's own serial. Throws {@link NonsenseError}. */
  end(): { readonly serial: number | undefined } {
    let outer: unknown;
    try {
      outer = JSON.parse(this.#rest);
    } catch (cause) {
      throw new NonsenseError(`${this.#source}: the list is cut off or not JSON`, { cause });
    }
    const projects = isJsonObject(outer) ? outer.projects : undefined;
    const meta = isJsonObject(outer) && Array.isArray(projects) ? outer.meta : undefined;
    if (!isJsonObject(meta)) throw new NonsenseError(`${this.#source}: expected {"meta": …, "projects": […]}`);
    // Where entries are left, their list was not known for one: all of them would be taken for removed.
    if (Array.isArray(projects) && projects.length > 0) {
      throw new NonsenseError(`${this.#source}: expected "projects" in plain letters before its list`);
    }
    const version = meta['api-version'];
    if (typeof version !== 'string' || !/^1\.\d+$/.test(version)) {
      throw new NonsenseError(
        `${this.#source}: expected simple API version 1.x, found ${renderJson(version, this.#source)}`,
      );
    }
    return { serial: serialOf(meta['_last-serial']) };
  }

  /** Moves over the new bytes: finds the stretch of complete entries, and adds what stands around it to the rest. */
  #scan(bytes: Buffer): { entries: Buffer | undefined; consumed: number } {
    let [at, depth, inString, inProjects] = [this.#scanned, this.#depth, this.#inString, this.#inProjects];
    let restFrom = inProjects ? -1 : 0;
    let firstEntry = inProjects ? 0 : -1;
    let lastEntry = -1;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (inString) {
        if (byte === backslash) at += 1;
        else if (byte === quote) inString = false;
      } else if (byte === quote) {
        inString = true;
      } else if (byte === openBrace || byte === openBracket) {
        depth += 1;
        if (byte === openBracket && depth === 2 && this.#opensProjects(bytes.subarray(restFrom, at))) {
          if (this.#hasList) throw new NonsenseError(`${this.#source}: expected one list of projects, found another`);
          this.#hasList = true;
          this.#rest += bytes.toString('utf8', restFrom, at + 1);
          restFrom = -1;
          inProjects = true;
          firstEntry = at + 1;
        }
      } else if (byte === closeBrace || byte === closeBracket) {
        depth -= 1;
        if (inProjects && depth === 2) lastEntry = at + 1;
        else if (inProjects && depth === 1) {
          this.#expectBlank(bytes.subarray(Math.max(lastEntry, firstEntry), at));
          inProjects = false;
          restFrom = at;
        }
      }
    }
    if (restFrom >= 0) this.#rest += bytes.toString('utf8', restFrom);
    [this.#scanned, this.#depth, this.#inString, this.#inProjects] = [at, depth, inString, inProjects];
    const entries = lastEntry < 0 ? undefined : bytes.subarray(firstEntry, lastEntry);
    if (!inProjects) return { entries, consumed: bytes.length };
    return { entries, consumed: Math.max(lastEntry, firstEntry) };
  }

  /** Whether what stands before a bracket, the last of it in `bytes`, says that the list begins there. */
  #opensProjects(bytes: Buffer): boolean {
    // No more than that is looked at: a hostile list may have a hundred thousand brackets.
    const before = this.#rest.slice(-longestKey) + bytes.toString('latin1', Math.max(0, bytes.length - longestKey));
    return /"projects"\s{0,9}:\s{0,9}$/.test(before);
  }

  /** An entry that is no object would otherwise be passed over, and its project be taken for removed. */
  #expectBlank(end: Buffer): void {
    const found = end.toString('utf8').trim();
    if (found !== '') throw new NonsenseError(`${this.#source}: expected an entry, found ${found.slice(0, 100)}`);
  }

  #parseEntries(bytes: Buffer): ListedProject[] {
    // Between two stretches stands the comma that followed the entry before: where it lacks, this is no JSON.
    const text = bytes.toString('utf8').replace(this.#parsed ? /^\s*,/ : '', '[');
    this.#parsed = true;
    let values: unknown;
    try {
      values = JSON.parse(`${text}]`);
    } catch (cause) {
      throw new NonsenseError(`${this.#source}: the list is not JSON`, { cause });
    }
    return (values as unknown[]).map((entry) => this.#listed(entry));
  }

  #listed(entry: unknown): ListedProject {
    if (!isJsonObject(entry) || typeof entry.name !== 'string') {
      throw new NonsenseError(
        `${this.#source}: an entry has no name: ${renderJson(entry, this.#source).slice(0, 100)}`,
      );
    }
    return { displayName: entry.name, serial: serialOf(entry['_last-serial']) };
  }
}
