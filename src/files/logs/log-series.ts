/**
 * Finds the name of a log before rotation. logrotate appends a number or a date (`pypi.log.1`, `-20261024`, or any
 * `dateformat`), sometimes before an `extension` (`pypi-20261024.log`), and may move rotated logs into an `olddir`.
 * rotatelogs and cronolog write into files and folders that are named by a date or a second from the beginning. So two
 * names belong to one series if they differ in such parts alone.
 */
import { resolve } from 'node:path';

const packed = /\.(?:gz|bz2|xz|zst|zstd|lz4|lz|lzma|lzo|Z|zip|7z)$/;

const year = '(?:19|20)\\d\\d';
const month = '(?:0[1-9]|1[0-2]|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const day = '(?:0[1-9]|[12]\\d|3[01])';
const date = `(?:${year}[-_.]?${month}(?:[-_.]?${day})?|${year}-?[Ww]\\d\\d|${day}[-_.]?${month}[-_.]?${year}|${year})`;
const time = '(?:[-_.T]?(?:[01]\\d|2[0-4])(?:[-_.:h]?[0-5]\\d(?:[-_.:m]?[0-6]\\d)?)?[sZ]?)';
/** Time since 1970 in seconds, milliseconds or finer. */
const seconds = '\\d{10,19}';
const stamp = `(?:${date}(?:[-_.]?${seconds}|${time})?|${seconds})`;

/** Matches a time stamp together with its separator from the rest of the name. */
const stampInName = new RegExp(`(?:[-_.]${stamp}(?=[-_.]|$)|^${stamp}(?:[-_.]|$))`, 'g');
/**
 * Matches the weekday of logs that are reused every week, by rotatelogs or by hand. It is capitalized, as strftime
 * writes it, because names of hosts are in lower case.
 */
const weekday = /[-_.](?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?(?=[-_.]|$)/;
/**
 * Matches the suffix that scripts give the previous log. It must follow the extension: `pypi-old.log` and `pypi-1.log`
 * may be logs of other hosts.
 */
const older = /(?<=\.[a-z]+|_log)[-_.](?:old|bak|prev)$/i;
/** Matches the number of a rotated log. Before an extension it must not follow another number, as in an address. */
const number = /[.-]\d{1,14}$|(?<!\d)\.\d{1,3}(?=\.[a-z]+$)/i;

/**
 * Matches folders named by a date, and those that rotated logs are moved to. `folderPart` matches parts of a date below
 * a year.
 */
const folderStamp = new RegExp(`^(?:${date}(?:${time})?|old|olddir|archived?|archives|rotated|backups?)$`, 'i');
const folderPart = new RegExp(`^(?:${month}|${day}|[01]\\d|2[0-4])$`, 'i');

/**
 * Returns the path of the series that the log at `path` belongs to. Folders further up are kept, whatever their names
 * are: `/backup/logs/pypi.log` is in no folder of rotated logs.
 */
export function seriesOf(path: string): string {
  const folders = resolve(path).split('/');
  const name = seriesName(folders.pop() ?? '');
  let rotated = 0;
  for (const folder of folders) rotated = isFolderOfRotated(folder, rotated > 0) ? rotated + 1 : 0;
  return [...folders.slice(0, folders.length - rotated), name].join('/');
}

/** Returns true if rotation makes folders called `name`. `isInside` tells that the folder around it is one of those. */
export function isFolderOfRotated(name: string, isInside: boolean): boolean {
  return folderStamp.test(name) || (isInside && folderPart.test(name));
}

function seriesName(name: string): string {
  return name.replace(packed, '').replace(stampInName, '').replace(number, '').replace(older, '').replace(weekday, '');
}
