/** The text of metrics: what the writer writes, a strict reader takes, and says the same; and what the reader refuses. */
import { describe, expect, it, test } from 'vitest';
import { formatFor, MetricsText } from '../../../src/exposition/metrics-text.ts';
import { readOpenMetrics } from './open-metrics.ts';

const EXEMPLAR = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  value: 0.07,
  at: 1_700_000_000_123,
};

function sample(): MetricsText {
  const text = new MetricsText();
  text.info('a_system', 'Which.', { system: 'it "is"\\\nso', version: '1' });
  text.gauge('a_gauge_bytes', 'Bytes\nof it.', -1.5e-9, { worker: 1 });
  text.gauge('a_gauge_bytes', 'Bytes\nof it.', Number.NaN, { worker: 2 });
  text.gauge('a_gauge_bytes', 'Bytes\nof it.', Number.NEGATIVE_INFINITY, { worker: 3 });
  text.gauge('nothing', 'Not there.', undefined);
  text.counter('a_counter', 'Counted.', 3, { kind: 'a' }, EXEMPLAR);
  text.counter('a_counter', 'Counted.', 4, { kind: 'b' });
  text.counter('a_counter', 'Counted.', 10, { kind: 'a' });
  text.summary('a_summary_seconds', 'Summed.', { count: 2, sum: 0.5 });
  text.histogram(
    'a_histogram_seconds',
    'Spread.',
    [0.01, 0.1, 1],
    { count: 10, sum: 12.5, counts: [1, 2, 3], exemplar: EXEMPLAR },
    { kind: 'a' },
  );
  return text;
}

describe('OpenMetrics', () => {
  it('is what a strict reader takes, with all that was written', () => {
    const families = readOpenMetrics(sample().text('openmetrics'));
    const shown = families.map(({ name, type, unit, samples }) => [name, type, unit, samples.length]);
    expect(shown).toEqual([
      ['a_system', 'info', undefined, 1],
      ['a_gauge_bytes', 'gauge', 'bytes', 3],
      ['a_counter', 'counter', undefined, 2],
      ['a_summary_seconds', 'summary', 'seconds', 2],
      ['a_histogram_seconds', 'histogram', 'seconds', 6],
    ]);
    const all = families.flatMap(({ samples }) => samples);
    expect(all[0]?.labels).toEqual({ system: 'it "is"\\\nso', version: '1' });
    expect(families[1]?.help).toBe('Bytes\nof it.');
    expect(all.slice(1, 4).map(({ value }) => value)).toEqual([-1.5e-9, Number.NaN, Number.NEGATIVE_INFINITY]);
    const exemplar = {
      labels: { trace_id: EXEMPLAR.traceId, span_id: EXEMPLAR.spanId },
      value: 0.07,
      at: 1_700_000_000.123,
    };
    expect(families[2]?.samples).toEqual([
      { name: 'a_counter_total', labels: { kind: 'a' }, value: 13, exemplar },
      { name: 'a_counter_total', labels: { kind: 'b' }, value: 4, exemplar: undefined },
    ]);
    expect(families[4]?.samples.map(({ labels: { le }, value, exemplar: one }) => [le, value, one?.value])).toEqual([
      ['0.01', 1, undefined],
      ['0.1', 3, 0.07],
      ['1.0', 6, undefined],
      ['+Inf', 10, undefined],
      [undefined, 10, undefined],
      [undefined, 12.5, undefined],
    ]);
  });

  const fine = '# TYPE a counter\na_total 1\n';
  test.each([
    ['no end', fine],
    ['no last line end', `${fine}# EOF`],
    ['text behind the end', `${fine}# EOF\n\n`],
    ['a counter without _total', '# TYPE a counter\na 1\n# EOF\n'],
    ['a negative counter', '# TYPE a counter\na_total -1\n# EOF\n'],
    ['a family twice', `${fine}# TYPE b gauge\nb 1\n# TYPE a counter\na_total{x="1"} 1\n# EOF\n`],
    ['samples of two families mixed', `${fine}# TYPE b gauge\nb 1\na_total{x="1"} 1\n# EOF\n`],
    ['a series twice', '# TYPE a gauge\na{x="1",y="2"} 1\na{y="2",x="1"} 2\n# EOF\n'],
    ['a type that is none', '# TYPE a count\na 1\n# EOF\n'],
    ['a type twice', '# TYPE a gauge\n# TYPE a gauge\na 1\n# EOF\n'],
    ['a type behind its samples', 'a 1\n# TYPE a gauge\n# EOF\n'],
    ['a unit that the name lacks', '# TYPE a gauge\n# UNIT a bytes\na 1\n# EOF\n'],
    ['a name that is none', '# TYPE a-b gauge\na-b 1\n# EOF\n'],
    ['a label that is none', '# TYPE a gauge\na{x-y="1"} 1\n# EOF\n'],
    ['a label twice', '# TYPE a gauge\na{x="1",x="2"} 1\n# EOF\n'],
    ['a label with a bare quote', '# TYPE a gauge\na{x="1"2"} 1\n# EOF\n'],
    ['an escape that is none', '# TYPE a gauge\na{x="\\t"} 1\n# EOF\n'],
    ['no number', '# TYPE a gauge\na one\n# EOF\n'],
    ['two spaces', '# TYPE a gauge\na  1\n# EOF\n'],
    ['an empty line', `${fine}\n# EOF\n`],
    ['a comment', `${fine}# a comment\n# EOF\n`],
    ['an exemplar of a gauge', '# TYPE a gauge\na 1 # {x="1"} 1\n# EOF\n'],
    ['a long exemplar', `# TYPE a counter\na_total 1 # {x="${'1'.repeat(128)}"} 1\n# EOF\n`],
    [
      'an exemplar of another bucket',
      '# TYPE a histogram\na_bucket{le="1.0"} 1 # {x="1"} 2\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n',
    ],
    [
      'buckets that fall',
      '# TYPE a histogram\na_bucket{le="1.0"} 2\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n',
    ],
    [
      'bounds that fall',
      '# TYPE a histogram\na_bucket{le="2.0"} 1\na_bucket{le="1.0"} 1\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n',
    ],
    ['no last bucket', '# TYPE a histogram\na_bucket{le="1.0"} 1\na_count 1\na_sum 1\n# EOF\n'],
    [
      'a count that is not that of the last bucket',
      '# TYPE a histogram\na_bucket{le="+Inf"} 1\na_count 2\na_sum 1\n# EOF\n',
    ],
    ['no sum', '# TYPE a histogram\na_bucket{le="+Inf"} 1\na_count 1\n# EOF\n'],
    ['an info that is not 1', '# TYPE a info\na_info{x="1"} 2\n# EOF\n'],
  ])('is not %s', (_, text) => {
    expect(() => readOpenMetrics(text)).toThrow();
  });
});

it('the text of Prometheus has the names of samples, no units, exemplars or end', () => {
  expect(sample().text('prometheus').split('\n')).toEqual([
    '# HELP a_system_info Which.',
    '# TYPE a_system_info gauge',
    'a_system_info{system="it \\"is\\"\\\\\\nso",version="1"} 1',
    '# HELP a_gauge_bytes Bytes\\nof it.',
    '# TYPE a_gauge_bytes gauge',
    'a_gauge_bytes{worker="1"} -1.5e-9',
    'a_gauge_bytes{worker="2"} NaN',
    'a_gauge_bytes{worker="3"} -Inf',
    '# HELP a_counter_total Counted.',
    '# TYPE a_counter_total counter',
    'a_counter_total{kind="a"} 13',
    'a_counter_total{kind="b"} 4',
    '# HELP a_summary_seconds Summed.',
    '# TYPE a_summary_seconds summary',
    'a_summary_seconds_count 2',
    'a_summary_seconds_sum 0.5',
    '# HELP a_histogram_seconds Spread.',
    '# TYPE a_histogram_seconds histogram',
    'a_histogram_seconds_bucket{kind="a",le="0.01"} 1',
    'a_histogram_seconds_bucket{kind="a",le="0.1"} 3',
    'a_histogram_seconds_bucket{kind="a",le="1.0"} 6',
    'a_histogram_seconds_bucket{kind="a",le="+Inf"} 10',
    'a_histogram_seconds_count{kind="a"} 10',
    'a_histogram_seconds_sum{kind="a"} 12.5',
    '',
  ]);
});

test.each([
  [undefined, 'openmetrics'],
  ['', 'openmetrics'],
  ['*/*', 'openmetrics'],
  ['text/plain', 'prometheus'],
  ['text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'prometheus'],
  ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3', 'openmetrics'],
  ['text/plain;q=0.9, application/openmetrics-text;q=0.8', 'prometheus'],
  ['application/json;q=x', 'openmetrics'],
])('Accept %j gets %s', (accept, format) => {
  expect(formatFor(accept)).toBe(format);
});
