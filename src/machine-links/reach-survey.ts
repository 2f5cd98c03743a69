/** A survey of the machines of a cluster, by one of them: which reaches which, and how fast their clocks run. */
import type { MachineId } from '../machines/machine-row.ts';
import type { UnreachedPair } from '../observe/cluster-checkup.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { asError } from '../vocabulary/errors.ts';

/** Milliseconds for all looks, and between the two looks at a clock. */
export const SURVEY_MS_MAX = 10_000;
export const CLOCK_LOOKS_MS = 2_000;
/** A rate that may be wrong by more than this, for answers that took long, is not told. */
export const CLOCK_ERROR_MAX = 0.01;

/** A machine, and where it is reached. */
export interface Reachable {
  readonly machine: MachineId;
  readonly address: string;
}

/** The part of a network that a survey needs. */
export interface Looking {
  checkPair(from: Reachable, to: Reachable): Promise<void>;
  /** Its monotonic clock, in milliseconds. */
  clockOf(address: string, machine: MachineId): Promise<number>;
}

export interface Survey {
  readonly pairs: number;
  readonly unreached: readonly UnreachedPair[];
  /** By machine; those whose clock was not read twice are left out. */
  readonly clockRates: ReadonlyMap<MachineId, number>;
}

interface ClockLook {
  readonly own: number;
  readonly theirs: number;
  readonly errorMs: number;
}

/** Each machine looks at one other at a time, all of them at once. Pairs for which there was no time left are not counted. */
export async function surveyReach(
  looking: Looking,
  self: MachineId,
  machines: readonly Reachable[],
  clock: Clock,
): Promise<Survey> {
  const until = clock.now() + SURVEY_MS_MAX;
  const unreached: UnreachedPair[] = [];
  let pairs = 0;
  const lookFrom = async (from: Reachable): Promise<void> => {
    for (const to of machines) {
      if (to.machine === from.machine) continue;
      if (clock.now() > until) return;
      const reason = await reasonOf(looking.checkPair(from, to));
      pairs++;
      if (reason !== undefined) unreached.push({ from: from.machine, to: to.machine, reason });
    }
  };
  const others = machines.filter(({ machine }) => machine !== self);
  const [clockRates] = await Promise.all([ratesOf(looking, others, clock), ...machines.map(lookFrom)]);
  return { pairs, unreached, clockRates };
}

async function ratesOf(looking: Looking, others: readonly Reachable[], clock: Clock): Promise<Map<MachineId, number>> {
  const rates = new Map<MachineId, number>();
  await Promise.all(
    others.map(async ({ machine, address }) => {
      const first = await readClock(looking, machine, address, clock);
      await new Promise<void>((resolve) => clock.setTimer(CLOCK_LOOKS_MS, resolve));
      const second = await readClock(looking, machine, address, clock);
      const rate = first && second && rateBetween(first, second);
      if (rate !== undefined) rates.set(machine, rate);
    }),
  );
  return rates;
}

function rateBetween(first: ClockLook, second: ClockLook): number | undefined {
  const own = second.own - first.own;
  if ((first.errorMs + second.errorMs) / own > CLOCK_ERROR_MAX) return undefined;
  return (second.theirs - first.theirs) / own;
}

/** Both clocks at one moment, the middle of the time that the answer took: wrong by half of that time at most. */
async function readClock(
  looking: Looking,
  machine: MachineId,
  address: string,
  clock: Clock,
): Promise<ClockLook | undefined> {
  const before = clock.now();
  const theirs = await looking.clockOf(address, machine).catch(() => undefined);
  const after = clock.now();
  return theirs === undefined ? undefined : { own: (before + after) / 2, theirs, errorMs: (after - before) / 2 };
}

async function reasonOf(look: Promise<void>): Promise<string | undefined> {
  return look.then(
    () => undefined,
    (error: unknown) => asError(error).message,
  );
}
