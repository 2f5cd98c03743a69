/** The reminders of a whole store, the next one first. */
import { afterEach, expect, test } from 'vitest';
import { defineActor } from '../../../src/index.ts';
import { REMINDERS_LISTED_MAX } from '../../../src/inspection/list-reminders.ts';
import type { ProcessSystem } from '../../../src/system/process-system.ts';
import { createTestSystem, type TestSystem } from '../../../src/testkit/index.ts';

const bill = defineActor({
  durable: true,
  passivateAfterMs: 100,
  state: () => ({}),
  receive: {
    remind(ctx, { name, inMs }: { name: string; inMs: number }) {
      ctx.remind(name, { atMs: ctx.now() + inMs }, { type: 'due' });
    },
    beat: (ctx, { everyMs }: { everyMs: number }) => ctx.remind('beat', { everyMs }, { type: 'beat' }),
    due() {},
  },
});
const plain = defineActor({ receive: { get: () => 1 } });
let running: TestSystem | undefined;

afterEach(() => running?.shutdown());

function start(): TestSystem & { seen: ProcessSystem } {
  running = createTestSystem({ actors: { bill, plain } });
  return { ...running, seen: running.system as ProcessSystem };
}

test('each actor is listed with its next reminder, in memory or not, and none is woken', async () => {
  const { system, seen, clock, advance } = start();
  const now = clock.wall();
  await system.ask('bill/late', { type: 'remind', name: 'end', inMs: 90_000_000 });
  await system.ask('bill/soon', { type: 'remind', name: 'second', inMs: 7_200_000 });
  await system.ask('bill/soon', { type: 'remind', name: 'first', inMs: 3_600_000 });
  await system.ask('bill/beating', { type: 'beat', everyMs: 10_800_000 });
  await advance(1_000);
  expect((await system.metrics()).actors).toBe(0);
  const { reminders, next } = await seen.reminders();
  expect(reminders).toEqual([
    { id: 'bill/soon', at: now + 3_600_000, name: 'first', everyMs: undefined, type: 'due', count: 2 },
    { id: 'bill/beating', at: now + 10_800_000, name: 'beat', everyMs: 10_800_000, type: 'beat', count: 1 },
    { id: 'bill/late', at: now + 90_000_000, name: 'end', everyMs: undefined, type: 'due', count: 1 },
  ]);
  expect(next).toBeUndefined();
  expect((await system.metrics()).actors).toBe(0);
});

test('a page has a bound, and the next one goes on behind it', async () => {
  const { system, seen } = start();
  for (let n = 0; n < REMINDERS_LISTED_MAX + 3; n++)
    await system.ask(`bill/${n}`, { type: 'remind', name: 'x', inMs: 3_600_000 + (n % 7) * 1_000 });
  const first = await seen.reminders();
  const second = await seen.reminders(first.next);
  expect(first.reminders).toHaveLength(REMINDERS_LISTED_MAX);
  expect(second.reminders).toHaveLength(3);
  expect(second.next).toBeUndefined();
  const ids = [...first.reminders, ...second.reminders].map(({ id }) => id);
  expect(new Set(ids).size).toBe(REMINDERS_LISTED_MAX + 3);
});

test('a place that no list has given is refused', async () => {
  const { seen } = start();
  for (const after of ['x', ' bill/a', 'NaN bill/a', '5 noid'])
    await expect(seen.reminders(after), after).rejects.toMatchObject({ code: /INVALID/ });
});
