/**
 * Programs by number: mix, length and seed name one run, message by message. A failing one is made as short as it goes
 * by leaving steps out, which a run of the same seed makes possible: what is left happens in the same order.
 */
import fc from 'fast-check';
import { SHARDS } from '../../../src/placement/shard.ts';
import {
  MACHINES,
  MACHINES_COME,
  MACHINES_LOST,
  MACHINES_MOVES,
  MACHINES_WAYS,
  type MachineMix,
  machineSteps,
  type MachineStep,
} from './machine-program.ts';
import { runMachines } from './machines-bank.ts';
import {
  ALL,
  DEADLY,
  FATE,
  type Mix,
  MOVES,
  PAIRS,
  PAIRS_DIE,
  PAUSES,
  PLACES,
  RELOADS,
  type Step,
  steps,
} from './program.ts';
import { type RunOptions, runProgram } from './run.ts';
import type { World } from './world.ts';

export const MIXES: Readonly<Record<string, Mix>> = {
  fate: FATE,
  moves: MOVES,
  all: ALL,
  pairs: PAIRS,
  'pairs-die': PAIRS_DIE,
  places: PLACES,
  deadly: DEADLY,
  reloads: RELOADS,
  pauses: PAUSES,
};

/** Of programs over many machines. */
export const MACHINE_MIXES: Readonly<Record<string, MachineMix>> = {
  machines: MACHINES,
  'machines-come': MACHINES_COME,
  'machines-lost': MACHINES_LOST,
  'machines-moves': MACHINES_MOVES,
  'machines-ways': MACHINES_WAYS,
};

/** A step of a program over one machine, or over many. */
export type AnyStep = Step | MachineStep;

/** What a run has come to. */
export interface Outcome {
  readonly breaches: { readonly list: readonly string[] };
  counts(): Record<string, number>;
}

/** Names one run. */
export interface RunName {
  mix: string;
  seed: number;
  /** How many. */
  steps: number;
}

export interface Failure extends RunName {
  /** Made shorter, and the seed of the machine under which it fails like that. */
  program: readonly AnyStep[];
  runSeed: number;
  breaches: readonly string[];
}

/** What a run has without a word, and most programs of a hunt: scripts/simulate.mjs builds both. */
export const ALL_SHARDS = 1_024;
export const FEW_SHARDS = 64;
/** One of so many programs of a hunt has all; a number that has nothing in common with what else comes of the seed. */
const FULL_SIZE = 5;

/** One of so many programs is drawn with a liking for extreme values, as fast-check has it. */
const BIASED = 4;

export const MIX_NAMES: readonly string[] = [...Object.keys(MIXES), ...Object.keys(MACHINE_MIXES)];

export function programOf({ mix, seed, steps: length }: RunName): AnyStep[] {
  const [weights, machines] = [MIXES[mix], MACHINE_MIXES[mix]];
  if (weights) return drawn(seed, steps(weights, { minLength: length, maxLength: length }));
  if (machines) return drawn(seed, machineSteps(machines, length));
  throw new Error(`a mix is one of ${MIX_NAMES.join(', ')}; got ${mix}`);
}

function drawn<S extends AnyStep>(seed: number, arbitrary: fc.Arbitrary<S[]>): S[] {
  const [program] = fc.sample(seed % BIASED === 0 ? arbitrary : fc.noBias(arbitrary), { seed, numRuns: 1 });
  return program as S[];
}

/** Of a mix of one machine. */
export async function run(name: RunName, program = programOf(name), options: RunOptions = {}): Promise<World> {
  return runProgram(name.seed, program as Step[], options);
}

/** Of any mix. */
export function runAny(
  { mix, seed }: Pick<RunName, 'mix' | 'seed'>,
  program: readonly AnyStep[],
  options: AnyRunOptions = {},
): Promise<Outcome> {
  if (MACHINE_MIXES[mix]) return runMachines(seed, program as MachineStep[], options);
  return runProgram(seed, program as Step[], options);
}

/** Called before each step, of whatever kind. */
export type AnyRunOptions = Omit<RunOptions, 'stepped'> & { stepped?: (step: AnyStep, number: number) => void };

/** The failure of a run, made shorter for at most so long. */
export async function failureOf(name: RunName, { breaches }: Outcome, shrinkMs: number): Promise<Failure> {
  const whole: Failure = { ...name, program: programOf(name), runSeed: name.seed, breaches: breaches.list };
  return shrink(whole, performance.now() + shrinkMs);
}

export function shardsOfHunt(seed: number): number {
  return seed % FULL_SIZE === 0 ? ALL_SHARDS : FEW_SHARDS;
}

/** What to type to see a failure again, and what it is. */
export function reportOf({ mix, seed, steps: length, program, runSeed, breaches }: Failure): string {
  const shorter = lineOf({ seed: runSeed, shards: SHARDS, ...(MACHINE_MIXES[mix] && { mix }) });
  return [
    ...breaches.slice(0, 5),
    lineOf({ mix, seed, steps: length, shards: SHARDS }),
    `or shorter: ${shorter} --program '${JSON.stringify(program)}'`,
  ].join('\n');
}

/** What to type to see a run again. `shards`: of the build that ran it. */
export function lineOf({ mix, seed, steps, shards }: Partial<RunName> & { shards: number }): string {
  const parts = { mix, steps, seed, shards: shards === ALL_SHARDS ? undefined : shards };
  const given = Object.entries(parts).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  return `npm run simulate -- ${given.join(' ')}`;
}

/** Seeds tried for what is left: with a step less, all that is drawn after it comes out differently. */
const SEEDS_TRIED = 4;

/** Leaves out halves, quarters … single steps, as long as some promise of the same kind is broken (Zeller and Hildebrandt 2002). */
async function shrink(whole: Failure, until: number): Promise<Failure> {
  let shortest = whole;
  for (let chunk = whole.program.length >> 1; chunk >= 1; ) {
    let isShorter = false;
    for (let at = 0; at < shortest.program.length && performance.now() < until; ) {
      const program = [...shortest.program.slice(0, at), ...shortest.program.slice(at + chunk)];
      const found = await likeFailure(shortest, program);
      if (found) {
        shortest = found;
        isShorter = true;
      } else at += chunk;
    }
    if (!isShorter || chunk > 1) chunk >>= 1;
  }
  return shortest;
}

async function likeFailure(failure: Failure, program: readonly AnyStep[]): Promise<Failure | undefined> {
  for (let tried = 0; tried < SEEDS_TRIED; tried++) {
    const runSeed = failure.runSeed + tried * 1_000_003;
    const { list } = (await runAny({ mix: failure.mix, seed: runSeed }, program)).breaches;
    if (kindOf(list) === kindOf(failure.breaches)) return { ...failure, program, runSeed, breaches: list };
  }
  return undefined;
}

/** `[promise 2]`, say. */
function kindOf([first]: readonly string[]): string | undefined {
  return first?.slice(0, first.indexOf(']') + 1);
}
