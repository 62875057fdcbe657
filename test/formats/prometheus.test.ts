import { spawnSync } from 'node:child_process';
import t from 'tap';
import { type MetricFamily, renderMetrics } from '../../src/formats/prometheus.ts';
import { programsOrReason } from '../fixtures/programs.ts';

const family = (samples: MetricFamily['samples']): MetricFamily => ({
  name: 'pep381_files',
  type: 'gauge',
  help: 'Files.',
  samples,
});

t.test('a family has its help, its type and a line for each known value', async (t) => {
  const text = renderMetrics([family([{ labels: { a: 'x' }, value: 1.5 }, { value: undefined }])], { mirror: '/m' });
  t.equal(text, '# HELP pep381_files Files.\n# TYPE pep381_files gauge\npep381_files{mirror="/m",a="x"} 1.5\n');
  t.equal(
    renderMetrics([family([{ value: 0 }])], {}),
    '# HELP pep381_files Files.\n# TYPE pep381_files gauge\npep381_files 0\n',
  );
  t.equal(renderMetrics([family([{ value: undefined }]), family([])], {}), '', 'what is not known is no family');
});

const hostile = ['"} 5\npep381_serial 7', '\\', '\\"', 'a\nb', '\ud800', '\u202e\x1b[2J', '', '日本'];

t.test('no label ends its line', async (t) => {
  for (const value of hostile) {
    const text = renderMetrics([family([{ labels: { value }, value: 1 }])], {});
    const [, , line = '', ...rest] = text.split('\n');
    t.match(line, /^pep381_files\{value="(?:[^"\\]|\\["\\n])*"\} 1$/, JSON.stringify(value));
    t.same(rest, ['']);
    t.equal(Buffer.from(text).toString(), text, 'it is UTF-8');
  }
});

t.test('promtool accepts any label', programsOrReason('promtool'), async (t) => {
  const samples = hostile.map((value, at) => ({ labels: { value, at: String(at) }, value: 1 }));
  const input = renderMetrics([family(samples)], { mirror: hostile.join('') });
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  t.same({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});
