/** The columns of a machine's table, as its membership changes. */
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { FAREWELL_MS, PartitionHosting } from '../../../src/machine-hosting/partition-hosting.ts';
import {
  type LeftPartitions,
  MACHINE_INDEX_MIN,
  type MachineInfo,
  type MachinesView,
  NOWHERE,
} from '../../../src/wire/control.ts';

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
  epochOf = (partition: number): number | undefined => (this.serving.has(partition) ? 1 : undefined);
}

describe('the partitions of a machine', () => {
  let clock: VirtualClock;
  let membership: Membership;
  let hosting: PartitionHosting;
  let told: { machines: MachinesView; left: LeftPartitions }[];
  let revoked: string[];
  let leave: (haveLeft: boolean) => void;
  const hosts = (): (number | undefined)[] => [0, 1, 2, 3, 4].map(hosting.elsewhere);
  const others = (): string[] => told.at(-1)?.machines.others.map((other) => other.machine) ?? [];

  beforeEach(() => {
    clock = new VirtualClock();
    membership = new Membership();
    hosting = new PartitionHosting();
    told = [];
    revoked = [];
    hosting.begin(membership, {
      clock,
      master: {
        machinesChanged: (machines, left) => void told.push({ machines, left }),
        haveLeft: () => new Promise((resolve) => (leave = resolve)),
      },
      store: () => ({
        highestEpoch: async () => 7,
        revoke: async (writer) => void revoked.push(writer),
        enter: async () => {},
        serve: async () => {},
      }),
    });
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
    expect(told.at(-1)?.left).toEqual({ partitions: [1], isHandedOver: false });
  });

  it('are held while they are handed over, and go on here where it comes to nothing', async () => {
    const handed = hosting.handOver([1]);
    expect(hosts()[1]).toBe(NOWHERE);
    expect(told.at(-1)?.left).toEqual({ partitions: [1], isHandedOver: true });
    leave(true);
    expect(await handed).toBe(true);
    hosting.resume([1]);
    expect(hosts()[1]).toBeUndefined();
    expect(told.at(-1)?.left.partitions).toEqual([]);
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
