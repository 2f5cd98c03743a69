import { expect, test } from 'vitest';
import { runRounds } from './order-rounds.ts';

const RUNS = Number(process.env.TROUPE_ROUNDS_RUNS ?? 2);
const FIRST = Number(process.env.TROUPE_ROUNDS_SEED ?? 1);

test.each([
  ['crashes of workers, moves, hangs, broken links', { restarts: 0 }],
  ['commits that fail, hang, or fail although they wrote', { restarts: 0, faults: true }],
  ['restarts of everything', { restarts: 2, faults: true }],
])(
  'rounds of machines, with promises, children and delays, go on by themselves and do each thing once, under %s',
  {
    timeout: 600_000,
  },
  async (_name, more) => {
    for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
      const { breaches, rounds } = await runRounds({ seed, steps: 80, ...more });
      expect(breaches, `seed ${seed}`).toEqual([]);
      expect(rounds).toBeGreaterThan(5);
    }
  },
);
