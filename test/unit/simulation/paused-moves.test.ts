/** An actor that is paused and moves: what is said of an ask that waits for it is said once, and stays true. */
import { expect, test } from 'vitest';
import { ANSWER_AHEAD_MS } from '../../../src/actor/pauses.ts';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { SimulationEvent } from '../../../src/simulation/observation.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';
import type { System } from '../../../src/system/system.ts';

const ASK_MS = 400;
const SEEDS = [1, 2, 3];

async function paused(seed: number): Promise<{ simulation: Simulation; handled: string[]; id: string }> {
  const handled: string[] = [];
  const counter = defineActor({
    receive: {
      async add(ctx) {
        handled.push(ctx.id);
        await new Promise<void>((resolve) => void simulation.time.at(ASK_MS, resolve));
      },
    },
  });
  const simulation = await Simulation.start({ seed, workers: 3, actors: { counter } });
  const { system } = simulation;
  const placement = { worker: 1 };
  const { id } = await simulation.until(system.spawn('counter', { key: 'a', placement }));
  await simulation.until(system.pause(id));
  return { simulation, handled, id };
}

function isTransfer(event: SimulationEvent): boolean {
  if (event.kind !== 'frame' || event.step !== 'written') return false;
  return event.frame.entries.some(({ type }) => type === 'transfer');
}

/** What an asker on worker 3 is told, and when at the latest. */
function ask(simulation: Simulation, id: string, timeoutMs: number = ASK_MS): { told: Promise<string>; dueAt: number } {
  const system = simulation.worker(3)?.process?.system as System;
  const told = system.ask(id, { type: 'add' }, { timeoutMs }).then(
    () => 'a reply',
    ({ code, fate }) => `${code} ${fate}`,
  );
  return { told, dueAt: simulation.time.now + timeoutMs };
}

test.each(SEEDS)('seed %i: its old host says nothing of an ask that it has transferred', async (seed) => {
  const { simulation, handled, id } = await paused(seed);
  const { told, dueAt } = ask(simulation, id);
  await simulation.run(10);
  // From here on what is transferred does not arrive.
  simulation.when(isTransfer, () => simulation.stall(1, 2));
  const moved = simulation.system.move(id, 2);
  await simulation.run(dueAt - simulation.time.now - 60);
  simulation.unstall(1, 2);
  const resumed = simulation.system.resume(id);
  await simulation.until(Promise.all([moved, resumed, told]));
  // It has begun there, so nobody may say that it was not executed.
  expect([await told, handled]).toEqual(['ASK_TIMEOUT unknown', [id]]);
  await simulation.until(simulation.system.shutdown());
});

test.each(SEEDS)('seed %i: a move that comes to nothing leaves the asks to the old host', async (seed) => {
  const { simulation, handled, id } = await paused(seed);
  const { told } = ask(simulation, id);
  await simulation.run(10);
  simulation.when(isTransfer, () => simulation.crash(2));
  await simulation.until(simulation.system.move(id, 2).catch(() => {}));
  await simulation.until(told);
  // Only the host can say so: the asker has sent it away.
  expect([await told, handled]).toEqual(['ASK_TIMEOUT not-executed', []]);
  await simulation.until(simulation.system.resume(id));
  await simulation.until(simulation.system.shutdown());
  expect(handled).toEqual([]);
});

test.each([
  [400, 100],
  [20_000, ANSWER_AHEAD_MS],
])('of an ask with %i ms its host says %i ms before the end that it was not executed', async (timeoutMs, ahead) => {
  const fateOf = async (silentMs: number): Promise<string> => {
    const { simulation, id } = await paused(1);
    const { told, dueAt } = ask(simulation, id, timeoutMs);
    await simulation.run(dueAt - simulation.time.now - silentMs);
    // From here on its host says nothing.
    simulation.stall(1, 3);
    await simulation.until(told);
    simulation.unstall(1, 3);
    await simulation.until(simulation.system.shutdown());
    return told;
  };
  const margin = 40;
  expect(await fateOf(ahead - margin)).toBe('ASK_TIMEOUT not-executed');
  expect(await fateOf(ahead + margin)).toBe('ASK_TIMEOUT unknown');
});
