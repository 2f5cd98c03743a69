/** The columns of a machine's table, as its membership changes. */
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { FAREWELL_MS, PartitionHosting } from '../../../src/machine-hosting/partition-hosting.ts';
import { MACHINE_INDEX_MIN } from '../../../src/vocabulary/host-index.ts';
import type { MachineInfo } from '../../../src/observe/machine-info.ts';
import { type LeftPartitions, type MachinesView, NOWHERE } from '../../../src/wire/control.ts';

const machine = (id: string, state: MachineInfo['state'] = 'live'): MachineInfo => ({
  ...{ id, state, address: `${id}:1`, workers: 1, leaseMs: 1_000 },
});

/** Its first partitions are this machine's, and so on. */
class Membership {
  id = 'a';
  tableEpoch = 1;
  owners: (string | undefined)[] = ['a', 'a', 'b', 'b', undefined];
  serving = new Set([0, 1]);
  rows = [machine('a'), machine('b')];
  machines = (): MachineInfo[] => this.rows;
  ownerOf = (partition: number): string | undefined => this.owners[partition];
  live = new Set<number>();
  isHandedLive = (partition: number): boolean => this.live.has(partition);
  takesState = (): boolean => true;
  epochs = new Map<number, number>();
  epochOf = (partition: number): number | undefined =>
    this.serving.has(partition) ? (this.epochs.get(partition) ?? 1) : undefined;
}

describe('the partitions of a machine', () => {
  let clock: VirtualClock;
  let membership: Membership;
  let hosting: PartitionHosting;
  let told: { machines: MachinesView; left: LeftPartitions }[];
  let revoked: string[];
  let entered: string[];
  let asked: object[];
  /** What the master is told, in its order: which partitions it keeps in place, which tables it publishes, what its processes are asked. */
  let order: string[];
  /** What the processes answer, by the first word of the question. */
  let answers: Record<string, unknown>;
  /** The way in has delivered what has arrived. */
  let arrival: Promise<unknown>;
  const hosts = (): (number | undefined)[] => [0, 1, 2, 3, 4].map((shard) => hosting.elsewhere(shard));
  const others = (): string[] => told.at(-1)?.machines.others.map((other) => other.machine) ?? [];

  beforeEach(() => {
    clock = new VirtualClock();
    membership = new Membership();
    hosting = new PartitionHosting();
    told = [];
    arrival = Promise.resolve(true);
    revoked = [];
    entered = [];
    asked = [];
    order = [];
    answers = { stand: [], 'flush-everywhere': true, transfer: [] };
    hosting.begin(membership, {
      clock,
      master: {
        epoch: 12,
        machinesChanged: (machines, left) => {
          order.push(`table, held ${machines.held}, left ${left.partitions}`);
          told.push({ machines, left });
        },
        keepInPlace: (partitions) => void order.push(`keep ${[...partitions]}`),
        askOwn: () => arrival,
        ask: async (what) => {
          asked.push(typeof what === 'string' ? { [what]: true } : what);
          order.push(`ask ${typeof what === 'object' && 'stand' in what ? `stand ${what.stand}` : 'more'}`);
          const [name = ''] = Object.keys(asked.at(-1) as object);
          return [answers[name], answers[name]];
        },
      },
      store: () => ({
        highestEpoch: async () => 7,
        revoke: async (writer) => void revoked.push(writer),
        enter: async (writer, epoch) => void entered.push(`${writer} ${epoch}`),
        serve: async () => {},
      }),
    });
  });

  it('are written under its name by incarnations of the present table, and of later ones', async () => {
    await hosting.enter('vm-2');
    expect(entered).toEqual(['vm-2 12']);
  });

  it('are hosted here, by an index of another machine, or by none', () => {
    expect(hosts()).toEqual([undefined, undefined, MACHINE_INDEX_MIN, MACHINE_INDEX_MIN, NOWHERE]);
    expect(new PartitionHosting().elsewhere(0)).toBe(NOWHERE);
    hosting.changed();
    expect(told.length).toBe(1);
  });

  it('have no host once their machine is lost, and another index when it comes again', () => {
    membership.rows = [machine('a'), machine('b', 'lost')];
    hosting.changed();
    expect(hosts()[2]).toBe(NOWHERE);
    expect(others()).toEqual([]);
    membership.rows = [machine('a'), machine('b2')];
    membership.owners = ['a', 'a', 'b2', 'b2', undefined];
    hosting.changed();
    expect(hosts()[2]).toBe(MACHINE_INDEX_MIN + 1);
  });

  it('are told as left where another machine has them', () => {
    membership.serving = new Set([0]);
    membership.owners = ['a', 'b', 'b', 'b', undefined];
    hosting.stop();
    expect(told.at(-1)?.left).toEqual({ partitions: [1], handedOver: [] });
  });

  const held = (): number[] | undefined => told.at(-1)?.machines.held;
  const wentOn = (): boolean => JSON.stringify(asked.at(-1)).includes('"stand":[],');

  it('are on hold while they are handed over, and live on at the new owner once the table says so', async () => {
    expect(await hosting.handOver([1], 'b', false)).toEqual({ partitions: [1], isLive: true });
    expect(asked.map((what) => Object.keys(what)[0])).toEqual(['stand', 'flush-everywhere', 'transfer']);
    expect([hosts()[1], held()]).toEqual([undefined, [1]]);
    membership.serving = new Set([0]);
    membership.owners = ['a', 'b', 'b', 'b', undefined];
    membership.live = new Set([1]);
    hosting.stop();
    expect(told.at(-1)?.left).toEqual({ partitions: [1], handedOver: [1] });
    expect(held()).toEqual([]);
  });

  it('have left where they are here again by a later epoch: they were another machine’s in between', async () => {
    membership.epochs.set(0, 3);
    hosting.start();
    expect(told.at(-1)?.left).toEqual({ partitions: [0], handedOver: [] });
    expect(hosts()[0]).toBe(undefined);
    hosting.changed();
    await hosting.handOver([1], 'b', false);
    expect(told.at(-1)?.left).toEqual({ partitions: [], handedOver: [] });
    membership.epochs.set(1, 5);
    hosting.start();
    expect(told.at(-1)?.left).toEqual({ partitions: [1], handedOver: [1] });
  });

  it('that are lost before what came with them is with the workers bring nothing that goes on', async () => {
    const lost = (): number[] | undefined => told.at(-1)?.machines.lostArriving;
    let delivered = (_: unknown): void => {};
    arrival = new Promise((resolve) => (delivered = resolve));
    const come = (partitions: number[]): void => {
      for (const partition of partitions) membership.serving.add(partition);
      hosting.expect(partitions, 'b');
      hosting.start();
    };
    come([2, 3]);
    expect([held(), lost()]).toEqual([[2, 3], []]);
    membership.serving.delete(3);
    hosting.stop();
    expect(held()).toEqual([2]);
    // It comes once more, with what became of it meanwhile.
    come([3]);
    expect(held()).toEqual([2, 3]);
    delivered(true);
    await expect.poll(() => told.at(-1)?.machines.arrived).toBe(2);
    const arrivals = told.map(({ machines }) => `${machines.arrived}: ${machines.lostArriving}, held ${machines.held}`);
    expect(arrivals.slice(-2)).toEqual(['1: 3, held 3', '2: , held ']);
  });

  it('that come again before it was read that they were lost bring what came with them last', async () => {
    let delivered = (_: unknown): void => {};
    arrival = new Promise((resolve) => (delivered = resolve));
    membership.serving.add(2);
    hosting.expect([2], 'b');
    hosting.start();
    membership.epochs.set(2, 4);
    hosting.expect([2], 'b');
    hosting.start();
    expect([told.at(-1)?.left.partitions, held()]).toEqual([[2], [2]]);
    delivered(true);
    await expect.poll(() => told.at(-1)?.machines.arrived).toBe(2);
    expect(told.slice(-2).map(({ machines }) => machines.lostArriving)).toEqual([[2], []]);
  });

  it('are kept in place until the table says that they have left', async () => {
    await hosting.handOver([1], 'b', false);
    order = [];
    membership.serving = new Set([0]);
    membership.owners = ['a', 'b', 'b', 'b', undefined];
    membership.live = new Set([1]);
    hosting.stop();
    expect(order).toEqual(['table, held , left 1', 'keep ']);
  });

  it('are kept in place until those of them whose actors do not stand have been let go on by the table', async () => {
    answers.stand = [0];
    order = [];
    await hosting.handOver([0, 1], 'b', false);
    expect(order).toEqual(['keep 0,1', 'ask stand 0,1', 'table, held 1, left ', 'keep 1', 'ask more', 'ask more']);
  });

  it('are kept in place until their actors go on, where nothing comes of it', async () => {
    answers.transfer = undefined;
    await hosting.handOver([1], 'b', false);
    expect(order.slice(-3)).toEqual(['table, held , left ', 'ask stand ', 'keep ']);
    answers.stand = undefined;
    order = [];
    await hosting.handOver([1], 'b', false);
    expect(order).toEqual(['keep 1', 'ask stand 1', 'ask stand ', 'keep ']);
  });

  it('are kept in place until they are on hold no more, where they do not change hands after all', async () => {
    await hosting.handOver([1], 'b', false);
    order = [];
    hosting.resume();
    expect(order).toEqual(['table, held , left ', 'keep ']);
  });

  it('are handed over only once their actors are here', async () => {
    let delivered = (): void => {};
    arrival = new Promise<void>((resolve) => (delivered = resolve));
    hosting.expect([1], 'b');
    hosting.start();
    const handed = hosting.handOver([1], 'b', false);
    await clock.advance(1_000);
    expect([asked, held()]).toEqual([[], [1]]);
    delivered();
    expect(await handed).toEqual({ partitions: [1], isLive: true });
    expect(asked.map((what) => Object.keys(what)[0])).toEqual(['stand', 'flush-everywhere', 'transfer']);
    expect(told.some(({ machines }) => machines.arrived === 1 && machines.held.length === 0)).toBe(true);
  });

  it('have not gone along where the machine that was to get them has claimed them', async () => {
    await hosting.handOver([1], 'b', false);
    membership.serving = new Set([0]);
    membership.owners = ['a', 'b', 'b', 'b', undefined];
    hosting.stop();
    expect(told.at(-1)?.left).toEqual({ partitions: [1], handedOver: [] });
    expect(held()).toEqual([]);
  });

  it('go on here where their hand-over comes to nothing', async () => {
    await hosting.handOver([1], 'b', false);
    hosting.resume();
    expect([hosts()[1], held()]).toEqual([undefined, []]);
    expect(told.at(-1)?.left.partitions).toEqual([]);
  });

  it('go on here where a process does not say that it is over, and are not tried again at once', async () => {
    for (const step of ['stand', 'flush-everywhere', 'transfer']) {
      const before = answers[step];
      answers[step] = undefined;
      expect([step, await hosting.handOver([0, 1], 'b', false)]).toEqual([step, { partitions: [], isLive: false }]);
      expect([held(), wentOn()]).toEqual([[], true]);
      answers[step] = before;
    }
  });

  it('are handed over without what lives there where a machine leaves and it does not go, or the other one does not take it', async () => {
    answers.transfer = undefined;
    const handed = hosting.handOver([0, 1], 'b', true);
    await clock.advance(1_000);
    expect(await handed).toEqual({ partitions: [0, 1], isLive: false });
    expect(held()).toEqual([0, 1]);
    hosting.resume();
    membership.takesState = () => false;
    asked = [];
    expect(await hosting.handOver([0], 'b', false)).toEqual({ partitions: [0], isLive: false });
    expect(asked.length).toBe(1);
    // Whoever has it by then begins from records: what stood here ends.
    membership.serving = new Set([1]);
    membership.owners = ['b', 'a', 'b', 'b', undefined];
    hosting.stop();
    expect(told.at(-1)?.left).toEqual({ partitions: [0], handedOver: [] });
  });

  it('that are too much for once, or busy, stay for another time', async () => {
    answers.stand = [0];
    expect(await hosting.handOver([0, 1], 'b', false)).toEqual({ partitions: [1], isLive: true });
    hosting.resume();
    answers = { ...answers, stand: [], transfer: [1] };
    expect(await hosting.handOver([0, 1], 'b', false)).toEqual({ partitions: [0], isLive: true });
    expect(held()).toEqual([0]);
  });

  it('arrive on hold, until the workers have what lived there', async () => {
    hosting.expect([2], 'b');
    membership.serving = new Set([0, 1, 2]);
    membership.owners = ['a', 'a', 'a', 'b', undefined];
    hosting.start();
    expect([hosts()[2], held(), told.at(-1)?.machines.arrived]).toEqual([undefined, [2], 0]);
    await clock.advance(1);
    expect([held(), told.at(-1)?.machines.arrived]).toEqual([[], 1]);
  });

  it('are claimed once their owner can write no more', async () => {
    expect(await hosting.highestEpoch([0, 2, 3, 4])).toBe(7);
    expect(revoked).toEqual(['b']);
  });

  it('of a machine that has left in order keep its links for a while', async () => {
    membership.rows = [machine('a'), machine('b', 'leaving')];
    hosting.changed();
    membership.rows = [machine('a')];
    membership.owners = ['a', 'a', 'a', 'a', undefined];
    hosting.changed();
    expect(others()).toEqual(['b']);
    await clock.advance(FAREWELL_MS);
    expect(others()).toEqual([]);
  });

  it('are not those of another machine under the name that this one had', () => {
    membership.id = 'a2';
    membership.serving = new Set();
    membership.rows = [machine('a'), machine('a2'), machine('b')];
    hosting.changed();
    expect(others()).toEqual(['b']);
    expect(hosts()[0]).toBe(NOWHERE);
  });
});
