/** A subscriber moves, and its old host dies with all else but the subscription done: what is published from the table on reaches it. */
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { SimulationEvent } from '../../../src/simulation/observation.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';

const [OLD, NEW] = [1, 2];
const SOON_MS = 20;

function isWholeTransfer(event: SimulationEvent): boolean {
  if (event.kind !== 'frame' || event.step !== 'read') return false;
  return event.frame.entries.some((entry) => entry.type === 'transfer' && entry.piece === null);
}

async function subscribed(seed: number): Promise<{ simulation: Simulation; heard: number[]; id: string }> {
  const heard: number[] = [];
  const listener = defineActor({
    receive: {
      join: async (ctx) => void (await ctx.subscribe('news')),
      news: (_, { n }: { n: number }) => void heard.push(n),
    },
  });
  const simulation = await Simulation.start({ seed, workers: 3, actors: { listener } });
  const { system } = simulation;
  const { id } = await simulation.until(system.spawn('listener', { key: 'a', placement: { worker: OLD } }));
  await simulation.until(system.ask(id, { type: 'join' }));
  return { simulation, heard, id };
}

test.each([1, 2, 3])('seed %i: it arrives though the new host has not been heard of yet', async (seed) => {
  const { simulation, heard, id } = await subscribed(seed);
  const { system } = simulation;
  let hasDied = false;
  // What the new host says to the master waits until the move is committed by the death of the old one.
  simulation.when(isWholeTransfer, () => {
    simulation.stall(0, NEW);
    simulation.time.at(1, () => {
      hasDied = true;
      simulation.crash(OLD);
    });
  });
  const moved = system.move(id, NEW).catch(() => {});
  await simulation.run(SOON_MS);
  expect(hasDied).toBe(true);
  system.publish('news', { type: 'news', n: 1 });
  simulation.unstall(0, NEW);
  await simulation.until(moved);
  system.publish('news', { type: 'news', n: 2 });
  await simulation.run(SOON_MS);
  expect(heard).toEqual([1, 2]);
  await simulation.until(system.shutdown());
});

test('where nothing of the subscriber has come to the new host, it is published to no longer', async () => {
  const { simulation, heard, id } = await subscribed(4);
  const { system } = simulation;
  // Markers do not come, so that the old host hands nothing over.
  simulation.stall(0, OLD);
  const moved = system.move(id, NEW).catch(() => {});
  await simulation.run(SOON_MS);
  simulation.crash(OLD);
  await simulation.until(moved);
  await simulation.run(SOON_MS);
  let published = 0;
  simulation.observers.add((event) => {
    if (event.kind === 'frame' && event.step === 'written')
      published += event.frame.entries.filter((entry) => entry.type === 'publish').length;
  });
  system.publish('news', { type: 'news', n: 1 });
  await simulation.run(SOON_MS);
  expect([heard, published]).toEqual([[], 0]);
  await simulation.until(system.shutdown());
});
