// How to test your own actors, with Node's test runner (any other one will do). See docs/testing.md.
//   node examples/testing/auction.test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTestSystem, Simulation } from 'troupe/testkit';
import { alarm } from './alarm.mjs';
import { auction, bidder, QUIET_MS } from './auction.mjs';

test('half a minute after the last bid the highest bidder is told', async () => {
  const { system, probe, advance, shutdown } = createTestSystem({ actors: { auction, bidder } });
  await system.ask('bidder/ann', { type: 'bid', lot: 'auction/vase', amount: 10 });
  await advance(QUIET_MS - 1);
  await system.ask('bidder/bob', { type: 'bid', lot: 'auction/vase', amount: 20 });
  await advance(QUIET_MS - 1);
  assert.equal(await system.ask('bidder/bob', { type: 'result' }), undefined);
  await advance(1);
  assert.equal(await system.ask('bidder/bob', { type: 'result' }), 20);
  assert.equal(await system.ask('bidder/ann', { type: 'result' }), undefined);
  assert.equal(probe('onlooker').waiting, 0);
  await shutdown();
});

test('a bidder asks the auction, and gives its refusal on', async () => {
  const { system, probe, shutdown } = createTestSystem({ actors: { bidder } });
  // The test plays the auction.
  const lot = probe('lot');
  const answer = system.ask('bidder/ann', { type: 'bid', lot: lot.id, amount: 10 });
  const { message, sender } = await lot.expectMessage('bid');
  assert.deepEqual({ amount: message.amount, sender }, { amount: 10, sender: 'bidder/ann' });
  lot.reply(10);
  assert.equal(await answer, 10);
  await lot.expectNothing(60_000);
  await shutdown();
});

test('an alarm rings at its time, over a restart', async (t) => {
  const { system, clock, disk, advance, shutdown } = createTestSystem({ actors: { alarm } });
  t.after(shutdown);
  await system.ask('alarm/kitchen', { type: 'set', atMs: clock.wall() + 3_600_000 });
  await advance(1_800_000);
  assert.equal(await system.ask('alarm/kitchen', { type: 'rung' }), 0);
  await shutdown();

  const after = createTestSystem({ actors: { alarm }, clock, disk });
  t.after(after.shutdown);
  await after.advance(1_800_000);
  assert.equal(await after.system.ask('alarm/kitchen', { type: 'rung' }), 1);
});

test('property: whoever bids in whatever order, the highest bid wins', async () => {
  const bids = fc.array(
    fc.record({ who: fc.constantFrom('ann', 'bob', 'cy'), amount: fc.integer({ min: 1, max: 100 }) }),
  );
  await fc.assert(
    fc.asyncProperty(bids, async (all) => {
      const { system, advance, shutdown } = createTestSystem({ actors: { auction, bidder } });
      for (const { who, amount } of all) {
        await system.ask(`bidder/${who}`, { type: 'bid', lot: 'auction/vase', amount }).catch(() => {});
        await advance(1_000);
      }
      await advance(QUIET_MS);
      const highest = Math.max(0, ...all.map(({ amount }) => amount));
      assert.equal(await system.ask('auction/vase', { type: 'best' }), highest);
      await shutdown();
    }),
    { numRuns: 50 },
  );
});

test('in a cluster: an auction that moves goes on, bids and time alike; one whose worker dies begins anew', async () => {
  const simulation = await Simulation.start({ seed: 7, workers: 3, actors: { auction, bidder } });
  const { system } = simulation;
  await simulation.until(system.ask('bidder/ann', { type: 'bid', lot: 'auction/vase', amount: 10 }));
  await simulation.run(QUIET_MS / 2);
  const { worker } = await simulation.until(system.where('auction/vase'));
  const other = (worker % 3) + 1;
  await simulation.until(system.move('auction/vase', other));
  await simulation.run(QUIET_MS / 2);
  assert.equal(await simulation.until(system.ask('bidder/ann', { type: 'result' })), 10);
  simulation.crash(other);
  await simulation.run(100);
  assert.equal(await simulation.until(system.ask('auction/vase', { type: 'best' })), 0);
  await simulation.until(system.shutdown());
});
