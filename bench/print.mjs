// Arguments of the programs, and how they print: --seconds 0.5 --reps 5 --only S1,S4
import { parseArgs } from 'node:util';

export function options() {
  const { values } = parseArgs({
    options: { seconds: { type: 'string' }, reps: { type: 'string' }, only: { type: 'string' } },
  });
  const only = values.only?.split(',');
  return {
    timing: { seconds: Number(values.seconds ?? 0.5), reps: Number(values.reps ?? 5) },
    wants: (scenario) => !only || only.includes(scenario),
  };
}

export function print(scenario, metric, unit, { value, min = value, max = value, n }) {
  const rounded = (number) => Number(number.toPrecision(4));
  console.log(
    JSON.stringify({
      name: 'troupe',
      scenario,
      metric,
      value: rounded(value),
      unit,
      min: rounded(min),
      max: rounded(max),
      n,
    }),
  );
}
