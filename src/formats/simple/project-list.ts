/**
 * Reads the JSON list of all projects (PEP 691) while it arrives.
 *
 * The list has 880,000 entries, which must not all be in memory as objects. The stream is cut between entries, by
 * strings and brackets alone, and `JSON.parse` gets one piece at a time.
 */
import { NonsenseError } from '../../core/errors.ts';
import { isJsonObject, renderJson, serialOf } from '../json.ts';

/** One entry of upstream's list. */
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

/** Bytes. Entries of the real list have at most a few hundred. */
const maxEntryLength = 1 << 20;

/** Bytes: `"projects": [` with room for blanks. */
const maxKeyLength = 40;

/** Splits the list into its entries while it arrives. */
export class ProjectListParser {
  readonly #source: string;
  /** Bytes not consumed yet, which are the beginning of an entry. */
  #pending: Buffer = Buffer.alloc(0);
  /**
   * The number of pending bytes that have been scanned. It is one more than there are if a chunk ends with a backslash.
   */
  #scanned = 0;
  #depth = 0;
  #inString = false;
  #inProjects = false;
  #hasList = false;
  /** True once an entry has been read. */
  #parsed = false;
  /** The JSON around the entries: a short text with an empty list. */
  #rest = '';

  /** `source` names the list in errors. */
  constructor(source: string) {
    this.#source = source;
  }

  /** Returns the entries that `chunk` completes. Throws {@link NonsenseError} if the list is malformed. */
  push(chunk: Buffer): ListedProject[] {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const { entries, consumed } = this.#scan(bytes);
    this.#pending = bytes.subarray(consumed);
    this.#scanned -= consumed;
    if (this.#pending.length > maxEntryLength || this.#rest.length > maxEntryLength) {
      throw new NonsenseError(`${this.#source}: an entry does not end`);
    }
    return entries === undefined ? [] : this.#parseEntries(entries);
  }

  /**
   * Returns the serial of the list, which stands outside of the entries. Call it after the last chunk. Throws {@link
   * NonsenseError} if the list is cut off or malformed.
   */
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
    // Entries here mean that the list was not recognized as one. Without this check all projects would seem removed.
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

  /** Scans the new bytes. Finds the range of complete entries, and adds the bytes around it to `#rest`. */
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

  /** Returns true if `bytes`, which ends before a bracket, ends with the key of the list of projects. */
  #opensProjects(bytes: Buffer): boolean {
    // Inspects only as many bytes as needed: a hostile list may have a hundred thousand brackets.
    const before = this.#rest.slice(-maxKeyLength) + bytes.toString('latin1', Math.max(0, bytes.length - maxKeyLength));
    return /"projects"\s{0,9}:\s{0,9}$/.test(before);
  }

  /**
   * Throws if there is something other than an object in the list. Otherwise the entry would be skipped, and its
   * project would seem removed.
   */
  #expectBlank(end: Buffer): void {
    const found = end.toString('utf8').trim();
    if (found !== '') throw new NonsenseError(`${this.#source}: expected an entry, found ${found.slice(0, 100)}`);
  }

  #parseEntries(bytes: Buffer): ListedProject[] {
    // Each range of entries but the first begins with the comma behind the previous entry. Without that comma it is not
    // JSON.
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
