/**
 * What a log is called before it is rotated. logrotate appends a number or a date (`pypi.log.1`, `-20261024`, or what
 * `dateformat` says), before an `extension` too (`pypi-20261024.log`), and may move what it rotates into an `olddir`;
 * rotatelogs and cronolog write into files, and folders, that are named by a date or a second from the beginning. So
 * two names are of one series when they differ in such parts alone.
 */
import { resolve } from 'node:path';

const packed = /\.(?:gz|bz2|xz|zst|zstd|lz4|lz|lzma|lzo|Z|zip|7z)$/;

const year = '(?:19|20)\\d\\d';
const month = '(?:0[1-9]|1[0-2]|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const day = '(?:0[1-9]|[12]\\d|3[01])';
const date = `(?:${year}[-_.]?${month}(?:[-_.]?${day})?|${year}-?[Ww]\\d\\d|${day}[-_.]?${month}[-_.]?${year}|${year})`;
const time = '(?:[-_.T]?(?:[01]\\d|2[0-4])(?:[-_.:h]?[0-5]\\d(?:[-_.:m]?[0-6]\\d)?)?[sZ]?)';
/** Since 1970, in seconds, milliseconds or finer. */
const seconds = '\\d{10,19}';
const stamp = `(?:${date}(?:[-_.]?${seconds}|${time})?|${seconds})`;

/** With what separates it from the rest of the name. */
const stampInName = new RegExp(`(?:[-_.]${stamp}(?=[-_.]|$)|^${stamp}(?:[-_.]|$))`, 'g');
/** A week of logs in turn, by rotatelogs or by hand; as strftime writes it, as hosts are in lower case. */
const weekday = /[-_.](?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?(?=[-_.]|$)/;
/** What scripts call the one log before. Behind the extension: `pypi-old.log` and `pypi-1.log` may be of other hosts. */
const older = /(?<=\.[a-z]+|_log)[-_.](?:old|bak|prev)$/i;
/** Before an extension it follows no other number, as in an address. */
const number = /[.-]\d{1,14}$|(?<!\d)\.\d{1,3}(?=\.[a-z]+$)/i;

/** Folders that are dates, or parts of one below a year, and those that rotated logs are moved to. */
const folderStamp = new RegExp(`^(?:${date}(?:${time})?|old|olddir|archived?|archives|rotated|backups?)$`, 'i');
const folderPart = new RegExp(`^(?:${month}|${day}|[01]\\d|2[0-4])$`, 'i');

/** The path of the series that the log at `path` belongs to. */
export function seriesOf(path: string): string {
  const parts = resolve(path).split('/');
  const name = seriesName(parts.pop() ?? '');
  const folders: string[] = [];
  let isInside = false;
  for (const part of parts) {
    isInside = isFolderOfRotated(part, isInside);
    if (!isInside) folders.push(part);
  }
  return [...folders, name].join('/');
}

/** Whether a folder called `name` is one that rotation makes; `isInside` says whether the one around it is, too. */
export function isFolderOfRotated(name: string, isInside: boolean): boolean {
  return folderStamp.test(name) || (isInside && folderPart.test(name));
}

function seriesName(name: string): string {
  return name.replace(packed, '').replace(stampInName, '').replace(number, '').replace(older, '').replace(weekday, '');
}
