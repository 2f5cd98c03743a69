/** Random programs on the simulated cluster; after each run the promises 1–8 of docs/SEMANTICS.md are checked. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FATE, steps } from './program.ts';
import { runProgram } from './run.ts';

/** The same programs each time, so that a failure is a change's; TROUPE_SEED=random hunts for new ones. */
const RUNS = Number(process.env.TROUPE_SIMULATIONS ?? 150);
const SEED = process.env.TROUPE_SEED === 'random' ? Date.now() : Number(process.env.TROUPE_SEED ?? 1);

test('order, duplicates, loss, asks and watches hold through crashes and hangs', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), steps(FATE, { maxLength: 100 }), async (seed, program) => {
      const world = await runProgram(seed, program);
      expect(world.breaches.list).toEqual([]);
    }),
    { seed: SEED, numRuns: RUNS, endOnFailure: process.env.TROUPE_SHRINK === undefined },
  );
});
