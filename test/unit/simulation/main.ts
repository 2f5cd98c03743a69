/** `npm run simulate`: replays one run in words, or hunts for runs that break a promise. See docs/testing.md. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { traceLine } from '../../../src/testkit/simulation/trace.ts';
import type { Step } from './program.ts';
import { failureOf, MIXES, programOf, reportOf, run, type RunName } from './search.ts';
import type { World } from './world.ts';

const USAGE = `npm run simulate -- [options]
  --seed N          replay the run of this seed, in words; with --minutes or --programs: the first of the hunt
  --mix NAME        ${Object.keys(MIXES).join(' | ')} (default: all)
  --steps N         steps of a program (default: 100)
  --program JSON    with --seed: the steps of a program instead of those of the seed, as a report gives them; or a file
  --minutes N       hunt for so long
  --programs N      hunt for so many programs
  --failures N      end a hunt after so many failures (default: 1)
  --all             replay with signs of life and loads, too`;

/** Milliseconds for making a failure shorter. */
const SHRINK_MS = 60_000;

const OPTIONS = {
  seed: { type: 'string' },
  mix: { type: 'string', default: 'all' },
  steps: { type: 'string', default: '100' },
  program: { type: 'string' },
  minutes: { type: 'string' },
  programs: { type: 'string' },
  failures: { type: 'string', default: '1' },
  all: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const { mix, all = false, program } = values;
  if (values.help || !MIXES[mix]) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const steps = Number(values.steps);
  const isHunt = values.minutes !== undefined || values.programs !== undefined || values.seed === undefined;
  if (!isHunt) return replay({ mix, steps, seed: Number(values.seed) }, program, all);
  const untilMs = performance.now() + Number(values.minutes ?? (values.programs === undefined ? 1 : 24 * 60)) * 60_000;
  const first = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  const programs = Number(values.programs ?? Number.POSITIVE_INFINITY);
  return hunt({ mix, steps, seed: first }, programs, untilMs, Number(values.failures));
}

async function replay(name: RunName, given: string | undefined, everything: boolean): Promise<number> {
  const program = given === undefined ? programOf(name) : programIn(given);
  const world = await run(name, program, {
    observe: (event) => {
      const line = traceLine(event, { everything });
      if (line !== undefined) console.log(line);
    },
    stepped: (step, number) => console.log(`            step ${number}: ${JSON.stringify(step)}`),
  });
  const { list } = world.breaches;
  console.log(list.length === 0 ? 'every promise was kept' : list.join('\n'));
  return list.length === 0 ? 0 : 1;
}

function programIn(given: string): Step[] {
  return JSON.parse(given.startsWith('[') ? given : readFileSync(given, 'utf8')) as Step[];
}

async function hunt(first: RunName, programs: number, untilMs: number, failuresMax: number): Promise<number> {
  const counts = new Map<string, number>();
  const startedAt = performance.now();
  let failures = 0;
  let ran = 0;
  while (ran < programs && performance.now() < untilMs && failures < failuresMax) {
    const name = { ...first, seed: first.seed + ran++ };
    const world = await run(name);
    count(world, counts);
    if (world.breaches.list.length === 0) continue;
    failures++;
    console.log(`\n${reportOf(await failureOf(name, world, SHRINK_MS))}\n`);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(
    `${ran} programs of ${first.steps} steps (${first.mix}, seeds from ${first.seed}) in ${seconds.toFixed(0)} s: ` +
      `${ran * first.steps} steps, ${failures} failures`,
  );
  console.log(
    [...counts]
      .sort()
      .map(([what, number]) => `  ${what}: ${number}`)
      .join('\n'),
  );
  return failures === 0 ? 0 : 1;
}

function count(world: World, counts: Map<string, number>): void {
  const add = (what: string, number: number): void => void counts.set(what, (counts.get(what) ?? 0) + number);
  add('messages sent', world.ledger.sent.length);
  add('dead letters', world.deadLetters.count);
  add('watchers told', world.watches.told);
  add('timers set', world.timers.size);
  add('hand-offs begun', world.moves.begun);
  add('hand-offs settled', world.moves.settled);
  add('simulated seconds', Math.round(world.now / 1_000));
  add('events', world.simulation.time.ran);
  for (const [outcome, number] of Object.entries(world.asks.outcomes())) add(`ask: ${outcome}`, number);
  for (const [outcome, number] of Object.entries(world.changes.counts())) add(outcome, number);
}
