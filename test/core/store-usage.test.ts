import t from 'tap';
import { requestCount, sumOfUsage } from '../../src/core/store-usage.ts';

const first = { requests: { put: 3, head: 1 }, bytesSent: 100, bytesReceived: 10, retries: 1 };
const second = { requests: { put: 2, list: 4 }, bytesSent: 1, bytesReceived: 2, retries: 0 };

t.test('requests are counted and added up by kind', async (t) => {
  t.equal(requestCount(first), 4);
  t.same(sumOfUsage([undefined, first, undefined, second]), {
    requests: { put: 5, head: 1, list: 4 },
    bytesSent: 101,
    bytesReceived: 12,
    retries: 1,
  });
  t.same(first.requests, { put: 3, head: 1 }, 'and nothing that was added is changed');
});

t.test('the sum of nothing is nothing, not zero', async (t) => {
  t.equal(sumOfUsage([]), undefined);
  t.equal(sumOfUsage([undefined, undefined]), undefined);
});
