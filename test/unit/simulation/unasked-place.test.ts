/**
 * An actor with a place on demand is to leave a worker that has not asked yet whether it is its host. Its new host dies, and it
 * stays: what came for it before the move was ordered is older than what was held for it there.
 */
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';

const [OLD, NEW, THIRD] = [1, 2, 3];
const SOON_MS = 20;
/** Until the master has heard how many actors each worker has. */
const COUNTED_MS = 2_000;

test.each([1, 2, 3])('seed %i: mail of one sender is handled in its order', async (seed) => {
  const heard: number[] = [];
  const guest = defineActor({
    placement: { strategy: 'least-loaded' },
    receive: { note: (_, { n }: { n: number }) => void heard.push(n) },
  });
  const teller = defineActor({
    receive: { tell: (ctx, { n }: { n: number }) => void ctx.tell('guest/a', { type: 'note', n }) },
  });
  const simulation = await Simulation.start({ seed, workers: 3, actors: { guest, teller } });
  const { system } = simulation;
  const spawned = (key: string, worker: number): Promise<unknown> =>
    simulation.until(system.spawn('teller', { key, placement: { worker } }));
  await spawned('a', THIRD);
  for (const key of ['b', 'c']) await spawned(key, NEW);
  await simulation.run(COUNTED_MS);

  // The master gives it a place on the old host, which hears nothing of that.
  simulation.stall(0, OLD);
  system.tell('guest/a', { type: 'note', n: 0 });
  simulation.stall(OLD, THIRD);
  system.tell('teller/a', { type: 'tell', n: 1 });
  await simulation.run(SOON_MS);
  // It is to leave, but the markers of the master's process do not come.
  const moved = system.move('guest/a', NEW).catch(() => 'stays');
  await simulation.run(SOON_MS);
  simulation.unstall(OLD, THIRD);
  await simulation.run(SOON_MS);
  // Held, and taken along to where the guest is.
  system.tell('teller/a', { type: 'tell', n: 2 });
  await simulation.run(SOON_MS);
  void system.move('teller/a', OLD).catch(() => {});
  await simulation.run(SOON_MS);
  expect(simulation.worker(OLD)?.process?.actors.cellOf('teller/a')).toBeDefined();
  expect(heard).toEqual([]);

  simulation.crash(NEW);
  expect(await simulation.until(moved)).toBe('stays');
  await simulation.run(SOON_MS);
  simulation.unstall(0, OLD);
  await simulation.run(SOON_MS);
  expect(heard.filter((n) => n > 0)).toEqual([1, 2]);
  expect(heard).toContain(0);
  expect(simulation.worker(OLD)?.process?.actors.cellOf('guest/a')).toBeDefined();
  await simulation.until(system.shutdown());
});
