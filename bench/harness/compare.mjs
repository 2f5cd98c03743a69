/** Which ratio to a limit or peer, measured in the same round, fell by more than its noise. */
import { median } from './statistics.mjs';

/** A fall below this part is noise whatever the rounds say: five rounds on a shared machine see no less. */
const SMALLEST_FALL = 0.1;

/** Half the distance between the largest and the smallest, as a part of the median. */
export function noiseOf(ratios) {
  if (ratios.length < 2) return Number.POSITIVE_INFINITY;
  return (Math.max(...ratios) - Math.min(...ratios)) / 2 / median(ratios);
}

/** `now`, `baseline`: label → ratios of the rounds. One line for each label that stands in both. */
export function compare(now, baseline) {
  const lines = [];
  for (const [label, before] of Object.entries(baseline)) {
    const after = now[label];
    if (!after?.length || !before.length) continue;
    const change = median(after) / median(before) - 1;
    const noise = Math.max(SMALLEST_FALL, Math.min(noiseOf(before), 1), Math.min(noiseOf(after), 1));
    lines.push({ label, before: median(before), after: median(after), change, noise, fell: change < -noise });
  }
  return lines;
}
