/** What is computed from the rounds. A round runs each system once, in turn; only figures of one round are set in relation. */

export function median(values) {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value that the given part (0 to 1) of all values does not exceed. */
export function percentile(values, part) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

export function summary(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), rounds: values.length };
}

/** Rows of `{ round, name, scenario, metric, unit, value }` to metrics, each with the figures of every system. */
export function metricsOf(rows) {
  const metrics = new Map();
  for (const row of rows) {
    const key = `${row.scenario} ${row.metric}`;
    if (!metrics.has(key))
      metrics.set(key, { scenario: row.scenario, metric: row.metric, unit: row.unit, systems: new Map() });
    const { systems } = metrics.get(key);
    if (!systems.has(row.name)) systems.set(row.name, new Map());
    systems.get(row.name).set(row.round, row);
  }
  return metrics;
}

/** How much better `ours` is than `theirs`, in each round that has both; above 1 is better, also where less is better. */
export function ratiosOf(metrics, { of, ours, against, theirs = of, less = false }) {
  return inRounds(metrics, of, ours, theirs, against, (mine, other) =>
    less ? other.value / mine.value : mine.value / other.value,
  );
}

/** The same by the CPU time of an operation in all processes that take part: a busy machine changes it far less. */
export function cpuRatiosOf(metrics, { of, ours, against, theirs = of }) {
  return inRounds(metrics, of, ours, theirs, against, (mine, other) => other.cpuMicrosEach / mine.cpuMicrosEach);
}

function inRounds(metrics, of, ours, theirs, against, ratio) {
  const mine = metrics.get(of)?.systems.get(ours);
  const other = metrics.get(theirs)?.systems.get(against);
  if (!mine || !other) return [];
  const ratios = [];
  for (const [round, row] of mine) {
    const each = other.has(round) ? ratio(row, other.get(round)) : Number.NaN;
    if (each > 0 && Number.isFinite(each)) ratios.push(each);
  }
  return ratios;
}
