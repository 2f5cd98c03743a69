/** `npm run simulate`: replays one run in words, or hunts for runs that break a promise. See docs/testing.md. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type TraceEvent, traceText } from '../../../src/observe/trace.ts';
import type { SimulationEvent } from '../../../src/simulation/observation.ts';
import { short, traceLine } from '../../../src/simulation/trace.ts';
import { Follower } from './follow.ts';
import { MUTANTS } from './mutants.ts';
import type { Step } from './program.ts';
import { failureOf, MIXES, programOf, reportOf, run, type RunName } from './search.ts';
import type { RunOptions } from './run.ts';
import type { World } from './world.ts';

const USAGE = `npm run simulate -- [options]
  --seed N          replay the run of this seed, in words; with --minutes or --programs: the first of the hunt
  --mix NAME        ${Object.keys(MIXES).join(' | ')} (default: all)
  --steps N         steps of a program (default: 100)
  --program JSON    with --seed: the steps of a program instead of those of the seed, as a report gives them; or a file
  --follow ID       replay only what has to do with one actor, and what happens inside of the processes with it
  --from STEP       replay in words only from this step of the program on
  --mutant NAME     with a rule of the protocol taken away, as test/unit/simulation/mutants.ts names it
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
  follow: { type: 'string' },
  from: { type: 'string', default: '0' },
  mutant: { type: 'string' },
  all: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const { mix, all = false, program, follow, mutant } = values;
  const broken = MUTANTS.find(({ name }) => name === mutant);
  if (values.help || !MIXES[mix] || (mutant !== undefined && !broken)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const steps = Number(values.steps);
  const isHunt = values.minutes !== undefined || values.programs !== undefined || values.seed === undefined;
  broken?.breaks();
  const look = { all, follow, from: Number(values.from) };
  if (!isHunt) return replay({ mix, steps, seed: Number(values.seed) }, program, look);
  const untilMs = performance.now() + Number(values.minutes ?? (values.programs === undefined ? 1 : 24 * 60)) * 60_000;
  const first = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  const programs = Number(values.programs ?? Number.POSITIVE_INFINITY);
  return hunt({ mix, steps, seed: first }, programs, untilMs, Number(values.failures));
}

/** What of a run is put into words. */
interface Look {
  all: boolean;
  follow: string | undefined;
  /** The first step of the program. */
  from: number;
}

async function replay(name: RunName, given: string | undefined, look: Look): Promise<number> {
  const program = given === undefined ? programOf(name) : programIn(given);
  const world = await run(name, program, inWords(look));
  const { list } = world.breaches;
  console.log(list.length === 0 ? 'every promise was kept' : list.join('\n'));
  return list.length === 0 ? 0 : 1;
}

function inWords({ all: everything, follow, from }: Look): RunOptions {
  const follower = follow === undefined ? undefined : new Follower(follow);
  let isSaid = from <= 0;
  const say = (line: string | undefined): void => {
    if (isSaid && line !== undefined) console.log(line);
  };
  return {
    observe: (event: SimulationEvent) => {
      const part = follower ? follower.partOf(event) : event;
      say(part && traceLine(part, { everything }));
    },
    ...(follower && {
      trace: (at: number, process: string, event: TraceEvent) => {
        if (follower.concerns(event)) say(`${at.toFixed(3).padStart(10)}  ${process}   ${traceText(event, short)}`);
      },
    }),
    stepped: (step, number) => {
      isSaid ||= number >= from;
      say(`            step ${number}: ${JSON.stringify(step)}`);
    },
  };
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
