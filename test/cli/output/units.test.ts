import t from 'tap';
import { showSeconds } from '../../../src/cli/output/units.ts';
import { showBytes } from '../../../src/core/show-bytes.ts';

t.test('bytes are shown with two or three digits', async (t) => {
  const shown: [number, string][] = [
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1023.7, '1024 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [10 * 1024, '10 KiB'],
    [999 * 1024, '999 KiB'],
    [1000 * 1024, '1.0 MiB'],
    [2 ** 20, '1.0 MiB'],
    [123 * 2 ** 20, '123 MiB'],
    [2 ** 30, '1.0 GiB'],
    [37.4 * 2 ** 40, '37 TiB'],
    [2 ** 50, '1.0 PiB'],
    [2 ** 60, '1024 PiB'],
  ];
  for (const [bytes, text] of shown) t.equal(showBytes(bytes), text, String(bytes));
});

t.test('times are shown in the two units that matter', async (t) => {
  const shown: [number, string][] = [
    [0, '0.0 s'],
    [0.04, '0.0 s'],
    [3.14, '3.1 s'],
    [10, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [61, '1 min 01 s'],
    [3599.4, '59 min 59 s'],
    [3599.6, '1 h 00 min'],
    [3723, '1 h 02 min'],
    [86_399, '23 h 59 min'],
    [86_399.6, '1 d 00 h'],
    [1_000_000, '11 d 13 h'],
  ];
  for (const [seconds, text] of shown) t.equal(showSeconds(seconds), text, String(seconds));
});
