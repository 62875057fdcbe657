import t from 'tap';
import { secretFrom, signatureProblem, signSync } from '../../src/core/sync-signature.ts';

const nowMs = Date.UTC(2026, 10, 22, 12);

t.test('a signature is what the documentation says, so that others can make one', async (t) => {
  // printf '1795348800.000.{"serial":1}\n' | openssl dgst -sha256 -hmac key
  t.same(signSync(Buffer.from('key'), 1_795_348_800_000, '{"serial":1}\n'), {
    timestamp: '1795348800.000',
    signature: 'sha256=041f9c9c1e9d80b71985e70e04d60c7620856d1a686565a384832e6a5ebe9eeb',
  });
});

t.test('what is signed is accepted for five minutes, and from five minutes before', async (t) => {
  const secret = Buffer.from('key');
  const body = Buffer.from('body');
  const signed = signSync(secret, nowMs, body);
  for (const after of [0, 299_000, -299_000]) {
    t.equal(signatureProblem(secret, signed, body, nowMs + after), undefined, `${after} ms`);
  }
  for (const after of [301_000, -301_000]) {
    t.match(signatureProblem(secret, signed, body, nowMs + after), 'too far', `${after} ms`);
  }
  t.match(signatureProblem(Buffer.from('kez'), signed, body, nowMs), 'wrong');
  t.match(signatureProblem(secret, signed, Buffer.from('Body'), nowMs), 'wrong');
});

t.test('a secret is what a file holds without white space around it', async (t) => {
  const same = Buffer.from('a b\xff', 'latin1');
  for (const content of ['a b\xff', 'a b\xff\n', '\t a b\xff \r\n']) {
    t.same(secretFrom(Buffer.from(content, 'latin1')), same);
  }
  for (const content of ['', '\n', ' \t\r\n']) t.equal(secretFrom(Buffer.from(content)), undefined);
});
