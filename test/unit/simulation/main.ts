/** `npm run simulate`: replays one run in words, or hunts for runs that break a promise. See docs/testing.md. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type TraceEvent, traceText } from '../../../src/observe/trace.ts';
import type { SimulationEvent } from '../../../src/simulation/observation.ts';
import { short, traceLine } from '../../../src/simulation/trace.ts';
import { Follower } from './follow.ts';
import { MUTANTS } from './mutants.ts';
import {
  type AnyRunOptions,
  type AnyStep,
  failureOf,
  MACHINE_MIXES,
  MIX_NAMES,
  type Outcome,
  programOf,
  reportOf,
  runAny,
  type RunName,
} from './search.ts';

const USAGE = `npm run simulate -- [options]
  --seed N          replay the run of this seed, in words; with --minutes or --programs: the first of the hunt
  --mix NAME        ${MIX_NAMES.join(' | ')} (default: all)
  --steps N         steps of a program (default: 100; over machines: 20)
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

/** Of a program. One over machines is short: most of it is that they start, and that all is well again. */
const STEPS = 100;
const MACHINE_STEPS = 20;

const OPTIONS = {
  seed: { type: 'string' },
  mix: { type: 'string', default: 'all' },
  steps: { type: 'string' },
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
  if (values.help || !MIX_NAMES.includes(mix) || (mutant !== undefined && !broken)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const steps = Number(values.steps ?? (MACHINE_MIXES[mix] ? MACHINE_STEPS : STEPS));
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
  const outcome = await runAny(name, program, inWords(look));
  const { list } = outcome.breaches;
  console.log(list.length === 0 ? 'every promise was kept' : list.join('\n'));
  return list.length === 0 ? 0 : 1;
}

function inWords({ all: everything, follow, from }: Look): AnyRunOptions {
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

function programIn(given: string): AnyStep[] {
  return JSON.parse(given.startsWith('[') ? given : readFileSync(given, 'utf8')) as AnyStep[];
}

async function hunt(first: RunName, programs: number, untilMs: number, failuresMax: number): Promise<number> {
  const counts = new Map<string, number>();
  const startedAt = performance.now();
  let failures = 0;
  let ran = 0;
  while (ran < programs && performance.now() < untilMs && failures < failuresMax) {
    const name = { ...first, seed: first.seed + ran++ };
    const outcome = await runAny(name, programOf(name));
    count(outcome, counts);
    if (outcome.breaches.list.length === 0) continue;
    failures++;
    console.log(`\n${reportOf(await failureOf(name, outcome, SHRINK_MS))}\n`);
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

function count(outcome: Outcome, counts: Map<string, number>): void {
  for (const [what, number] of Object.entries(outcome.counts())) counts.set(what, (counts.get(what) ?? 0) + number);
}
