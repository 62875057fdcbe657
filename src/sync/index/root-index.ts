/** Writes the list of all projects in one pass over the state, so that memory use does not depend on its size. */
import { createGzip, type Gzip } from 'node:zlib';
import { inPages } from '../../core/in-pages.ts';
import { ownPath, type PageFile, pagePath, type WebPath } from '../../core/paths.ts';
import type { Digest, StagedFile, Write } from '../../files/file-store.ts';
import {
  type IndexEntry,
  localJson,
  type RootIndexForm,
  rootIndexHtml,
  rootIndexJson,
} from '../../formats/simple/root-index.ts';
import { indexState, pageState, serialState } from '../../state/mirror-state.ts';
import { change } from '../../state/state-section.ts';
import type { Mirror } from '../mirror.ts';

const entriesAtATime = 2000;

type IndexOwner = Pick<Mirror, 'state' | 'files' | 'report'>;

/** Publishes the root index if it differs from the published one. */
export async function publishRootIndex(mirror: IndexOwner): Promise<void> {
  const { state, files, report } = mirror;
  const changesListed = state.publishedChanges.last();
  const { serial } = state.get(serialState);
  const { legacyJson } = state.get(pageState);
  const htmlForm = await FormWriter.open(mirror, rootIndexHtml, 'index.html');
  const jsonForm = await FormWriter.open(mirror, rootIndexJson(serial), 'index.v1_json');
  const isLegacy = legacyJson !== undefined && legacyJson.filledTo === undefined;
  const localForm = isLegacy ? await FormWriter.open(mirror, localJson, undefined) : undefined;
  let projects = 0;
  for (const entries of inPages((after) => state.held.published(after, entriesAtATime))) {
    for (const form of [htmlForm, jsonForm, localForm]) await form?.add(entries);
    projects += entries.length;
  }
  const [html, json] = [await htmlForm.finish(), await jsonForm.finish()];
  await files.publish([...html.writes, ...json.writes]);
  if (localForm !== undefined) await publishShadowmireList(files, await localForm.finish(), serial);
  state.set(change(indexState, { rootIndex: { json: json.sha256, html: html.sha256 }, changesListed }));
  report({ type: 'root-index', projects });
}

/** Publishes the list that shadowmire reads, then the serial of that list. */
async function publishShadowmireList(
  files: Mirror['files'],
  list: BuiltIndex,
  serial: number | undefined,
): Promise<void> {
  const path = ownPath('local.db.serial');
  const body = Buffer.from(`${serial ?? 0}`);
  const isThere = (await files.read(path))?.equals(body) === true;
  await files.publish([...list.writes, ...(isThere ? [] : [{ path, body }])]);
}

/**
 * The files to publish, none if they are in place already, and the hash of the page. The twin comes before its page.
 */
interface BuiltIndex {
  readonly writes: Write[];
  readonly sha256: string;
}

type RootPage = PageFile & `index.${'html' | 'v1_json'}`;

/** Writes one form of the list and its gzipped twin. `local.json` is not a page and has no twin. */
class FormWriter {
  readonly #mirror: IndexOwner;
  readonly #form: RootIndexForm;
  readonly #page: RootPage | undefined;
  readonly #plain: StagedFile;
  readonly #twin: StagedFile;
  readonly #gzip: Gzip;
  readonly #compressed: Promise<void>;
  #empty = true;

  static async open(mirror: IndexOwner, form: RootIndexForm, page: RootPage | undefined): Promise<FormWriter> {
    const key = `root${page?.replace(/\W|_/g, '') ?? 'local'}`;
    const writer = new FormWriter(
      mirror,
      form,
      page,
      await mirror.files.stage(key),
      await mirror.files.stage(`${key}gz`),
    );
    await writer.#write(form.head);
    return writer;
  }

  private constructor(
    mirror: IndexOwner,
    form: RootIndexForm,
    page: RootPage | undefined,
    plain: StagedFile,
    twin: StagedFile,
  ) {
    this.#mirror = mirror;
    this.#form = form;
    this.#page = page;
    this.#plain = plain;
    this.#twin = twin;
    this.#gzip = createGzip({ level: 6 });
    plain.begin(false, undefined);
    twin.begin(false, undefined);
    this.#compressed = pump(this.#gzip, twin);
  }

  async add(entries: readonly IndexEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const text = entries.map((entry) => this.#form.entry(entry)).join(this.#form.separator);
    await this.#write(this.#empty ? text : this.#form.separator + text);
    this.#empty = false;
  }

  async finish(): Promise<BuiltIndex> {
    await this.#write(this.#form.tail);
    this.#gzip.end();
    await this.#compressed;
    const path = this.#page === undefined ? ownPath('local.json') : pagePath(this.#page);
    const made = await this.#plain.finish();
    const { sha256 } = made;
    const madeTwin = await this.#twin.finish();
    const twinPath = this.#page && pagePath(`${this.#page}.gz`);
    const isThere = await this.#isThere(path, made);
    const isTwinThere = twinPath === undefined || (await this.#isThere(twinPath, madeTwin));
    const writes = [
      ...(twinPath === undefined ? [] : [{ path: twinPath, body: this.#twin }]),
      { path, body: this.#plain },
    ];
    if (twinPath === undefined) await this.#twin.drop();
    if (!isThere || !isTwinThere) return { writes, sha256 };
    await this.#plain.drop();
    if (twinPath !== undefined) await this.#twin.drop();
    return { writes: [], sha256 };
  }

  async #isThere(path: WebPath, made: Digest): Promise<boolean> {
    return (await this.#mirror.files.digest(path))?.sha256 === made.sha256;
  }

  async #write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    await this.#plain.write(bytes);
    if (!this.#gzip.write(bytes)) await new Promise((resolve) => this.#gzip.once('drain', resolve));
  }
}

async function pump(from: Gzip, to: StagedFile): Promise<void> {
  for await (const chunk of from as AsyncIterable<Buffer>) await to.write(chunk);
}
