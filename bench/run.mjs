/**
 * npm run bench -- [--rounds 5] [--seconds 0.5] [--only S4,chat] [--systems troupe,process] [--quick] [--profile]
 *                  [--compare] [--baseline] [--out file.json]
 *
 * Runs troupe, its peers and the limits in interleaved rounds; prints a table for each metric, then the aims, and leaves
 * all figures in a JSON file. `--compare` says which ratio to a limit fell since bench/baseline.json, and fails then;
 * `--baseline` writes that file. `--profile` leaves a CPU profile of each process in bench/profiles.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compare } from './harness/compare.mjs';
import { machine } from './harness/machine.mjs';
import { AIMS, GUARDS, labelOf, SYSTEMS, USERS } from './harness/plan.mjs';
import { linkTroupe, missing, runProgram } from './harness/rounds.mjs';
import { cpuRatiosOf, median, metricsOf, ratiosOf, summary } from './harness/statistics.mjs';
import { aimsTable, comparisonTable, metricTable } from './harness/table.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    systems: { type: 'string' },
    out: { type: 'string' },
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    compare: { type: 'boolean', default: false },
    baseline: { type: 'boolean', default: false },
  },
});
const BASELINE = join(import.meta.dirname, 'baseline.json');
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 0.15 : 0.5));
const profileTo = options.profile ? join(import.meta.dirname, 'profiles') : undefined;
const only = options.only?.split(',');
const systems = options.systems?.split(',');

linkTroupe();
if (profileTo) rmSync(profileTo, { recursive: true, force: true });
const wanted = [...SYSTEMS, ...USERS]
  .filter(
    ({ program, part = '', quick }) =>
      (!options.quick || quick) && (!systems || systems.some((words) => `${program} ${part}`.includes(words))),
  )
  .map((system) => ({ ...system, only: only ? system.scenarios.filter((id) => only.includes(id)) : system.scenarios }))
  .filter((system) => system.only.length > 0);
const ready = wanted.filter((system) => {
  const lack = missing(system);
  if (lack !== undefined) console.error(`${system.program} is left out: ${lack} is not there`);
  return lack === undefined;
});

const at = machine();
const rows = [];
const failures = [];
for (let round = 1; round <= rounds; round++) {
  for (const system of ready) {
    process.stderr.write(`\rround ${round} of ${rounds}: ${system.program} ${system.part ?? ''}`.padEnd(60));
    try {
      const lines = await runProgram(system, { only: system.only, seconds, profileTo });
      for (const line of lines) rows.push({ round, ...line });
    } catch (error) {
      failures.push(`round ${round}: ${error.message}`);
    }
  }
}
process.stderr.write(`\r${''.padEnd(60)}\r`);

const metrics = metricsOf(rows);
const ratiosBy = (list) => Object.fromEntries(list.map((each) => [labelOf(each), ratiosOf(metrics, each)]));
console.log(
  `commit ${at.commit} · Node.js ${at.node} · ${at.cpu} · load before: ${at.loadBefore} · ${rounds} rounds of ${seconds} s\n`,
);
for (const key of metrics.keys()) console.log(`${metricTable(metrics, key, 'troupe')}\n`);
const withRatios = (aim) => ({ ...aim, ratios: ratiosOf(metrics, aim), cpuRatios: cpuRatiosOf(metrics, aim) });
const aims = AIMS.map(withRatios).filter(({ ratios }) => ratios.length > 0);
if (aims.length > 0) console.log(`${aimsTable(aims)}\n`);
for (const failure of failures) console.log(`FAILED, no result: ${failure}`);

const guards = ratiosBy(GUARDS);
const out = options.out ?? join(import.meta.dirname, 'results.json');
const summaries = aims.map(({ ratios, cpuRatios, ...aim }) => ({
  label: labelOf(aim),
  least: aim.least,
  hoped: aim.hoped,
  ...summary(ratios),
  byCpuTime: cpuRatios.length > 0 ? median(cpuRatios) : undefined,
}));
writeFileSync(
  out,
  `${JSON.stringify({ machine: at, options: { rounds, seconds }, aims: summaries, guards, failures, rows }, null, 1)}\n`,
);
console.log(`all figures: ${out}${profileTo ? `; profiles: ${profileTo}` : ''}`);

if (options.baseline) writeFileSync(BASELINE, `${JSON.stringify({ machine: at, ratios: guards }, null, 1)}\n`);
if (options.compare) {
  const lines = compare(guards, JSON.parse(readFileSync(BASELINE, 'utf8')).ratios);
  console.log(`\n${comparisonTable(lines)}`);
  if (lines.some(({ fell }) => fell)) process.exitCode = 1;
}
if (failures.length > 0) process.exitCode = 1;
