/** The compact form of ETags in tables: there may be millions of them. */

/** The md5 of an object, or that of the md5s of its parts with their number. Stores that encrypt have others. */
const usual = /^([0-9a-f]{32})(?:-([1-9]\d{0,4}))?$/;
const md5Bytes = 16;

/** Returns the value that a column without a type stores: bytes for the usual form, else the text. */
export function storedEtag(etag: string): Buffer | string {
  const [, md5, parts] = usual.exec(etag) ?? [];
  if (md5 === undefined) return etag;
  const bytes = Buffer.alloc(parts === undefined ? md5Bytes : md5Bytes + 4);
  bytes.write(md5, 'hex');
  if (parts !== undefined) bytes.writeUInt32BE(Number(parts), md5Bytes);
  return bytes;
}

/** Returns the ETag of a stored value. */
export function etagFrom(stored: Buffer | string): string {
  if (typeof stored === 'string') return stored;
  const md5 = stored.toString('hex', 0, md5Bytes);
  return stored.length === md5Bytes ? md5 : `${md5}-${stored.readUInt32BE(md5Bytes)}`;
}
