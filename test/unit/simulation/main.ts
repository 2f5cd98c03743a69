/** `npm run simulate`: replays one run in words, or hunts for runs that break a promise. See docs/testing.md. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type TraceEvent, traceText } from '../../../src/observe/trace.ts';
import type { SimulationEvent } from '../../../src/simulation/observation.ts';
import { short, traceLine } from '../../../src/simulation/trace.ts';
import { Follower } from './follow.ts';
import { Hunt, type HuntOptions } from './hunt.ts';
import { MUTANTS } from './mutants.ts';
import {
  ALL_SHARDS,
  type AnyRunOptions,
  type AnyStep,
  FEW_SHARDS,
  MACHINE_MIXES,
  MIX_NAMES,
  programOf,
  runAny,
  type RunName,
  shardsOfHunt,
} from './search.ts';

const USAGE = `npm run simulate -- [options]
  --seed N          replay the run of this seed, in words; with --minutes or --programs: the first of the hunt
  --mix NAME        ${MIX_NAMES.join(' | ')} (default: all);
                    of a hunt several, with commas, or \`every\`: their programs take turns
  --steps N         steps of a program (default: 100; over machines: 20)
  --program JSON    with --seed: the steps of a program instead of those of the seed, as a report gives them; or a file
  --shards N        with so many, as a report gives it; of a hunt one program of five has all ${ALL_SHARDS}, the others ${FEW_SHARDS}
  --follow ID       replay only what has to do with one actor, and what happens inside of the processes with it
  --from STEP       replay in words only from this step of the program on
  --mutant NAME     with a rule of the protocol taken away, as test/unit/simulation/mutants.ts names it
  --minutes N       hunt for so long
  --programs N      hunt for so many programs
  --jobs N          processes of a hunt (default: one for each core)
  --failures N      end a hunt after so many failures (default: 1)
  --shrink SECONDS  for making each failure of a hunt shorter (default: 60)
  --all             replay with signs of life and loads, too
  --stacks          replay with the stacks of errors; as they are weighed with the rest, it may be another run`;

const DAY_MINUTES = 24 * 60;

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
  jobs: { type: 'string' },
  failures: { type: 'string', default: '1' },
  shards: { type: 'string' },
  shrink: { type: 'string', default: '60' },
  follow: { type: 'string' },
  from: { type: 'string', default: '0' },
  mutant: { type: 'string' },
  all: { type: 'boolean' },
  stacks: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const { all = false, stacks = false, program, follow, mutant } = values;
  const mixes = values.mix === 'every' ? MIX_NAMES : values.mix.split(',');
  const isKnown = mixes.every((mix) => MIX_NAMES.includes(mix));
  const broken = MUTANTS.find(({ name }) => name === mutant);
  if (values.help || !isKnown || (mutant !== undefined && !broken)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const stepsOf = (mix: string): number => Number(values.steps ?? (MACHINE_MIXES[mix] ? MACHINE_STEPS : STEPS));
  const isHunt = values.minutes !== undefined || values.programs !== undefined || values.seed === undefined;
  if (isHunt) {
    const first = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
    const programs = Number(values.programs ?? Number.POSITIVE_INFINITY);
    const forMs = Number(values.minutes ?? (values.programs === undefined ? 1 : DAY_MINUTES)) * 60_000;
    const [failuresMax, jobs] = [Number(values.failures), Number(values.jobs ?? availableParallelism())];
    const shrinkMs = Number(values.shrink) * 1_000;
    const shardsOf = (seed: number): number => Number(values.shards ?? shardsOfHunt(seed));
    const say = (line: string): void => console.log(line);
    const part = new URL('./hunt-part.js', import.meta.url);
    return hunt({ mixes, stepsOf, shardsOf, first, programs, forMs, failuresMax, shrinkMs, jobs, mutant, part, say });
  }
  broken?.breaks();
  const [mix = 'all'] = mixes;
  const look = { all, stacks, follow, from: Number(values.from) };
  return replay({ mix, steps: stepsOf(mix), seed: Number(values.seed) }, program, look);
}

/** What of a run is put into words. */
interface Look {
  all: boolean;
  stacks: boolean;
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

function inWords({ all: everything, stacks, follow, from }: Look): AnyRunOptions {
  const follower = follow === undefined ? undefined : new Follower(follow);
  let isSaid = from <= 0;
  const say = (line: string | undefined): void => {
    if (isSaid && line !== undefined) console.log(line);
  };
  return {
    hasStacks: stacks,
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

async function hunt(options: HuntOptions): Promise<number> {
  const one = new Hunt(options);
  await one.run();
  for (const line of one.summary()) options.say(line);
  return one.counts.failures === 0 ? 0 : 1;
}
