import { defineActor } from '../../src/index.ts';
import { expect, test } from 'vitest';
import { createTestSystem } from '../../src/testkit/index.ts';

const alarm = defineActor({
  state: () => ({ rung: 0 }),
  receive: {
    set(ctx, message: { inMs: number }) {
      ctx.after(message.inMs, { type: 'ring' });
    },
    ring(ctx) {
      ctx.state.rung++;
    },
    rung: (ctx) => ctx.state.rung,
  },
});

test('timers of a test system run when its clock is moved, and not before', async () => {
  const { system, clock } = createTestSystem({ actors: { alarm } });
  const ref = system.ref(alarm, 'kitchen');
  ref.tell({ type: 'set', inMs: 3_600_000 });
  await clock.advance(3_599_999);
  expect(await ref.ask({ type: 'rung' })).toBe(0);
  await clock.advance(1);
  expect(await ref.ask({ type: 'rung' })).toBe(1);
  const down = system.shutdown();
  await clock.advance(100);
  await down;
});
