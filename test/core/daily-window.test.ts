import t from 'tap';
import { openMs, parseDailyWindow } from '../../src/core/daily-window.ts';

const minute = 60_000;

/** Returns the milliseconds for which the window is open at this local time of 15 January 2026. */
function openAt(text: string, time: string): number {
  const window = parseDailyWindow(text);
  if (window === undefined) throw new Error(`${text} is no window`);
  return openMs(window, new Date(`2026-01-15T${time}`).getTime());
}

t.test('a window within a day', async (t) => {
  t.equal(openAt('08:00-17:30', '07:59:59.999'), 0);
  t.equal(openAt('08:00-17:30', '08:00:00'), 570 * minute);
  t.equal(openAt('08:00-17:30', '17:29:00'), minute);
  t.equal(openAt('08:00-17:30', '17:30:00'), 0);
});

t.test('a window over midnight', async (t) => {
  t.equal(openAt('22:00-06:00', '21:59:00'), 0);
  t.equal(openAt('22:00-06:00', '22:00:00'), 480 * minute);
  t.equal(openAt('22:00-06:00', '00:00:00'), 360 * minute);
  t.equal(openAt('22:00-06:00', '05:59:00'), minute);
  t.equal(openAt('22:00-06:00', '06:00:00'), 0);
  t.equal(openAt('22:00-24:00', '23:00:00'), 60 * minute);
  t.equal(openAt('22:00-00:00', '23:00:00'), 60 * minute);
  t.equal(openAt('0:00-6:05', '06:04:00'), minute);
});

t.test('anything else is no window', async (t) => {
  for (const text of [
    '',
    '22-6',
    '22:00',
    '22:00-',
    '25:00-06:00',
    '22:60-06:00',
    '24:01-06:00',
    '22:00-22:00',
    '0:00-24:00x',
  ])
    t.equal(parseDailyWindow(text), undefined, text);
  for (const text of ['24:00-06:00', '00:00-24:00', '00:00-00:00']) t.equal(parseDailyWindow(text), undefined, text);
});
