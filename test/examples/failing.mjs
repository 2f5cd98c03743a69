// A test of somebody's own actors whose assertion fails, so that it never comes to its shutdown().
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineActor } from 'troupe';
import { createTestSystem } from 'troupe/testkit';

const counter = defineActor({
  durable: true,
  state: () => ({ n: 0 }),
  receive: {
    add: (ctx) => ++ctx.state.n,
    tick: (ctx) => void ctx.every(10, { type: 'add' }),
    wait: () => new Promise(() => {}),
  },
});

test('fails', async () => {
  const { system, advance } = createTestSystem({ actors: { counter } });
  await system.ask('counter/a', { type: 'tick' });
  void system.ask('counter/b', { type: 'wait' }).catch(() => {});
  await advance(100);
  assert.equal(await system.ask('counter/a', { type: 'add' }), 0);
});
