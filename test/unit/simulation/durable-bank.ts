/**
 * A bank of durable accounts under crashes: what each account says of itself at the end must add up. An account notes in
 * its own state what came to it, so a message handled twice, lost or swapped shows in what was committed.
 */
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { SimulatedDisk } from '../../../src/simulation/simulated-disk.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';

export const ACCOUNTS = 6;
const OPENING = 1_000;

interface Account {
  balance: number;
  /** Sender → the last number of its messages. */
  last: Record<string, number>;
  /** Receiver → the last number given to it. */
  given: Record<string, number>;
  /** Transfers that arrived: id → times. */
  arrived: Record<string, number>;
  /** Transfers that left. */
  left: Record<string, number>;
  fired: Record<string, number>;
  breaches: string[];
}

interface Numbered {
  from: string;
  n: number;
}

function arrive(state: Account, { from, n }: Numbered): void {
  const last = state.last[from] ?? 0;
  if (n !== last + 1) state.breaches.push(`from ${from}: ${n} after ${last}`);
  state.last[from] = n;
}

/** Busy ones have small mailboxes, which are full while a turn takes its time, and do not leave memory. */
const accountOf = (isBusy: boolean): ActorDefinition =>
  defineActor({
    durable: true,
    mailbox: { capacity: isBusy ? CAPACITY_BUSY : CAPACITY },
    passivateAfterMs: isBusy ? 0 : 700,
    supervision: { intensity: 1_000, periodMs: 10_000, backoff: { initialMs: 1, maxMs: 50 } },
    state: (): Account => ({ balance: OPENING, last: {}, given: {}, arrived: {}, left: {}, fired: {}, breaches: [] }),
    receive: {
      /** By tell: out of the one, into the other. */
      transfer(ctx, { to, amount, id, ...numbered }: Numbered & { to: string; amount: number; id: string }) {
        const { state } = ctx;
        arrive(state, numbered);
        state.balance -= amount;
        state.left[id] = (state.left[id] ?? 0) + 1;
        const n = (state.given[to] ?? 0) + 1;
        state.given[to] = n;
        ctx.tell(to, { type: 'deposit', amount, id, from: ctx.id, n });
        return id;
      },
      deposit({ state }, { amount, id, ...numbered }: Numbered & { amount: number; id: string }) {
        arrive(state, numbered);
        state.balance += amount;
        state.arrived[id] = (state.arrived[id] ?? 0) + 1;
      },
      /** An order that has reached the bank is not lost with who gave it. */
      order(
        ctx,
        { to, amount, payee, id, ...numbered }: Numbered & { to: string; amount: number; payee: string; id: string },
      ) {
        arrive(ctx.state, numbered);
        const n = (ctx.state.given[to] ?? 0) + 1;
        ctx.state.given[to] = n;
        ctx.tell(to, { type: 'pay', to: payee, amount, id, from: ctx.id, n });
      },
      /** By an ask inside the turn. */
      async pay(ctx, { to, amount, id, ...numbered }: Numbered & { to: string; amount: number; id: string }) {
        arrive(ctx.state, numbered);
        await ctx.ask(to, { type: 'receive', amount, id }, { timeoutMs: 60_000 });
        ctx.state.balance -= amount;
        ctx.state.left[id] = (ctx.state.left[id] ?? 0) + 1;
      },
      receive({ state }, { amount, id }: { amount: number; id: string }) {
        state.balance += amount;
        state.arrived[id] = (state.arrived[id] ?? 0) + 1;
        return state.arrived[id];
      },
      async work({ state }, { ms, ...numbered }: Numbered & { ms: number }) {
        arrive(state, numbered);
        await bankSleep(ms);
      },
      later(ctx, { ms, id, ...numbered }: Numbered & { ms: number; id: string }) {
        arrive(ctx.state, numbered);
        ctx.remind(id, { atMs: bankWall() + ms }, { type: 'fire', id });
      },
      fire({ state }, { id }: { id: string }) {
        state.fired[id] = (state.fired[id] ?? 0) + 1;
      },
      get: ({ state }) => state,
    },
  });

let bankWall = (): number => 0;
let bankSleep = (_ms: number): Promise<void> => Promise.resolve();

/** Of the steps. */
const FATE = 0.2;

const CAPACITY = 10_000;
const CAPACITY_BUSY = 4;

export interface BankOptions {
  seed: number;
  steps: number;
  faults?: boolean;
  /** The owner of the store stands still, and fails. */
  ownerFaults?: boolean;
  restarts?: number;
  /**
   * Accounts have turns that take long, and mailboxes that are full before they end. Nothing dies: nobody begins anew, who would see
   * to what is late, and no message is given up because processes die in its turn.
   */
  busy?: boolean;
  /** The store takes several commits at once, and whole values. */
  gathersCommits?: boolean;
  /** A mistake on purpose, to see the properties fail. */
  sabotage?: (simulation: Simulation) => void;
}

export interface BankResult {
  breaches: string[];
  kills: number;
  transfers: number;
}

export async function runBank({
  seed,
  steps,
  faults = false,
  ownerFaults = false,
  restarts = 0,
  busy = false,
  gathersCommits = false,
  sabotage,
}: BankOptions): Promise<BankResult> {
  const random = seededRandom(seed * 7 + 1);
  const disk = new SimulatedDisk();
  disk.gathersCommits = gathersCommits;
  const actors: Record<string, ActorDefinition> = { account: accountOf(busy) };
  const breaches: string[] = [];
  const told = new Map<string, number>();
  const wanted = { transfers: new Set<string>(), reminders: new Map<string, string>(), rejected: [] as string[] };
  let beginsAt = 1_000;
  let kills = 0;
  for (let life = 0; life <= restarts; life++) {
    const isLast = life === restarts;
    const simulation = await Simulation.start({
      seed: seed + life * 1_000,
      workers: 3,
      actors,
      disk,
      beginsAt,
      durableInMemoryMax: 4,
    });
    bankWall = () => simulation.clock.wall();
    bankSleep = (ms) => new Promise((resolve) => simulation.time.at(ms, resolve));
    sabotage?.(simulation);
    if (faults) disk.faults = { fail: 0.03, lie: 0.03, hang: 0.02, hangMs: 40 };
    const lifeName = `master${life}`;
    for (let step = 0; step < steps; step++) {
      if (busy && random() < WORK) work(simulation, random, lifeName, told);
      else kills += act(simulation, busy ? calmed(random) : random, lifeName, `${life}.${step}`, told, wanted);
      if (ownerFaults) disturbOwner(simulation, random);
      await simulation.run(random() * 6);
    }
    if (!isLast) {
      // What the master had told and was not committed yet was in its memory.
      simulation.crashAll();
      beginsAt = simulation.time.now + 50;
      continue;
    }
    disk.faults = { fail: 0, lie: 0, hang: 0, hangMs: 0 };
    simulation.owner?.unstall();
    await simulation.run(120_000);
    breaches.push(...(await check(simulation, wanted, restarts === 0)));
    await simulation.until(simulation.system.shutdown());
  }
  return { breaches, kills, transfers: wanted.transfers.size };
}

/** Draws none of the steps of fate: those are the first ones. */
function calmed(random: () => number): () => number {
  return () => FATE + (1 - FATE) * random();
}

/** Share of the steps of busy times, and how long one such turn takes. */
const WORK = 0.2;
const WORK_MS = 400;

function disturbOwner({ owner }: Simulation, random: () => number): void {
  const chance = random();
  if (chance < 0.03) owner?.fail();
  else if (chance < 0.06) owner?.stall();
  else if (chance < 0.2) owner?.unstall();
}

type Wanted = { transfers: Set<string>; reminders: Map<string, string>; rejected: string[] };

function act(
  simulation: Simulation,
  random: () => number,
  from: string,
  id: string,
  told: Map<string, number>,
  wanted: Wanted,
): number {
  const pick = (): string => `account/${Math.floor(random() * ACCOUNTS)}`;
  const worker = 1 + Math.floor(random() * 3);
  const chance = random();
  const to = pick();
  const number = (): Numbered => nextOf(told, from, to);
  const amount = 1 + Math.floor(random() * 9);
  if (chance < 0.06) {
    simulation.crash(worker);
    return 1;
  }
  if (chance < 0.08) simulation.freeze(worker);
  else if (chance < 0.1) simulation.thaw(worker);
  else if (chance < 0.13) simulation.system.move(to, worker).catch(() => {});
  else if (chance < 0.15) simulation.cut(worker, 1 + (worker % 3));
  else if (chance < 0.18) simulation.reset(worker, 1 + (worker % 3));
  else if (chance < FATE) simulation.reset(0, worker);
  else if (chance < 0.55) {
    wanted.transfers.add(id);
    simulation.system.tell(to, { type: 'transfer', to: pick(), amount, id, ...number() });
  } else if (chance < 0.7) {
    wanted.transfers.add(id);
    simulation.system
      .ask(to, { type: 'transfer', to: pick(), amount, id, ...number() }, { timeoutMs: 600_000 })
      .catch((error) => wanted.rejected.push(`${id} to ${to}: ${error}`));
  } else if (chance < 0.85) {
    const other = pick();
    if (other === to) return 0;
    // Two that ask each other wait in a ring: only towards the greater one.
    const [payer, payee] = to < other ? [to, other] : [other, to];
    wanted.transfers.add(id);
    simulation.system.tell(to, { type: 'order', to: payer, payee, amount, id, ...number() });
  } else {
    wanted.reminders.set(id, to);
    simulation.system.tell(to, { type: 'later', ms: random() * 5_000, id, ...number() });
  }
  return 0;
}

function nextOf(told: Map<string, number>, from: string, to: string): Numbered {
  const n = (told.get(`${from}>${to}`) ?? 0) + 1;
  told.set(`${from}>${to}`, n);
  return { from, n };
}

function work({ system }: Simulation, random: () => number, from: string, told: Map<string, number>): void {
  const to = `account/${Math.floor(random() * ACCOUNTS)}`;
  system.tell(to, { type: 'work', ms: random() * WORK_MS, ...nextOf(told, from, to) });
}

async function check(
  simulation: Simulation,
  { transfers, reminders, rejected }: Wanted,
  isComplete: boolean,
): Promise<string[]> {
  const breaches: string[] = [...rejected];
  const states: Account[] = [];
  for (let n = 0; n < ACCOUNTS; n++) {
    const asked = simulation.system.ask(`account/${n}`, { type: 'get' }, { timeoutMs: 50_000 }) as Promise<Account>;
    states.push(await simulation.until(asked));
  }
  const sum = states.reduce((total, { balance }) => total + balance, 0);
  if (sum !== ACCOUNTS * OPENING) breaches.push(`the sum is ${ACCOUNTS * OPENING}; got ${sum}`);
  for (const [n, state] of states.entries()) breaches.push(...state.breaches.map((text) => `account/${n}: ${text}`));
  const count = (id: string, what: 'arrived' | 'left' | 'fired'): number =>
    states.reduce((total, state) => total + (state[what][id] ?? 0), 0);
  for (const id of transfers) {
    const [left, arrived] = [count(id, 'left'), count(id, 'arrived')];
    if (left !== arrived || left > 1 || (isComplete && left !== 1))
      breaches.push(`transfer ${id} left ${left} times and arrived ${arrived} times`);
  }
  for (const id of reminders.keys()) {
    const fired = count(id, 'fired');
    if (fired > 1 || (isComplete && fired !== 1)) breaches.push(`reminder ${id} fired ${fired} times`);
  }
  if (breaches.length > 0)
    for (const { to, message, reason } of await simulation.until(simulation.system.deadLetters.list()))
      breaches.push(`dead letter (${reason}) to ${to}: ${JSON.stringify(message)}`);
  return breaches;
}
