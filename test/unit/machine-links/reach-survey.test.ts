import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { CLOCK_LOOKS_MS, type Looking, SURVEY_MS_MAX, surveyReach } from '../../../src/machine-links/reach-survey.ts';
import { listening, master } from './machine-conformance.ts';
import { tlsWorld } from './tls-world.ts';
import { eventLoopClock } from '../wire/event-loop-clock.ts';

const MACHINES = ['a', 'b', 'c'].map((machine) => ({ machine, address: `${machine}:1` }));

async function surveyed(looking: Partial<Looking>, clock = new VirtualClock()) {
  const all: Looking = { checkPair: async () => {}, clockOf: async () => clock.now(), ...looking };
  const asked = surveyReach(all, 'a', MACHINES, clock);
  await clock.advance(SURVEY_MS_MAX + CLOCK_LOOKS_MS);
  return asked;
}

describe('a survey of a cluster', () => {
  test('looks at every pair, both ways, and tells the ones that do not reach', async () => {
    const seen: string[] = [];
    const { pairs, unreached } = await surveyed({
      checkPair: async (from, to) => {
        seen.push(`${from.machine}${to.machine}`);
        if (from.machine === 'b' && to.machine === 'c') throw new Error('no link');
      },
    });
    expect(seen.sort()).toEqual(['ab', 'ac', 'ba', 'bc', 'ca', 'cb']);
    expect([pairs, unreached]).toEqual([6, [{ from: 'b', to: 'c', reason: 'no link' }]]);
  });

  test('ends in time where machines do not answer', async () => {
    const clock = new VirtualClock();
    const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(ms, resolve));
    const { pairs } = await surveyed({ checkPair: () => wait(SURVEY_MS_MAX + 1) }, clock);
    expect(pairs).toBe(3);
  });

  test('measures how fast the clocks of others run, whatever they show', async () => {
    const clock = new VirtualClock();
    const { clockRates } = await surveyed(
      {
        clockOf: async (_, machine) => {
          if (machine === 'c') throw new Error('gone');
          return 5_000_000 + clock.now() * 1.05;
        },
      },
      clock,
    );
    expect([...clockRates.keys()]).toEqual(['b']);
    expect(clockRates.get('b')).toBeCloseTo(1.05, 3);
  });

  test('tells no rate by answers that took long', async () => {
    const clock = new VirtualClock();
    const clockOf = (ms: number) => async () => {
      await new Promise<void>((resolve) => clock.setTimer(ms, resolve));
      return clock.now();
    };
    expect((await surveyed({ clockOf: clockOf(15) }, clock)).clockRates.size).toBe(2);
    expect((await surveyed({ clockOf: clockOf(40) }, clock)).clockRates.size).toBe(0);
  });

  test('asks real machines', async () => {
    const world = tlsWorld();
    const networks = ['a', 'b', 'c'].map((machine) => world.host(master(machine)));
    const machines = await Promise.all(
      networks.map(async (network, at) => ({
        machine: MACHINES[at]?.machine as string,
        address: (await listening(network)).address,
      })),
    );
    const clock = { ...eventLoopClock, setTimer: (_: number, run: () => void) => eventLoopClock.setTimer(100, run) };
    await networks[2]?.close();
    const survey = await surveyReach(networks[0] as Looking, 'a', machines, clock);
    expect(survey.pairs).toBe(6);
    expect(survey.unreached.map(({ from, to }) => `${from}${to}`).sort()).toEqual(['ac', 'bc', 'ca', 'cb']);
    expect(survey.clockRates.has('c')).toBe(false);
    await world.dispose();
  });
});
