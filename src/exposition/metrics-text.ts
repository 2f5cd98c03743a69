/**
 * Metrics as text, as scrapers read it: OpenMetrics 1.0, or the older format of Prometheus. A metric has samples by labels; what is added
 * twice under the same labels is added up, since a series may stand in a text only once.
 */

export type TextFormat = 'openmetrics' | 'prometheus';
export type Labels = Readonly<Record<string, string | number>>;

/** A trace in which a value was seen. */
export interface Exemplar {
  /** In lower-case hexadecimal digits, 32 and 16 of them. */
  readonly traceId: string;
  readonly spanId: string;
  /** In the unit of the metric. */
  readonly value: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A distribution: how many values were at most so large, for each bound of the metric. */
export interface Distribution {
  readonly count: number;
  readonly sum: number;
  /** As many as the metric has bounds, not added up. */
  readonly counts: readonly number[];
  readonly exemplar?: Exemplar | undefined;
}

interface Sample {
  readonly labels: Labels;
  value: number;
  exemplar?: Exemplar | undefined;
}

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'info' | 'summary' | 'histogram';
  readonly help: string;
  readonly unit: string | undefined;
  /** By suffix and labels. */
  readonly samples: Map<string, Sample & { suffix: string }>;
}

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
};
/** Units that end the name of a metric, as OpenMetrics wants it. */
const UNITS = ['seconds', 'bytes', 'ratio'];

export class MetricsText {
  readonly #metrics = new Map<string, Metric>();

  gauge(name: string, help: string, value: number | undefined, labels: Labels = {}): void {
    if (value !== undefined) this.#add(this.#metric('gauge', name, help), '', labels, value);
  }

  /** `name` without `_total`. */
  counter(name: string, help: string, value: number | undefined, labels: Labels = {}, exemplar?: Exemplar): void {
    if (value !== undefined) this.#add(this.#metric('counter', name, help), '_total', labels, value, exemplar);
  }

  /** `name` without `_info`. */
  info(name: string, help: string, labels: Labels): void {
    this.#add(this.#metric('info', name, help), '_info', labels, 1);
  }

  summary(name: string, help: string, { count, sum }: { count: number; sum: number }, labels: Labels = {}): void {
    const metric = this.#metric('summary', name, help);
    this.#add(metric, '_count', labels, count);
    this.#add(metric, '_sum', labels, sum);
  }

  /** `bounds`: ascending; values above the last one are in `count` only. */
  histogram(name: string, help: string, bounds: readonly number[], found: Distribution, labels: Labels = {}): void {
    const metric = this.#metric('histogram', name, help);
    const { exemplar } = found;
    let before = 0;
    let least = Number.NEGATIVE_INFINITY;
    const bucket = (le: number, count: number): void => {
      const isHere = exemplar !== undefined && exemplar.value > least && exemplar.value <= le;
      this.#add(metric, '_bucket', { ...labels, le: boundText(le) }, count, isHere ? exemplar : undefined);
      least = le;
    };
    for (const [position, bound] of bounds.entries()) {
      before += found.counts[position] ?? 0;
      bucket(bound, before);
    }
    bucket(Number.POSITIVE_INFINITY, found.count);
    this.#add(metric, '_count', labels, found.count);
    this.#add(metric, '_sum', labels, found.sum);
  }

  text(format: TextFormat): string {
    const isOpen = format === 'openmetrics';
    const lines = [...this.#metrics.values()].flatMap((metric) => linesOf(metric, isOpen));
    return `${[...lines, ...(isOpen ? ['# EOF'] : [])].join('\n')}\n`;
  }

  #metric(type: Metric['type'], name: string, help: string): Metric {
    const found = this.#metrics.get(name);
    if (found !== undefined) return found;
    const unit = UNITS.find((one) => name.endsWith(`_${one}`));
    const metric: Metric = { name, type, help, unit, samples: new Map() };
    this.#metrics.set(name, metric);
    return metric;
  }

  #add({ samples }: Metric, suffix: string, labels: Labels, value: number, exemplar?: Exemplar): void {
    const key = `${suffix}${labelsText(labels)}`;
    const found = samples.get(key);
    if (found === undefined) samples.set(key, { suffix, labels, value, exemplar });
    else {
      found.value += value;
      found.exemplar ??= exemplar;
    }
  }
}

/** The format that an Accept header prefers; OpenMetrics where it has none. */
export function formatFor(accept: string | undefined): TextFormat {
  let best: { format: TextFormat; quality: number } = { format: 'openmetrics', quality: -1 };
  for (const part of (accept ?? '').slice(0, 1_024).split(',')) {
    const [type = '', ...parameters] = part.split(';').map((one) => one.trim().toLowerCase());
    const q = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
    const quality = Number.isFinite(q) ? q : 0;
    const format = {
      'application/openmetrics-text': 'openmetrics',
      'text/plain': 'prometheus',
      'text/*': 'prometheus',
    }[type];
    if (format !== undefined && quality > best.quality) best = { format: format as TextFormat, quality };
  }
  return best.format;
}

function linesOf({ name, type, help, unit, samples }: Metric, isOpen: boolean): string[] {
  const all = [...samples.entries()];
  if (isOpen) {
    const head = [
      `# TYPE ${name} ${type}`,
      ...(unit ? [`# UNIT ${name} ${unit}`] : []),
      `# HELP ${name} ${escaped(help, true)}`,
    ];
    return [
      ...head,
      ...all.map(([key, sample]) => `${name}${key} ${numberText(sample.value)}${exemplarText(sample.exemplar)}`),
    ];
  }
  // There a counter's name is that of its sample, and there is no info.
  const named = type === 'counter' ? `${name}_total` : type === 'info' ? `${name}_info` : name;
  const head = [`# HELP ${named} ${escaped(help, false)}`, `# TYPE ${named} ${type === 'info' ? 'gauge' : type}`];
  return [...head, ...all.map(([key, { value }]) => `${name}${key} ${numberText(value)}`)];
}

function labelsText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value), true)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return '';
  const { traceId, spanId, value, at } = exemplar;
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${numberText(value)} ${at / 1_000}`;
}

/** As OpenMetrics wants it: a bound is a float. */
function boundText(bound: number): string {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf';
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

/** Control characters of names that come from outside, such as a queue's, are left out. */
function escaped(text: string, quotes: boolean): string {
  const lines = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '');
  return quotes ? lines.replaceAll('"', '\\"') : lines;
}
