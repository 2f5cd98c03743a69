/** The tests are tested: each rule of the protocol that is taken away must be noticed, within so many programs or in a scenario. */
import { describe, expect, test } from 'vitest';
import { direct, type ScenarioName } from './directed.ts';
import { type Directed, type Drawn, MUTANTS } from './mutants.ts';
import { run } from './search.ts';
import type { World } from './world.ts';

const STEPS = 100;
/** Of a scenario: other delays, the same steps. */
const SEEDS = [1, 2, 3];

async function breachesWith(breaks: () => () => void, look: () => Promise<World>): Promise<readonly string[]> {
  const restore = breaks();
  try {
    return (await look()).breaches.list;
  } finally {
    restore();
  }
}

async function isNoticed({ mix, breaks }: Drawn, seed: number): Promise<boolean> {
  return (await breachesWith(breaks, () => run({ mix, seed, steps: STEPS }))).length > 0;
}

test.each(MUTANTS.filter((mutant): mutant is Drawn => 'mix' in mutant))(
  '$name: noticed',
  { timeout: 600_000 },
  async (mutant) => {
    let noticedAt: number | undefined;
    const { first = 1, within } = mutant;
    for (let seed = first; seed < first + within && noticedAt === undefined; seed++)
      if (await isNoticed(mutant, seed)) noticedAt = seed;
    expect(noticedAt).toBeDefined();
  },
);

describe.each(SEEDS)('seed %i', (seed) => {
  const look = (scenario: ScenarioName): Promise<World> => direct(scenario, seed);

  test.each(MUTANTS.filter((mutant): mutant is Directed => 'scenario' in mutant))(
    '$name: noticed',
    { timeout: 600_000 },
    async ({ scenario, breaks }) => {
      expect((await look(scenario)).breaches.list).toEqual([]);
      // Order: what was said later came first.
      expect(await breachesWith(breaks, () => look(scenario))).toContainEqual(expect.stringContaining('[promise 2]'));
    },
  );
});
