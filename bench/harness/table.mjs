/** Text for people. */
import { median, ratiosOf, summary } from './statistics.mjs';

export function number(value) {
  if (!Number.isFinite(value)) return '–';
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (value >= 1e4) return `${Math.round(value / 1e3)} k`;
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}

/** One table a metric: each system's median and spread, and the median ratio of ours to it in the same rounds. */
export function metricTable(metrics, key, ours) {
  const { scenario, metric, unit, systems } = metrics.get(key);
  const less = unit === 'us' || unit === 'ms' || unit === 'B';
  const rows = [...systems].map(([name, byRound]) => {
    const values = [...byRound.values()];
    const { median: middle, min, max } = summary(values.map(({ value }) => value));
    const cpu = values.map(({ cpuMicrosEach }) => cpuMicrosEach).filter((each) => each !== undefined);
    const ratio = name === ours ? 1 : median(ratiosOf(metrics, { of: key, ours, against: name, less }));
    return { name, middle, min, max, ratio, cpu: median(cpu) };
  });
  rows.sort((a, b) => (less ? a.middle - b.middle : b.middle - a.middle));
  const cells = rows.map(({ name, middle, min, max, ratio, cpu }) => [
    name,
    number(middle),
    `${number(min)} – ${number(max)}`,
    Number.isFinite(ratio) ? `${ratio.toPrecision(3)} ×` : '',
    Number.isFinite(cpu) ? cpu.toPrecision(3) : '',
  ]);
  const title = `${scenario} ${metric}, ${unit}`;
  return [title, ...aligned([['', 'median', 'spread', `${ours} is`, 'cpu µs each'], ...cells])].join('\n');
}

/** Columns of equal width: the first to the left, the others to the right. */
export function aligned(rows) {
  const widths = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at])))
      .join('  ')
      .trimEnd(),
  );
}

/** How far each aim is reached. */
export function aimsTable(aims) {
  const rows = aims.map(({ of, ours, against, theirs, least, hoped, ratios, cpuRatios }) => {
    const { median: middle, min, max } = summary(ratios);
    const verdict = middle >= hoped ? 'hoped for' : middle >= least ? 'reached' : 'MISSED';
    const whom = theirs ? `${against} (${theirs.slice(theirs.indexOf(', ') + 1).trim()})` : against;
    const spread = `${min.toPrecision(3)} – ${max.toPrecision(3)}`;
    return [
      `${of}${ours === 'troupe' ? '' : ` (${ours})`}`,
      whom,
      `${middle.toPrecision(3)} ×`,
      spread,
      cpuRatios.length > 0 ? `${median(cpuRatios).toPrecision(3)} ×` : '',
      `${least} ×`,
      `${hoped} ×`,
      verdict,
    ];
  });
  return aligned([['aim', 'against', 'ratio', 'spread', 'by CPU time', 'at least', 'hoped for', ''], ...rows]).join(
    '\n',
  );
}

/** What `--compare` found. */
export function comparisonTable(lines) {
  const rows = lines.map(({ label, before, after, change, noise, fell }) => {
    const percent = (part) => `${(part * 100).toFixed(0)} %`;
    return [
      label,
      before.toPrecision(3),
      after.toPrecision(3),
      percent(change),
      `± ${percent(noise)}`,
      fell ? 'FELL' : '',
    ];
  });
  return aligned([['ratio to a limit', 'baseline', 'now', 'change', 'noise', ''], ...rows]).join('\n');
}
