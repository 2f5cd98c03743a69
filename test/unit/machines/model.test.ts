/** Many machines as a model: the rules hold, and each of them, taken away, breaks a promise. */
import { afterEach, describe, expect, it, test } from 'vitest';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { MIXES, MUTANTS } from './machine-mutants.ts';
import { type Found, follow, search, walk } from './machine-search.ts';
import type { World } from './machine-engine.ts';
import { newWorld } from './machine-world.ts';

/** Walks of each mix; more by `TROUPE_SIMULATIONS`. */
const WALKS = Math.ceil(Number(process.env.TROUPE_SIMULATIONS ?? 100) / 3);

function walkMix(mix: string, seed: number, walks: number): Found {
  const { isDurable, ...budget } = MIXES[mix] ?? {};
  return walk(() => newWorld(['A', 'B', 'C'], budget, isDurable), seededRandom(seed), walks, 80);
}

const fresh = (): World => newWorld(['A', 'B', 'C'], { joins: ['C'] });

describe('three machines keep the promises', () => {
  test.each(Object.keys(MIXES))('in %s', (mix) => {
    expect(walkMix(mix, 7, WALKS).violation).toBeUndefined();
  });

  it('and two in every order of their steps, with an answer that is late', () => {
    const { states, violation } = search(newWorld(['A', 'B'], { ticks: 2, slow: 1, unknown: 1 }), 100_000);
    expect(violation).toBeUndefined();
    expect(states).toBeGreaterThan(1_000);
  });
});

describe('a rule taken away breaks a promise:', () => {
  let restore = (): void => {};
  afterEach(() => restore());

  test.each(MUTANTS)('$rule', (mutant) => {
    if ('script' in mutant) expect(follow(fresh(), mutant.script)).toBeUndefined();
    restore = mutant.breaks();
    const violation =
      'script' in mutant ? follow(fresh(), mutant.script) : walkMix(mutant.mix, 1, mutant.within).violation;
    expect(violation).toBeDefined();
  });
});
