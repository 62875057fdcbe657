/** Formats byte counts for people. */

const prefixes = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Returns for example `1.5 KiB` for 1536. */
export function showBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  let amount = bytes / 1024;
  let prefix = 0;
  while (amount >= 1000 && prefix < prefixes.length - 1) {
    amount /= 1024;
    prefix += 1;
  }
  return `${amount.toFixed(amount < 10 ? 1 : 0)} ${prefixes[prefix]}`;
}
