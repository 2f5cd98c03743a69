import { expect, test } from 'vitest';
import { PLACES_PINNED_MAX, Reload, type ReloadParts } from '../../../src/master/reload.ts';
import type { KindTerms } from '../../../src/wire/control.ts';

const terms = (strategy: KindTerms['strategy']): KindTerms => ({
  ...{ role: 'worker', column: 'worker', strategy, isDurable: false, capacity: 100 },
});

/** A reload to code that places by hash what was placed on demand, for so many actors; it ends as soon as its plan is made. */
async function reloadWith(places: number): Promise<{ error: Error; dismissed: number }> {
  let dismissed = 0;
  const parts = {
    placement: { table: { kinds: () => [['job', terms('least-loaded')]] }, placesOf: () => places },
    supervisor: {
      all: () => [{ role: 'worker', life: { state: 'ready' } }],
      add: () => ({}),
      loaded: async () => ({ job: terms('hash') }),
      dismiss: async () => void dismissed++,
    },
    queries: {
      askAll: () => {
        throw new Error('the plan was taken');
      },
    },
  } as unknown as ReloadParts;
  return new Reload(parts).run().then(
    () => {
      throw new Error('the reload went on');
    },
    (error: Error) => ({ error, dismissed }),
  );
}

test('a kind with more given places than the bound does not change to placement by hash, and nothing has happened', async () => {
  const { error, dismissed } = await reloadWith(PLACES_PINNED_MAX + 1);
  expect(dismissed).toBe(1);
  expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
  expect(error.message).toBe(
    "job.placement.strategy: expected at most 100000 actors with given places for a change to 'hash'; got 100001",
  );
});

test('with as many as the bound it does', async () => {
  const { error } = await reloadWith(PLACES_PINNED_MAX);
  expect(error.message).toBe('the plan was taken');
});
