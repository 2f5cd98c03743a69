/**
 * A reader of OpenMetrics 1.0 that refuses what the specification refuses (its ABNF, and its MUSTs on families and samples), so that a
 * test does not take the writer's word for it. Faults are thrown, with the line.
 */

export interface ReadSample {
  name: string;
  labels: Record<string, string>;
  value: number;
  exemplar: { labels: Record<string, string>; value: number; at: number | undefined } | undefined;
}

export interface ReadFamily {
  name: string;
  type: string;
  unit: string | undefined;
  help: string | undefined;
  samples: ReadSample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const LABELS = `\\{(?:${LABEL}(?:,${LABEL})*)?\\}`;
const NUMBER = '[+-]?(?:\\d+(?:\\.\\d*)?(?:e[+-]?\\d+)?|\\.\\d+(?:e[+-]?\\d+)?|inf(?:inity)?|nan)';
const TIMESTAMP = '-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?';
const SAMPLE = new RegExp(
  `^(${NAME})(${LABELS})? (${NUMBER})(?: (${TIMESTAMP}))?(?: # (${LABELS}) (${NUMBER})(?: (${TIMESTAMP}))?)?$`,
  'i',
);
const META = new RegExp(`^# (TYPE|UNIT|HELP) (${NAME}) (.*)$`);

/** Endings of the names of samples, by type. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  info: ['_info'],
  summary: ['_count', '_sum', '_created', ''],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  unknown: [''],
};

export function readOpenMetrics(text: string): ReadFamily[] {
  const families: ReadFamily[] = [];
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const lines = text.slice(0, -1).split('\n');
  if (lines.pop() !== '# EOF') throw new Error('the last line is not # EOF');
  const seen = new Set<string>();
  for (const line of lines) {
    try {
      readLine(line, families, seen);
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${line}`);
    }
  }
  for (const family of families) checkFamily(family);
  return families;
}

function readLine(line: string, families: ReadFamily[], seen: Set<string>): void {
  const last = families.at(-1);
  const [, what, name = '', rest = ''] = META.exec(line) ?? [];
  if (what !== undefined) {
    const family = last?.name === name ? last : begin(name, families);
    if (family.samples.length > 0) throw new Error('it describes a family behind its samples');
    if (what === 'HELP') family.help = unescaped(once(family.help, rest));
    if (what === 'UNIT') family.unit = once(family.unit, rest);
    if (what === 'TYPE') {
      if (family.type !== '' || !(rest in SUFFIXES)) throw new Error('a type is one of those that there are, once');
      family.type = rest;
    }
    return;
  }
  if (line.startsWith('#')) throw new Error('a comment');
  const [, sample = '', labels = '{}', value, at, exemplar, exemplarValue, exemplarAt] = SAMPLE.exec(line) ?? [];
  if (value === undefined) throw new Error('no sample');
  if (at !== undefined) throw new Error('a time, though these are as of now');
  const family =
    last && SUFFIXES[last.type || 'unknown']?.some((suffix) => sample === `${last.name}${suffix}`) ? last : undefined;
  if (family === undefined) throw new Error('a sample of no family, or of one that is over');
  const found = labelsOf(labels);
  const key = `${sample} ${JSON.stringify(Object.entries(found).sort())}`;
  if (seen.has(key)) throw new Error('a series that was there');
  seen.add(key);
  family.samples.push({
    ...{ name: sample, labels: found, value: numberOf(value) },
    exemplar: exemplar === undefined ? undefined : exemplarOf(sample, exemplar, exemplarValue ?? '', exemplarAt),
  });
}

function begin(name: string, families: ReadFamily[]): ReadFamily {
  if (families.some((one) => one.name === name)) throw new Error('a family that was there');
  const family: ReadFamily = { name, type: '', unit: undefined, help: undefined, samples: [] };
  families.push(family);
  return family;
}

function exemplarOf(sample: string, text: string, value: string, at: string | undefined): ReadSample['exemplar'] {
  if (!/_(total|bucket)$/.test(sample)) throw new Error('an exemplar where there is none');
  const labels = labelsOf(text);
  const length = Object.entries(labels).reduce((sum, [name, one]) => sum + [...name].length + [...one].length, 0);
  if (length > 128) throw new Error('an exemplar of more than 128 characters');
  return { labels, value: numberOf(value), at: at === undefined ? undefined : Number(at) };
}

function checkFamily({ name, type, unit, samples }: ReadFamily): void {
  if (unit !== undefined && unit !== '' && !name.endsWith(`_${unit}`))
    throw new Error(`${name} does not end in its unit`);
  if (type === 'counter' || type === 'histogram' || type === 'summary')
    for (const { name: sample, value } of samples) if (!(value >= 0)) throw new Error(`${sample} is less than 0`);
  if (type === 'info') for (const { value } of samples) if (value !== 1) throw new Error(`${name} is not 1`);
  if (type === 'histogram') checkHistogram(name, samples);
}

function checkHistogram(name: string, samples: readonly ReadSample[]): void {
  const series = new Map<string, { buckets: ReadSample[]; count: number | undefined; sum: number | undefined }>();
  for (const sample of samples) {
    const { le, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    const found = series.get(key) ?? { buckets: [], count: undefined, sum: undefined };
    series.set(key, found);
    if (sample.name === `${name}_bucket`) {
      if (le === undefined || !/[.e]|\+Inf/.test(le))
        throw new Error(`${name}: a bucket without a bound that is a float`);
      found.buckets.push(sample);
    } else if (sample.name === `${name}_count`) found.count = sample.value;
    else found.sum = sample.value;
  }
  for (const [key, { buckets, count, sum }] of series) {
    if (count === undefined || sum === undefined) throw new Error(`${name} ${key}: no count or no sum`);
    const last = buckets.at(-1);
    if (last?.labels.le !== '+Inf' || last.value !== count)
      throw new Error(`${name} ${key}: the last bucket is not its count`);
    let before = { le: Number.NEGATIVE_INFINITY, value: 0 };
    for (const { labels, value, exemplar } of buckets) {
      const le = numberOf(labels.le ?? '');
      if (le <= before.le || value < before.value) throw new Error(`${name} ${key}: buckets that do not rise`);
      if (exemplar && !(exemplar.value <= le && exemplar.value > before.le))
        throw new Error(`${name}: an exemplar of another bucket`);
      before = { le, value };
    }
  }
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) {
    if (name in labels) throw new Error('a label twice');
    labels[name] = unescaped(value);
  }
  return labels;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, one: string) => {
    if (one === 'n') return '\n';
    if (one === '"' || one === '\\') return one;
    throw new Error(`an escape that is none: \\${one}`);
  });
}

function numberOf(text: string): number {
  if (/inf/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /nan/i.test(text) ? Number.NaN : Number(text);
}

function once(before: string | undefined, text: string): string {
  if (before !== undefined) throw new Error('a description twice');
  return text;
}
