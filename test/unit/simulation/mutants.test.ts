/** The tests are tested: each rule of the protocol that is taken away must be noticed within so many programs. */
import { expect, test } from 'vitest';
import { MUTANTS } from './mutants.ts';
import { run } from './search.ts';

const STEPS = 100;

async function isNoticed(mix: string, breaks: () => () => void, seed: number): Promise<boolean> {
  const restore = breaks();
  try {
    return (await run({ mix, seed, steps: STEPS })).breaches.list.length > 0;
  } finally {
    restore();
  }
}

test.each(MUTANTS.filter(({ within }) => within > 0))(
  '$name: noticed',
  { timeout: 120_000 },
  async ({ mix, breaks, within }) => {
    let noticedAt: number | undefined;
    for (let seed = 1; seed <= within && noticedAt === undefined; seed++)
      if (await isNoticed(mix, breaks, seed)) noticedAt = seed;
    expect(noticedAt).toBeDefined();
  },
);
