import { expect, test } from 'vitest';
import { run } from './search.ts';
import { expectPromisesKept } from './suite.ts';

const PROGRAMS = Math.min(40, Number(process.env.TROUPE_SIMULATIONS ?? 40));

test(
  'no turn and no start begins while its actor is paused, and nothing is lost or swapped by that',
  { timeout: 600_000 },
  () => expectPromisesKept('pauses', 1, PROGRAMS),
);

test('those programs do pause: many pauses are promised, and beginnings seen meanwhile', {
  timeout: 600_000,
}, async () => {
  let inForce = 0;
  let looked = 0;
  for (const seed of [1, 2, 3, 5]) {
    const { pauses } = await run({ mix: 'pauses', seed, steps: 100 });
    inForce += pauses.inForce;
    looked += pauses.looked;
  }
  expect(inForce).toBeGreaterThan(4);
  expect(looked).toBeGreaterThan(40);
});
