/**
 * A bank over three machines that share a store, under faults of machines: one joins, leaves, dies, is cut off from the directory, stands still
 * for longer than its lease; the directory is slow, gone, or says nothing of a write. Money is neither made nor lost, each order is carried
 * out once, and no turn is made by an old epoch of a partition behind one by a newer.
 */
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { ClusterProcess } from '../../../src/process/cluster-process.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';
import { partitionEpochOf } from '../../../src/vocabulary/fence.ts';

const ACCOUNTS = 12;
const OPENING = 1_000;
const LEASE = 900;
const MACHINES_MAX = 5;
/** Longer than any fault. */
const ASK_MS = 15_000;

interface Account {
  balance: number;
  left: Record<string, number>;
  arrived: Record<string, number>;
  breaches: string[];
  /** Sender → the last number of its messages. */
  last: Record<string, number>;
  given: Record<string, number>;
}

interface Transfer {
  to: string;
  amount: number;
  id: string;
}

/** Each turn, durable or not: whose, and by which epoch of its partition. */
let noteTurn: (id: string, fence: string) => void = () => {};

const account = defineActor({
  durable: true,
  supervision: { intensity: 10_000, periodMs: 1_000, backoff: { initialMs: 1, maxMs: 50 } },
  state: (): Account => ({ balance: OPENING, left: {}, arrived: {}, breaches: [], last: {}, given: {} }),
  receive: {
    transfer(ctx, { to, amount, id }: Transfer) {
      noteTurn(ctx.id, ctx.fence);
      const { state } = ctx;
      state.balance -= amount;
      state.left[id] = (state.left[id] ?? 0) + 1;
      const n = (state.given[to] ?? 0) + 1;
      state.given[to] = n;
      ctx.tell(to, { type: 'deposit', amount, id, from: ctx.id, n });
      return id;
    },
    deposit(ctx, { amount, id, from, n }: { amount: number; id: string; from: string; n: number }) {
      noteTurn(ctx.id, ctx.fence);
      const { state } = ctx;
      if (n !== (state.last[from] ?? 0) + 1) state.breaches.push(`from ${from}: ${n} after ${state.last[from]}`);
      state.last[from] = n;
      state.balance += amount;
      state.arrived[id] = (state.arrived[id] ?? 0) + 1;
    },
    get: ({ state }) => state,
  },
});
/** Nothing of it is kept; its turns take a while. */
const tally = defineActor({
  supervision: { intensity: 10_000, periodMs: 1_000 },
  state: () => ({ count: 0 }),
  receive: {
    add(ctx) {
      noteTurn(ctx.id, ctx.fence);
      return ++ctx.state.count;
    },
  },
});

export interface MachinesBankResult {
  breaches: string[];
  transfers: number;
  turns: number;
  faults: Record<string, number>;
}

export class MachinesBank {
  readonly cluster: SimulatedCluster;
  readonly #random: () => number;
  readonly #transfers = new Set<string>();
  readonly #answered = new Set<string>();
  readonly #epochs = new Map<string, number>();
  readonly breaches: string[] = [];
  readonly faults: Record<string, number> = {};
  #turns = 0;
  #frozen: ClusterMachine | undefined;

  /** `isHeedless`: a mistake on purpose: processes serve on, whatever their deadline. */
  constructor(seed: number, isHeedless = false) {
    this.#random = seededRandom(seed * 13 + 5);
    this.cluster = new SimulatedCluster({
      seed,
      workers: 2,
      actors: { account, tally },
      leaseMs: LEASE,
      records: new Map(),
      ...(isHeedless && { began: servesForEver }),
    });
    noteTurn = (id, fence) => {
      this.#turns++;
      const epoch = partitionEpochOf(fence);
      if (epoch === 0) this.breaches.push(`a turn of ${id} without an epoch of its partition`);
      if (epoch < (this.#epochs.get(id) ?? 0))
        this.breaches.push(`a turn of ${id} by epoch ${epoch} behind one of a newer owner`);
      this.#epochs.set(id, Math.max(epoch, this.#epochs.get(id) ?? 0));
    };
  }

  async run(steps: number): Promise<MachinesBankResult> {
    const { cluster } = this;
    for (let at = 0; at < 3; at++) await cluster.add();
    for (let step = 0; step < steps; step++) {
      for (let n = 0; n < 3; n++) this.#order(`${step}.${n}`);
      await this.#fault();
      await cluster.run(this.#random() * LEASE * 0.4);
    }
    await this.#heal();
    await this.#check();
    return { breaches: this.breaches, transfers: this.#transfers.size, turns: this.#turns, faults: this.faults };
  }

  get #up(): ClusterMachine[] {
    return this.cluster.machines.filter(({ isDead, hasLeft }) => !isDead && !hasLeft);
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T;
  }

  #order(id: string): void {
    // Also by one that stands still: it comes to that as it goes on, before it hears what became of its partitions.
    const { system } = this.#pick(this.#up);
    const [from, to] = [this.#pick([...Array(ACCOUNTS).keys()]), this.#pick([...Array(ACCOUNTS).keys()])];
    this.#transfers.add(id);
    const order = { type: 'transfer', to: `account/${to}`, amount: 1 + Math.floor(this.#random() * 9), id };
    const answered = (): unknown => this.#answered.add(id);
    void system.ask(`account/${from}`, order, { timeoutMs: ASK_MS }).then(answered, () => {});
    const workers = this.#up.flatMap(({ simulation }) => simulation.workers());
    for (const { process } of workers) process?.system.tell(`tally/${from}`, { type: 'add' });
  }

  async #fault(): Promise<void> {
    const { cluster } = this;
    const { engine } = cluster;
    const up = this.#up;
    const one = this.#pick(up);
    const chance = this.#random();
    // Gone for long it would keep all others from acting.
    if (engine.isGone && this.#random() < 0.3) engine.isGone = false;
    const note = (what: string): void => void (this.faults[what] = (this.faults[what] ?? 0) + 1);
    if (chance < 0.05 && up.length < MACHINES_MAX && engine.isGone === false) {
      note('join');
      const machine = await cluster.begin();
      void machine.join();
    } else if (chance < 0.09 && up.length > 2 && one !== this.#frozen) {
      note('leave');
      void one.leave();
    } else if (chance < 0.13 && up.length > 2 && one !== this.#frozen) {
      note('die');
      one.crash();
    } else if (chance < 0.2) {
      note('cut off');
      one.isCutOff = !one.isCutOff;
    } else if (chance < 0.27 && this.#frozen === undefined && up.length > 1) {
      note('pause');
      this.#frozen = one;
      one.freeze();
    } else if (chance < 0.4 && this.#frozen !== undefined) {
      this.#frozen.thaw();
      this.#frozen = undefined;
    } else if (chance < 0.45) {
      note('engine gone');
      engine.isGone = !engine.isGone;
    } else if (chance < 0.5) {
      note('engine slow');
      engine.delayMs = engine.delayMs() > 0 ? () => 0 : () => 1 + this.#random() * LEASE * 0.1;
    } else if (chance < 0.55) {
      note('no answer');
      const fates = ['answered', 'answered', 'answered', 'lost', 'late', 'never'] as const;
      engine.fateOf = this.#random() < 0.5 ? () => 'answered' : (isWrite) => (isWrite ? this.#pick(fates) : 'answered');
    } else if (chance < 0.62) {
      note('worker dies');
      one.simulation.crash(1 + Math.floor(this.#random() * 2));
    } else if (chance < 0.7 && one.disk) {
      note('commits hang, and come late');
      one.disk.faults = { fail: 0, lie: 0.03, hang: this.#random() < 0.5 ? 0 : 0.3, hangMs: LEASE * 2 };
    }
  }

  async #heal(): Promise<void> {
    const { engine } = this.cluster;
    Object.assign(engine, { isGone: false, delayMs: () => 0, fateOf: () => 'answered' });
    this.#frozen?.thaw();
    for (const one of this.cluster.machines) {
      one.isCutOff = false;
      if (one.disk) one.disk.faults = { fail: 0, lie: 0, hang: 0, hangMs: 0 };
    }
    await this.cluster.run(LEASE * 4);
    await this.cluster.settle();
    // Asks that wait have an end, and what is unfinished in records is sent again.
    await this.cluster.run(ASK_MS + 5_000);
  }

  async #check(): Promise<void> {
    const { system } = this.#up[0] as ClusterMachine;
    const states: Account[] = [];
    for (let n = 0; n < ACCOUNTS; n++)
      states.push(await this.cluster.until(system.ask(`account/${n}`, { type: 'get' }, { timeoutMs: 50_000 })));
    const sum = states.reduce((total, { balance }) => total + balance, 0);
    if (sum !== ACCOUNTS * OPENING) this.breaches.push(`the sum is ${ACCOUNTS * OPENING}; got ${sum}`);
    for (const [n, state] of states.entries())
      this.breaches.push(...state.breaches.map((text) => `account/${n}: ${text}`));
    for (const id of this.#transfers) {
      const count = (what: 'left' | 'arrived'): number =>
        states.reduce((total, state) => total + (state[what][id] ?? 0), 0);
      const [left, arrived] = [count('left'), count('arrived')];
      const isBad = left !== arrived || left > 1 || (this.#answered.has(id) && left !== 1);
      if (isBad)
        this.breaches.push(
          `transfer ${id} left ${left} times and arrived ${arrived} times; answered: ${this.#answered.has(id)}`,
        );
    }
    if (this.#answered.size * 4 < this.#transfers.size)
      this.breaches.push(`of ${this.#transfers.size} transfers only ${this.#answered.size} were answered`);
  }

  end(): void {
    for (const machine of this.#up) machine.crash();
  }
}

function servesForEver({ kernel: { serving } }: ClusterProcess): void {
  if (!serving) return;
  const serve = serving.serve.bind(serving);
  serving.serve = (until) => serve(until > 0 ? Number.POSITIVE_INFINITY : until);
}
