import { silent } from '../peer/link-fixture.ts';
import { expect, test } from 'vitest';
import { AGAIN_MS, FUTILE_MS, LOOK_MS, WakeUpScan } from '../../../src/durability/wake-up-scan.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';

const GONE = 20_000;

/** A store of which only the index of times is asked; it counts what it gives. */
function startWakes(): {
  clock: VirtualClock;
  due: Map<string, number>;
  woken: string[];
  given: () => number;
  wakes: WakeUpScan;
  /** What the store says, and whether this process may serve. */
  state: { failure: Error | undefined; mayServe: boolean; looks: number; errors: unknown[] };
} {
  const clock = new VirtualClock();
  const due = new Map<string, number>();
  const woken: string[] = [];
  let given = 0;
  const state: ReturnType<typeof startWakes>['state'] = { failure: undefined, mayServe: true, looks: 0, errors: [] };
  const store = {
    async *due(from: number, until: number): AsyncGenerator<{ id: string; at: number }> {
      state.looks++;
      if (state.failure) throw state.failure;
      for (const [id, at] of due) {
        if (at < from || at > until) continue;
        given++;
        yield { id, at };
      }
    },
  };
  const wakes = new WakeUpScan({
    store: store as never,
    clock,
    isOurs: (id) => !id.startsWith('gone/'),
    isInMemory: () => false,
    mayServe: () => state.mayServe,
    wake: (id) => {
      due.delete(id);
      woken.push(id);
    },
    log: {
      ...silent,
      error: ({ err }: { err?: unknown }) => {
        if (err !== state.failure) throw err;
        state.errors.push(err);
      },
    },
  });
  return { clock, due, woken, given: () => given, wakes, state };
}

test('the store is not asked as long as nothing may begin here, and soon after', async () => {
  const { clock, due, woken, wakes, state } = startWakes();
  state.mayServe = false;
  due.set('kept/now', clock.wall() - 100);
  wakes.takeOver();
  await clock.advance(5_000);
  expect(state.looks).toBe(0);
  state.mayServe = true;
  await clock.advance(AGAIN_MS);
  expect(woken).toEqual(['kept/now']);
  wakes.close();
});

test('a store that fails is asked again, with pauses', async () => {
  const { clock, due, woken, wakes, state } = startWakes();
  state.failure = new Error('by the test');
  due.set('kept/now', clock.wall() - 100);
  wakes.takeOver();
  await clock.advance(10 * AGAIN_MS);
  expect(state.looks).toBeGreaterThan(5);
  expect(state.looks).toBeLessThan(13);
  expect(state.errors.length).toBe(state.looks);
  state.failure = undefined;
  await clock.advance(AGAIN_MS);
  expect(woken).toEqual(['kept/now']);
  wakes.close();
});

test('what nobody can wake is not looked at again and again; what comes meanwhile is woken in time', async () => {
  const { clock, due, woken, given, wakes } = startWakes();
  for (let n = 0; n < GONE; n++) due.set(`gone/${n}`, clock.wall() - 60_000);
  wakes.takeOver();
  await clock.advance(1);
  expect(given()).toBe(GONE);
  due.set('kept/soon', clock.wall() + 1_700);
  due.set('kept/now', clock.wall() - 100);
  await clock.advance(2_000);
  // Their times are not long ago: they are seen by each look at what came lately.
  expect([woken.sort(), given() < GONE + 100]).toEqual([['kept/now', 'kept/soon'], true]);
  await clock.advance(GONE * FUTILE_MS + LOOK_MS);
  expect(given()).toBeLessThan(2 * GONE + 100);
  expect(given()).toBeGreaterThanOrEqual(2 * GONE);
  wakes.close();
});

test('what was due long ago and became ours is woken at the next look at all, or at once when hosts change', async () => {
  const { clock, due, woken, wakes } = startWakes();
  for (let n = 0; n < GONE; n++) due.set(`gone/${n}`, clock.wall() - 60_000);
  wakes.takeOver();
  await clock.advance(1);
  due.set('kept/old', clock.wall() - 50_000);
  await clock.advance(LOOK_MS);
  expect(woken).toEqual([]);
  wakes.takeOver();
  await clock.advance(1);
  expect(woken).toEqual(['kept/old']);
  due.set('kept/older', clock.wall() - 55_000);
  await clock.advance(GONE * FUTILE_MS + LOOK_MS);
  expect(woken).toEqual(['kept/old', 'kept/older']);
  wakes.close();
});
