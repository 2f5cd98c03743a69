/**
 * Orders that are durable machines: each invokes a promise, waits, and tells a payee. Whatever dies, an order that was
 * given comes to its end by itself, tells once, and is not charged again once that is on disk.
 */
import { assign, fromPromise, setup } from 'xstate';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { tell } from '../../../src/actor/xstate-actor.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { SimulatedDisk } from '../../../src/simulation/simulated-disk.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';

const PAYEES = 3;
/** Milliseconds: an order has left memory long before its promise is kept. */
const IDLE_MS = 200;
const CHARGE_MS = 1_500;
const SETTLE_MS = 300;
/** Milliseconds in which all comes to its end, when nothing dies any more. */
const CALM_MS = 60_000;

interface Pay {
  type: 'pay';
  id: string;
  to: string;
  ms: number;
}

interface Order {
  id: string;
  to: string;
  ms: number;
  /** That it came to its end. */
  times: number;
}

/** What the world outside sees of a run. */
interface Outside {
  sleep: (ms: number) => Promise<void>;
  readonly paid: Set<string>;
  readonly breaches: string[];
}

function actorsOf(outside: Outside, durable: boolean) {
  const charge = fromPromise(async ({ input: { id, ms } }: { input: { id: string; ms: number } }) => {
    if (outside.paid.has(id)) outside.breaches.push(`${id} is charged again after it was paid`);
    await outside.sleep(ms);
  });
  const machine = setup({
    types: {
      context: {} as Order,
      events: {} as Pay | { type: 'look' },
    },
    actors: { charge },
  }).createMachine({
    context: { id: '', to: '', ms: 0, times: 0 },
    initial: 'open',
    on: { look: {} },
    states: {
      open: {
        on: { pay: { target: 'charging', actions: assign(({ event: { id, to, ms } }) => ({ id, to, ms })) } },
      },
      charging: { invoke: { src: 'charge', input: ({ context: { id, ms } }) => ({ id, ms }), onDone: 'settling' } },
      settling: { after: { [SETTLE_MS]: 'paid' } },
      paid: {
        entry: [
          assign({ times: ({ context }) => context.times + 1 }),
          tell(
            ({ context }: { context: Order }) => context.to,
            ({ context }: { context: Order }) => ({ type: 'paid', id: context.id }),
          ),
        ],
      },
    },
  });
  const supervision = { intensity: 1_000, periodMs: 10_000, backoff: { initialMs: 1, maxMs: 50 } };
  const order = defineActor({ durable, machine, passivateAfterMs: IDLE_MS, supervision });
  const payee = defineActor({
    durable: true,
    supervision,
    state: () => ({ paid: {} as Record<string, number> }),
    receive: {
      paid({ state }, { id }: { id: string }) {
        outside.paid.add(id);
        state.paid[id] = (state.paid[id] ?? 0) + 1;
      },
      get: ({ state }) => state.paid,
    },
  });
  return { order, payee };
}

export interface OrdersOptions {
  seed: number;
  steps: number;
  restarts?: number;
  /** Nothing dies, and nothing moves: what an order does not do by itself nobody makes it do. */
  isCalm?: boolean;
  /** Orders are not durable, and move while nothing dies: a move takes along what is under way. */
  isVolatile?: boolean;
}

export interface OrdersResult {
  readonly breaches: readonly string[];
  readonly orders: number;
  readonly kills: number;
}

export async function runOrders({
  seed,
  steps,
  restarts = 0,
  isCalm = false,
  isVolatile = false,
}: OrdersOptions): Promise<OrdersResult> {
  const random = seededRandom(seed * 13 + 5);
  const disk = new SimulatedDisk();
  const outside: Outside = { sleep: () => Promise.resolve(), paid: new Set(), breaches: [] };
  const actors = actorsOf(outside, !isVolatile);
  /** With the life of the system in which each was given. */
  const given = new Map<string, number>();
  let beginsAt = 1_000;
  let kills = 0;
  for (let life = 0; life <= restarts; life++) {
    const simulation = await Simulation.start({
      ...{ seed: seed + life * 1_000, workers: 3, actors, disk, beginsAt },
      // Before any process: orders that were under way begin again with the first worker.
      built: ({ time }) => {
        outside.sleep = (ms) => new Promise((resolve) => time.at(ms, resolve));
      },
    });
    for (let step = 0; step < steps; step++) {
      if (isCalm || random() < GIVE) give(simulation, random, given, `${life}.${step}`, life);
      else kills += trouble(simulation, isVolatile ? harmless(random) : random, [...given.keys()]);
      await simulation.run(random() * 100);
    }
    if (life < restarts) {
      simulation.crashAll();
      beginsAt = simulation.time.now + 50;
      continue;
    }
    await simulation.run(CALM_MS);
    await check(simulation, given, restarts, isVolatile, outside.breaches);
    await simulation.until(simulation.system.shutdown());
  }
  return { breaches: outside.breaches, orders: given.size, kills };
}

/** Share of the steps. */
const GIVE = 0.5;

function give(
  { system }: Simulation,
  random: () => number,
  given: Map<string, number>,
  id: string,
  life: number,
): void {
  given.set(id, life);
  const to = `payee/${Math.floor(random() * PAYEES)}`;
  system.tell(`order/${id}`, { type: 'pay', id, to, ms: random() * CHARGE_MS });
}

/** Of the troubles, the first ones: something dies or is lost. */
const DEATHS = 0.6;

function harmless(random: () => number): () => number {
  return () => DEATHS + (1 - DEATHS) * random();
}

function trouble(simulation: Simulation, random: () => number, orders: readonly string[]): number {
  const worker = 1 + Math.floor(random() * 3);
  const order = orders[Math.floor(random() * orders.length)];
  const chance = random();
  if (chance < 0.3) {
    simulation.crash(worker);
    return 1;
  }
  if (chance < 0.4) simulation.freeze(worker);
  else if (chance < 0.5) simulation.thaw(worker);
  else if (chance < DEATHS) simulation.reset(worker, 1 + (worker % 3));
  else if (chance < 0.8 && order !== undefined) simulation.system.move(`order/${order}`, worker).catch(() => {});
  else if (order !== undefined) simulation.system.tell(`order/${order}`, { type: 'look' });
  return 0;
}

async function check(
  simulation: Simulation,
  given: ReadonlyMap<string, number>,
  lastLife: number,
  isVolatile: boolean,
  breaches: string[],
): Promise<void> {
  const times = new Map<string, number>();
  const ask = (to: string, type: string): Promise<unknown> =>
    simulation.until(simulation.system.ask(to, { type }, { timeoutMs: 50_000 }));
  for (let n = 0; n < PAYEES; n++)
    for (const [id, count] of Object.entries((await ask(`payee/${n}`, 'get')) as Record<string, number>))
      times.set(id, (times.get(id) ?? 0) + count);
  for (const [id, life] of given) {
    const { value, context } = (await ask(`order/${id}`, 'look')) as { value: string; context: { times: number } };
    const told = times.get(id) ?? 0;
    // What the master had told, and was not committed when all was killed, was in its memory.
    if (value === 'open' && told === 0 && life < lastLife) continue;
    // One that is not durable forgets that it was paid, when it leaves memory.
    const isPaid = isVolatile ? value === 'open' : value === 'paid' && context.times === 1;
    if (!isPaid || told !== 1)
      breaches.push(`order ${id} is ${value}, was paid ${context.times} times, and told it ${told} times`);
  }
}
