/** The times of a hand-over, and its tries, each exceeded: a process that does not answer, turns that do not end, states that do not get there. */
import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import {
  HAND_OVER_MS_MAX,
  HandOver,
  type HandOverPorts,
  STAND_MS,
  STAND_MS_MAX,
  TRANSFERS_MAX,
} from '../../../src/machine-hosting/hand-over.ts';
import type { HandedOver } from '../../../src/machines/machine-command.ts';
import type { ProcessQuery } from '../../../src/wire/process-query.ts';

const PARTITIONS = [1, 2];

let clock: VirtualClock;
let asked: { what: ProcessQuery; withinMs: number; at: number }[];
let answers: Record<string, (withinMs: number) => Promise<unknown>>;

beforeEach(() => {
  clock = new VirtualClock();
  asked = [];
  answers = {
    stand: async () => [],
    'flush-everywhere': async () => true,
    transfer: async () => [],
  };
});

/** As the master asks: a process has so long, and then its answer is undefined. */
function noAnswer(withinMs: number): Promise<undefined> {
  return new Promise((resolve) => void clock.setTimer(withinMs, () => resolve(undefined)));
}

function handOver(isLast: boolean): { done?: HandedOver; at?: number } {
  const ports: HandOverPorts = {
    ...{ clock, standing: () => {}, hold: () => {}, taker: () => 7, nextMove: () => 1, isOurs: () => true },
    begins: () => {},
    ask: async (what, withinMs) => {
      asked.push({ what, withinMs, at: clock.now() });
      const name = typeof what === 'string' ? what : Object.keys(what)[0];
      return [await answers[name as string]?.(withinMs)];
    },
  };
  const outcome: { done?: HandedOver; at?: number } = {};
  void new HandOver(ports).run(PARTITIONS, isLast).then((done) => Object.assign(outcome, { done, at: clock.now() }));
  return outcome;
}

const asksOf = (name: string): typeof asked =>
  asked.filter(({ what }) => what === name || (typeof what === 'object' && name in what));

describe('a hand-over', () => {
  test.each([
    ['stand', STAND_MS + HAND_OVER_MS_MAX],
    ['flush-everywhere', HAND_OVER_MS_MAX],
    ['transfer', 2 * HAND_OVER_MS_MAX],
  ])('waits for a process that does not answer to %s for %i ms, and everything goes on here', async (step, ms) => {
    answers[step] = noAnswer;
    const outcome = handOver(false);
    await clock.advance(ms - 1);
    expect(outcome).toEqual({});
    await clock.advance(2);
    expect(outcome.done).toEqual({ partitions: [], isLive: false });
    expect(asked.at(-1)?.what).toMatchObject({ stand: [] });
  });

  test(`waits ${STAND_MS_MAX} ms in all for turns that do not end, twice as long with each try`, async () => {
    answers.stand = async () => PARTITIONS;
    const busy: typeof answers.stand = async () => {
      const { what } = asked.at(-1) as { what: { quiesceMs: number } };
      await new Promise<void>((resolve) => void clock.setTimer(what.quiesceMs, resolve));
      return PARTITIONS;
    };
    answers.stand = busy;
    const outcome = handOver(true);
    await clock.advance(10 * STAND_MS_MAX);
    expect(outcome.done).toEqual({ partitions: [], isLive: false });
    const tries = asksOf('stand').slice(0, -1);
    const times = tries.map(({ what }) => (what as { quiesceMs: number }).quiesceMs);
    expect(times.slice(0, 3)).toEqual([STAND_MS, 2 * STAND_MS, 4 * STAND_MS]);
    expect(times.slice(0, -1).reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(STAND_MS_MAX);
    // What still runs in the last one is ended, as the machine leaves.
    expect(tries.map(({ what }) => (what as { isLast: boolean }).isLast)).toEqual(
      tries.map((_, at) => at === tries.length - 1),
    );
  });

  test(`of a machine that leaves tries to send states along ${TRANSFERS_MAX} times, and then goes without them`, async () => {
    answers.transfer = async () => undefined;
    const outcome = handOver(true);
    await clock.advance(60_000);
    expect(asksOf('transfer')).toHaveLength(TRANSFERS_MAX);
    expect(outcome.done).toEqual({ partitions: PARTITIONS, isLive: false });
  });
});
