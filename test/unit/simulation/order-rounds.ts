/**
 * Durable machines with something under way, under crashes: each round of an order is paid by a promise, handed over by a
 * child machine with a delay of its own, and booked once. Nobody asks an order how it is: it has to come back by itself.
 */
import { assign, fromPromise, sendParent, setup } from 'xstate';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { tell } from '../../../src/actor/xstate-actor.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { SimulatedDisk } from '../../../src/simulation/simulated-disk.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';

const ORDERS = 5;
const WORKERS = 3;
const BOOK = 'book/all';

interface Order {
  value: string;
  context: { round: number; charges: number };
}

/** Told apart from those of earlier lives by what it resolves to. */
type Charge = (round: number) => Promise<number>;

function actorsWith(charge: Charge): Record<string, ActorDefinition> {
  const handover = setup({}).createMachine({
    initial: 'packing',
    states: { packing: { after: { 150: 'gone' } }, gone: { entry: sendParent({ type: 'handed' }) } },
  });
  const order = setup({
    types: {} as { context: { round: number; charges: number } },
    actors: {
      charge: fromPromise<number, { round: number }>(({ input: { round } }) => charge(round)),
      handover,
    },
  }).createMachine({
    context: { round: 0, charges: 0 },
    initial: 'open',
    states: {
      open: { on: { pay: { target: 'charging', actions: assign({ round: ({ context }) => context.round + 1 }) } } },
      charging: {
        invoke: {
          src: 'charge',
          input: ({ context: { round } }) => ({ round }),
          onDone: {
            // The answer for an earlier round is none for this one.
            guard: ({ context, event }) => event.output === context.round,
            target: 'paid',
            actions: assign({ charges: ({ context }) => context.charges + 1 }),
          },
        },
      },
      paid: {
        entry: tell(BOOK, ({ context }) => ({ type: 'booked', round: context.round })),
        invoke: { src: 'handover' },
        on: { handed: { target: 'resting', actions: tell(BOOK, { type: 'handed' }) } },
      },
      resting: { after: { 100: 'open' } },
    },
  });
  const supervision = { intensity: 1_000, periodMs: 10_000, backoff: { initialMs: 1, maxMs: 50 } };
  const book = defineActor({
    durable: true,
    supervision,
    state: () => ({ booked: {} as Record<string, number>, handed: {} as Record<string, number> }),
    receive: {
      booked(ctx, { round }: { round: number }) {
        const name = `${ctx.sender}:${round}`;
        ctx.state.booked[name] = (ctx.state.booked[name] ?? 0) + 1;
      },
      handed(ctx) {
        const name = `${ctx.sender}`;
        ctx.state.handed[name] = (ctx.state.handed[name] ?? 0) + 1;
      },
      get: (ctx) => ctx.state,
    },
  });
  return {
    book: book as ActorDefinition,
    order: defineActor({ durable: true, machine: order, passivateAfterMs: 60, supervision }) as ActorDefinition,
  };
}

export interface RoundsOptions {
  seed: number;
  steps: number;
  restarts: number;
  faults?: boolean;
}

export async function runRounds({ seed, steps, restarts, faults = false }: RoundsOptions): Promise<{
  breaches: string[];
  rounds: number;
}> {
  const random = seededRandom(seed * 11 + 3);
  const disk = new SimulatedDisk();
  let time: Simulation['time'];
  const actors = actorsWith((round) => new Promise((resolve) => time.at(random() * 300, () => resolve(round))));
  let beginsAt = 1_000;
  for (let life = 0; ; life++) {
    const simulation = await Simulation.start({
      ...{ seed: seed + life * 1_000, workers: WORKERS, actors, disk, beginsAt },
      // Before any process: what was under way begins again with the first worker.
      built: (built) => {
        time = built.time;
      },
    });
    if (faults) disk.faults = { fail: 0.03, lie: 0.03, hang: 0.02, hangMs: 40 };
    for (let step = 0; step < steps; step++) {
      act(simulation, random);
      await simulation.run(random() * 40);
    }
    if (life < restarts) {
      simulation.crashAll();
      beginsAt = simulation.time.now + 50;
      continue;
    }
    disk.faults = { fail: 0, lie: 0, hang: 0, hangMs: 0 };
    await simulation.run(10_000);
    const result = await check(simulation);
    await simulation.until(simulation.system.shutdown());
    return result;
  }
}

function act(simulation: Simulation, random: () => number): void {
  const worker = 1 + Math.floor(random() * WORKERS);
  const order = `order/${Math.floor(random() * ORDERS)}`;
  const chance = random();
  if (chance < 0.05) simulation.crash(worker);
  else if (chance < 0.07) simulation.freeze(worker);
  else if (chance < 0.1) simulation.thaw(worker);
  else if (chance < 0.2) simulation.system.move(order, worker).catch(() => {});
  else if (chance < 0.23) simulation.reset(worker, 1 + (worker % WORKERS));
  else simulation.system.tell(order, { type: 'pay' });
}

async function check(simulation: Simulation): Promise<{ breaches: string[]; rounds: number }> {
  const breaches: string[] = [];
  const ask = <T>(id: string, type: string): Promise<T> =>
    simulation.until(simulation.system.ask(id, { type }, { timeoutMs: 50_000 }) as Promise<T>);
  // First, before anybody wakes an order by looking at it.
  const { booked, handed } = await ask<{ booked: Record<string, number>; handed: Record<string, number> }>(BOOK, 'get');
  let rounds = 0;
  for (let n = 0; n < ORDERS; n++) {
    const id = `order/${n}`;
    const { value, context } = await ask<Order>(id, 'look');
    rounds += context.round;
    if (value !== 'open') breaches.push(`${id} comes to rest; got '${value}' in round ${context.round}`);
    if (context.charges !== context.round)
      breaches.push(`${id} is charged ${context.round} times; got ${context.charges}`);
    if ((handed[id] ?? 0) !== context.round)
      breaches.push(`${id} is handed over ${context.round} times; got ${handed[id]}`);
    for (let round = 1; round <= context.round; round++) {
      const times = booked[`${id}:${round}`] ?? 0;
      if (times !== 1) breaches.push(`round ${round} of ${id} is booked once; got ${times} times`);
    }
  }
  return { breaches, rounds };
}
