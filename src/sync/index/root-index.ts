/**
 * Writes the root index, our list of all projects. It consists of pieces of some thousand projects, so that a run that
 * changes a few projects renders and compresses only the pieces that they are in, and copies the others from the
 * published files.
 */
import { crc32 } from 'node:zlib';
import { inPages } from '../../core/in-pages.ts';
import type { ProjectName } from '../../core/names.ts';
import { ownPath, type PageFile, pagePath, type WebPath } from '../../core/paths.ts';
import type { StagedFile, Write } from '../../files/file-store.ts';
import {
  type IndexEntry,
  localJson,
  type RootIndexForm,
  rootIndexHtml,
  rootIndexJson,
} from '../../formats/simple/root-index.ts';
import { deflatePiece, gzipHead, gzipTail } from '../../pages/deflate-pieces.ts';
import { indexState, pageState, type RootPieceSize, rootPiecesState, serialState } from '../../state/mirror-state.ts';
import { change, join } from '../../state/state-section.ts';
import type { Mirror } from '../mirror.ts';

const entriesPerPiece = 2048;
/** Number of entries from which on a piece that has grown is cut up, with all others. */
const maxEntriesPerPiece = 3 * entriesPerPiece;
/** Number of changed entries from which on everything is written anew. */
const maxChanged = 20_000;
/** Number of pieces up to which it does not matter that more than half of all pieces have changed. */
const fewPieces = 8;
/** Number of pieces that are compressed at the same time. */
const piecesAtATime = 4;

type IndexOwner = Pick<Mirror, 'state' | 'files' | 'report'>;

/** The pages of the list. Each has a gzipped twin. */
const pageFiles = { html: 'index.html', json: 'index.v1_json' } as const satisfies Record<string, PageFile>;
type FormName = keyof typeof pageFiles;
type Forms = Readonly<Record<FormName, RootIndexForm>>;

/** One form of the list. */
interface BuiltForm {
  /** The files to publish, the twin before its page; none if they are in place. */
  readonly writes: readonly Write[];
  /** The hash of the page. */
  readonly sha256: string;
  readonly sizes: readonly RootPieceSize[];
}

/** Both forms, and the first name of each piece. */
type BuiltForms = Readonly<Record<FormName, BuiltForm>> & { readonly firstNames: readonly string[] };

/** Publishes the root index if it differs from the published one. */
export async function publishRootIndex(mirror: IndexOwner): Promise<void> {
  const { state, files, report } = mirror;
  const changesListed = state.publishedChanges.last();
  const { serial } = state.get(serialState);
  const forms = { html: rootIndexHtml, json: rootIndexJson(serial) };
  const changed = state.indexEntries.changed(maxChanged);
  const replaced = changed.length < maxChanged ? await replacePieces(mirror, forms, changed) : undefined;
  const { firstNames, html, json } = replaced ?? (await writeAll(mirror, forms));
  await files.publish([...html.writes, ...json.writes]);
  await publishShadowmireList(mirror, serial);
  const rootPieces = { froms: firstNames, html: html.sizes, json: json.sizes };
  state.indexEntries.commit(
    changed,
    join(
      change(indexState, { rootIndex: { json: json.sha256, html: html.sha256 }, changesListed }),
      change(rootPiecesState, { rootPieces }),
    ),
  );
  report({ type: 'root-index', projects: state.totals().projects });
}

/** Publishes the list that shadowmire reads, and then its serial, if the legacy JSON is complete. */
async function publishShadowmireList(mirror: IndexOwner, serial: number | undefined): Promise<void> {
  const { state, files } = mirror;
  const { legacyJson } = state.get(pageState);
  if (legacyJson === undefined || legacyJson.filledTo !== undefined) return;
  const list = await files.stage('rootlocal', ownPath('local.json'));
  list.begin(false, undefined);
  for (const text of textsOf(localJson, entryGroups(mirror))) await list.write(Buffer.from(text));
  const { sha256 } = await list.finish();
  const writes: Write[] = [];
  if ((await files.digest(ownPath('local.json')))?.sha256 === sha256) await list.drop();
  else writes.push({ path: ownPath('local.json'), body: list });
  const serialFile = { path: ownPath('local.db.serial'), body: Buffer.from(`${serial ?? 0}`) };
  const isThere = (await files.read(serialFile.path))?.equals(serialFile.body) === true;
  await files.publish([...writes, ...(isThere ? [] : [serialFile])]);
}

/** Writes both forms from the state, unless they are in place. */
async function writeAll(mirror: IndexOwner, forms: Forms): Promise<BuiltForms> {
  const { state, files } = mirror;
  // From now on changed entries are remembered. If the run ends before the pieces are known, the next one writes all.
  state.indexEntries.commit('all', change(rootPiecesState, { rootPieces: { froms: [], html: [], json: [] } }));
  const firstNames: string[] = [];
  for (const entries of entryGroups(mirror)) firstNames.push(firstNames.length === 0 ? '' : (entries[0]?.name ?? ''));
  const build = async (form: FormName): Promise<BuiltForm> => {
    const writer = await PairWriter.open(files, form);
    const sizes: RootPieceSize[] = [];
    for await (const piece of compressed(textsOf(forms[form], entryGroups(mirror)))) {
      sizes.push(piece.size);
      await writer.add(piece.body, piece.packed);
    }
    const { page, twin } = await writer.finish();
    const isThere =
      (await files.digest(page.path))?.sha256 === page.sha256 &&
      (await files.digest(twin.path))?.sha256 === twin.sha256;
    if (isThere) await writer.drop();
    return { writes: isThere ? [] : [twin, page], sha256: page.sha256, sizes };
  };
  return { html: await build('html'), json: await build('json'), firstNames };
}

/**
 * Writes the forms with new pieces for the projects in `changed`, and copies the others from the published files.
 * Returns undefined if those are not as the state knows them, or if the pieces have to be cut anew.
 */
async function replacePieces(
  mirror: IndexOwner,
  forms: Forms,
  changed: readonly ProjectName[],
): Promise<BuiltForms | undefined> {
  const { state, files } = mirror;
  const { rootIndex } = state.get(indexState);
  const { rootPieces: old } = state.get(rootPiecesState);
  // A check that finds damage removes the pieces.
  if (old === undefined || rootIndex === undefined || old.froms.length === 0) return undefined;
  const entriesByPiece = new Map<number, readonly IndexEntry[]>();
  for (const name of changed) {
    const at = old.froms.findLastIndex((from) => from <= name);
    if (entriesByPiece.has(at)) continue;
    const entries = state.indexEntries.within(old.froms[at] ?? '', old.froms[at + 1]);
    if (entries.length === 0 || entries.length > maxEntriesPerPiece) return undefined;
    entriesByPiece.set(at, entries);
    if (entriesByPiece.size > fewPieces && entriesByPiece.size * 2 > old.froms.length) return undefined;
  }
  const build = async (form: FormName): Promise<BuiltForm | undefined> => {
    const { head } = forms[form];
    const numbers = [...entriesByPiece.keys()].sort((one, other) => one - other);
    const texts = [head, ...numbers.map((at) => groupText(forms[form], entriesByPiece.get(at) ?? [], at === 0))];
    const sizes = [...old[form]];
    const made = new Map<number, Piece>();
    for await (const piece of compressed(texts)) {
      // The head is the first piece.
      const at = made.size === 0 ? 0 : (numbers[made.size - 1] ?? 0) + 1;
      made.set(at, piece);
      sizes[at] = piece.size;
    }
    const isSame = [...made].every(([at, { size }]) => String(old[form][at]) === String(size));
    if (isSame && (await hasSizes(files, form, sizes))) return { writes: [], sha256: rootIndex[form], sizes };
    const writer = await PairWriter.open(files, form);
    if (!(await copyPieces(files, form, old[form], made, writer))) {
      await writer.drop();
      return undefined;
    }
    const { page, twin } = await writer.finish();
    return { writes: [twin, page], sha256: page.sha256, sizes };
  };
  const html = await build('html');
  const json = html && (await build('json'));
  if (html !== undefined && json === undefined) for (const { body } of html.writes) await (body as StagedFile).drop();
  return html && json && { html, json, firstNames: old.froms };
}

/**
 * Adds all pieces to `writer`: those in `made`, and the others from the published files. Returns false if the published
 * files are not made of the pieces `old`.
 */
async function copyPieces(
  files: Mirror['files'],
  form: FormName,
  old: readonly RootPieceSize[],
  made: ReadonlyMap<number, Piece>,
  writer: PairWriter,
): Promise<boolean> {
  let [bodyAt, packedAt] = [0, gzipHead.length];
  for (const [at, [bytes, checksum, packedBytes, packedChecksum]] of old.entries()) {
    const piece = made.get(at);
    if (piece !== undefined) await writer.add(piece.body, piece.packed);
    else {
      const body = await files.slice(pagePath(pageFiles[form]), bodyAt, bodyAt + bytes);
      const packed = await files.slice(pagePath(`${pageFiles[form]}.gz`), packedAt, packedAt + packedBytes);
      const isRight =
        body !== undefined && packed !== undefined && crc32(body) === checksum && crc32(packed) === packedChecksum;
      if (!isRight) return false;
      await writer.add(body, packed);
    }
    bodyAt += bytes;
    packedAt += packedBytes;
  }
  return true;
}

/** Returns true if the published page and its twin are as long as these pieces. */
async function hasSizes(files: Mirror['files'], form: FormName, sizes: readonly RootPieceSize[]): Promise<boolean> {
  let [bytes, packedBytes] = [0, gzipHead.length + gzipTail(0, 0).length];
  for (const [pieceBytes, , piecePackedBytes] of sizes) {
    bytes += pieceBytes;
    packedBytes += piecePackedBytes;
  }
  return (
    (await files.size(pagePath(pageFiles[form]))) === bytes &&
    (await files.size(pagePath(`${pageFiles[form]}.gz`))) === packedBytes
  );
}

/** Yields all entries in groups. */
function entryGroups({ state }: IndexOwner): Iterable<readonly IndexEntry[]> {
  return inPages((after) => state.held.published(after, entriesPerPiece));
}

/** Yields the text of a form: what comes first, the groups of entries, and what comes last. */
function* textsOf(form: RootIndexForm, groups: Iterable<readonly IndexEntry[]>): Iterable<string> {
  yield form.head;
  let isFirst = true;
  for (const entries of groups) {
    yield groupText(form, entries, isFirst);
    isFirst = false;
  }
  yield form.tail;
}

function groupText(form: RootIndexForm, entries: readonly IndexEntry[], isFirst: boolean): string {
  const text = entries.map((entry) => form.entry(entry)).join(form.separator);
  return isFirst ? text : form.separator + text;
}

/** A piece of a form, plain and compressed. */
interface Piece {
  readonly size: RootPieceSize;
  readonly body: Buffer;
  readonly packed: Buffer;
}

/** Yields the piece for each text. Some are compressed at the same time. */
async function* compressed(texts: Iterable<string>): AsyncIterable<Piece> {
  const inProgress: Promise<Piece>[] = [];
  for (const text of texts) {
    inProgress.push(compressPiece(Buffer.from(text)));
    const first = inProgress.length < piecesAtATime ? undefined : inProgress.shift();
    if (first !== undefined) yield await first;
  }
  for (const piece of inProgress) yield await piece;
}

async function compressPiece(body: Buffer): Promise<Piece> {
  const packed = await deflatePiece(body);
  return { size: [body.length, crc32(body), packed.length, crc32(packed)], body, packed };
}

/** A file that was written, to be published. */
interface Written {
  readonly path: WebPath;
  readonly body: StagedFile;
  readonly sha256: string;
}

/** Writes a page and its gzipped twin. */
class PairWriter {
  readonly #form: FormName;
  readonly #page: StagedFile;
  readonly #twin: StagedFile;
  #checksum = 0;
  #bytes = 0;

  static async open(files: Mirror['files'], form: FormName): Promise<PairWriter> {
    const page = await files.stage(`root${form}`, pagePath(pageFiles[form]));
    const writer = new PairWriter(form, page, await files.stage(`root${form}gz`, pagePath(`${pageFiles[form]}.gz`)));
    await writer.#twin.write(gzipHead);
    return writer;
  }

  private constructor(form: FormName, page: StagedFile, twin: StagedFile) {
    this.#form = form;
    this.#page = page;
    this.#twin = twin;
    page.begin(false, undefined);
    twin.begin(false, undefined);
  }

  async add(body: Buffer, packed: Buffer): Promise<void> {
    this.#checksum = crc32(body, this.#checksum);
    this.#bytes += body.length;
    await this.#page.write(body);
    await this.#twin.write(packed);
  }

  async finish(): Promise<{ readonly page: Written; readonly twin: Written }> {
    await this.#twin.write(gzipTail(this.#checksum, this.#bytes));
    const [page, twin] = [await this.#page.finish(), await this.#twin.finish()];
    const path = pageFiles[this.#form];
    return {
      page: { path: pagePath(path), body: this.#page, sha256: page.sha256 },
      twin: { path: pagePath(`${path}.gz`), body: this.#twin, sha256: twin.sha256 },
    };
  }

  /** Deletes what was written. */
  async drop(): Promise<void> {
    await this.#page.drop();
    await this.#twin.drop();
  }
}
