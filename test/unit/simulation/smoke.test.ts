import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';

const counter = defineActor({
  state: () => ({ count: 0 }),
  receive: {
    add(ctx, { by }: { by: number }) {
      ctx.state.count += by;
    },
    get: (ctx) => ctx.state.count,
  },
});

test('a simulated system starts, answers, loses a worker and goes on', async () => {
  const simulation = await Simulation.start({ seed: 1, workers: 3, actors: { counter } });
  const { system } = simulation;
  for (let n = 0; n < 20; n++) system.tell(`counter/${n}`, { type: 'add', by: n });
  expect(await simulation.until(system.ask('counter/7', { type: 'get' }))).toBe(7);
  const { worker } = await simulation.until(system.where('counter/7'));
  simulation.worker(worker)?.kill();
  await simulation.run(100);
  expect(await simulation.until(system.ask('counter/7', { type: 'get' }))).toBe(0);
  await simulation.until(system.shutdown());
});
