import t from 'tap';
import { metricsOf } from '../../../src/cli/metrics/metrics.ts';
import { runResults } from '../../../src/cli/run/run-results.ts';
import { RunTotals } from '../../../src/cli/run/run-totals.ts';
import { renderMetrics } from '../../../src/formats/prometheus.ts';
import { openTestMirror } from '../../fixtures/test-mirror.ts';

t.test('requests to the object store are summed up over all runs, paused ones included, and measured', async (t) => {
  const mirror = await openTestMirror(t);
  const usage = { requests: { put: 3, head: 1 }, bytesSent: 1000, bytesReceived: 20, retries: 1 };
  const text = mirror.remembered((state) => {
    const measured = () => renderMetrics(metricsOf(state, { size: 2, free: 1, inodes: undefined }, '2.0.0'), {});
    const end = { startedMs: 1, finishedMs: 2, exitCode: 0 };
    state.set(runResults(state, new RunTotals(), end, false));
    t.notMatch(measured(), 'store', 'without a store nothing is said of one');
    state.set(runResults(state, new RunTotals(), end, false, usage));
    state.set(runResults(state, new RunTotals(), { ...end, exitCode: 143 }, true, usage));
    state.set(runResults(state, new RunTotals(), end, false));
    return measured();
  });
  for (const line of [
    'pep381_store_requests_total{kind="put"} 6',
    'pep381_store_requests_total{kind="head"} 2',
    'pep381_store_sent_bytes_total 2000',
    'pep381_store_received_bytes_total 40',
    'pep381_store_retries_total 2',
  ]) {
    t.match(text, `${line}\n`);
  }
});
