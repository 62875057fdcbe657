import t from 'tap';
import { UnreachableError } from '../../src/core/errors.ts';
import type { MirrorEvent } from '../../src/core/report.ts';
import { signatureProblem } from '../../src/core/sync-signature.ts';
import { type Notice, type NotifyOptions, notifyDownstream } from '../../src/notify/notify.ts';

const nowMs = Date.UTC(2026, 10, 22, 12);
const secret = Buffer.from('between us');

t.test('everybody gets the serial, signed', async (t) => {
  const { notices, warnings } = await notified({ urls: ['https://a.example/sync', 'http://b.example/sync?x'] });
  t.same(
    notices.map(({ url }) => url.href),
    ['https://a.example/sync', 'http://b.example/sync?x'],
  );
  for (const { headers, body } of notices) {
    t.equal(body, '{"serial":123}\n');
    const signed = {
      timestamp: headers['x-pep381-timestamp'] ?? '',
      signature: headers['x-pep381-signature'] ?? '',
    };
    t.equal(signatureProblem(secret, signed, Buffer.from(body), nowMs), undefined);
  }
  t.same(warnings, []);
});

t.test('without a secret nothing is signed', async (t) => {
  const { notices } = await notified({ secret: undefined, serial: undefined });
  t.same(notices[0]?.headers, { 'content-type': 'application/json' });
  t.equal(notices[0]?.body, '{"serial":null}\n');
});

t.test('who does not accept is warned of, and the others are told all the same', async (t) => {
  const answers = [200, 403, 302, 202, 'no answer within 10 s'];
  const urls = answers.map((_, index) => `https://${index}.example/sync`);
  const { notices, warnings } = await notified({ urls }, ({ url }) => {
    const answer = answers[Number(url.hostname.split('.')[0])];
    return typeof answer === 'number' ? Promise.resolve(answer) : Promise.reject(new UnreachableError(`${answer}`));
  });
  t.equal(notices.length, 5);
  t.same(warnings, [
    'https://1.example/sync was not notified: expected status 2xx, found 403',
    'https://2.example/sync was not notified: expected status 2xx, found 302',
    'https://4.example/sync was not notified: no answer within 10 s',
  ]);
});

t.test('all are told at the same time', async (t) => {
  const waiting: ((status: number) => void)[] = [];
  const urls = ['https://a.example/', 'https://b.example/', 'https://c.example/'];
  const { warnings } = await notified(
    { urls },
    () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length === urls.length) for (const answer of waiting) answer(200);
      }),
  );
  t.same(warnings, []);
});

t.test('a bug is no warning', async (t) => {
  await t.rejects(
    notified({}, () => Promise.reject(new TypeError('a bug'))),
    { message: 'a bug' },
  );
});

async function notified(
  options: Partial<Omit<NotifyOptions, 'urls'>> & { readonly urls?: readonly string[] },
  answer: (notice: Notice) => Promise<number> = () => Promise.resolve(200),
): Promise<{ readonly notices: Notice[]; readonly warnings: string[] }> {
  const { urls = ['https://a.example/sync'], ...rest } = options;
  const notices: Notice[] = [];
  const events: MirrorEvent[] = [];
  const post = (notice: Notice): Promise<number> => {
    notices.push(notice);
    return answer(notice);
  };
  const report = (event: MirrorEvent): void => void events.push(event);
  const defaults = { secret, serial: 123, nowMs, post, report };
  await notifyDownstream({ ...defaults, ...rest, urls: urls.map((url) => new URL(url)) });
  return { notices, warnings: events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])) };
}
