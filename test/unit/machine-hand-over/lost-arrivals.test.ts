/** Actors that have come to a machine which is lost before they run there: they go on where others have begun them, and nowhere else. */
import { describe, expect, it } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { TransferredActor } from '../../../src/actor/transfer.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { DroppedTransfer } from '../../../src/handoff/incoming.ts';
import { actorPieces, mailPieces } from '../../../src/handoff/transfer-codec.ts';
import { ArrivalDelivery, type DeliveryParts } from '../../../src/machine-hand-over/arrival-delivery.ts';
import { ArrivingActors } from '../../../src/machine-hand-over/arriving-actors.ts';
import type { Arrived } from '../../../src/machine-hand-over/received-hand-overs.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { newKernel } from '../../../src/process/new-kernel.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { partitionEpochOf } from '../../../src/vocabulary/fence.ts';
import { encodeValue } from '../../../src/wire/codec.ts';
import { behavioursOf } from '../../../src/worker/load-actors.ts';
import { silent } from '../peer/link-fixture.ts';

const LEASE_MS = 900;
const IDS = Array.from({ length: 300 }, (_, at) => `beating/b${at}`);

/** The partitions that are on their way to a machine, by the table of its processes. */
function awaited({ simulation }: ClusterMachine): readonly number[] {
  return simulation.peer.table.machines?.held ?? [];
}

describe('a machine that is lost', () => {
  it('runs no actor that had come to it before, and that others have', async () => {
    const epochs = new Map<string, number[]>();
    const ended: string[] = [];
    const beating = defineActor({
      state: () => ({}),
      receive: {
        begin: (ctx) => void ctx.every(20, { type: 'beat' }),
        beat: (ctx) => void epochs.get(ctx.id)?.push(partitionEpochOf(ctx.fence)),
      },
    });
    const cluster = new SimulatedCluster({ seed: 11, workers: 2, actors: { beating }, leaseMs: LEASE_MS });
    const one = await cluster.add();
    for (const id of IDS) one.system.tell(id, { type: 'begin' });
    for (const id of IDS) one.system.watch(id, () => void ended.push(id));
    await cluster.run(100);
    const other = await cluster.begin();
    await cluster.until(other.join());
    for (const until = cluster.time.now + 20_000; awaited(other).length === 0 && cluster.time.now < until; )
      await cluster.run(0.1);
    const coming = new Set(awaited(other));
    const ids = IDS.filter((id) => coming.has(shardOf(id)));
    expect(ids.length).toBeGreaterThan(0);
    other.freeze();
    await cluster.run(2 * LEASE_MS);
    for (const id of ids) epochs.set(id, []);
    other.thaw();
    await cluster.run(LEASE_MS / 4);
    expect([...epochs.values()].flat()).toEqual([]);
    expect(ended.sort()).toEqual([...ids].sort());
    // Whoever has them by now begins them anew.
    for (const id of ids) one.system.tell(id, { type: 'begin' });
    await cluster.run(100);
    for (const [id, seen] of epochs)
      expect([id, seen.length > 0 && seen.every((epoch) => epoch > 0)]).toEqual([id, true]);
  });
});

function idsOf(dropped: DroppedTransfer[]): string[][] {
  return [
    dropped.flatMap(({ actors }) => actors.map(({ id }) => id)),
    dropped.flatMap(({ mail }) => mail.map(({ to }) => to)),
  ];
}

describe('what has been handed over, at a worker', () => {
  function world() {
    const clock = new VirtualClock();
    const note = defineActor({ state: () => ({}), receive: { note: () => {} } });
    const limits = { askTimeoutMs: 5_000, messageBytesMax: 1_000_000, checkMessages: true };
    const behaviours = behavioursOf([['note', note]], (kind) => kind);
    const parts = {
      worker: 1,
      incarnation: 1,
      clock,
      random: () => 0.5,
      log: silent,
      limits,
      behaviours,
      startedAt: 0,
    };
    const { actors } = newKernel({ ...parts, epoch: () => 0 });
    const delivered: string[] = [];
    const deliver = ({ to }: Envelope): boolean => delivered.push(to) > 0;
    const never = (): never => {
      throw new Error('nobody asks');
    };
    const arriving = new ArrivingActors({
      ...{ actors, toRef: never, replyTo: never, topics: { listen: never } as never },
      router: { deliver, arrived: deliver },
    });
    return { actors, arriving, delivered };
  }

  function partsOf(id: string): unknown[] {
    const incarnation: TransferredActor['incarnation'] = {
      ...{ state: undefined, args: undefined, spawned: false, child: undefined, restarts: 0, restartTimes: [] },
      ...{ pausedBy: undefined, lastActiveAt: 0, epoch: 1, timers: [], watching: [], terminated: [] },
    };
    const actor = { id, incarnation, passivated: undefined, failedUntil: undefined, watchers: [], topics: [] };
    const envelope = (to: string, sender?: string): Envelope =>
      new Envelope('message', to, { type: 'note' }, sender, undefined, 0);
    const pieces = [
      ...mailPieces('outbound', [envelope('note/elsewhere', id)], 1_000, () => {}),
      ...actorPieces(actor, encodeValue({})),
      ...mailPieces('stash', [envelope(id)], 1_000, () => {}),
      ...mailPieces('mail', [envelope(id)], 1_000, () => {}),
    ];
    return pieces.map(({ piece }) => piece);
  }

  it('goes on but for the actors of lost partitions, with their mail and what they had sent', () => {
    const { actors, arriving, delivered } = world();
    for (const part of [...partsOf('note/kept'), ...partsOf('note/lost'), null]) arriving.part(3, part, '~0.1');
    const dropped = arriving.arrived(3, (id) => id === 'note/lost');
    expect(idsOf(dropped)).toEqual([['note/lost'], ['note/elsewhere', 'note/lost', 'note/lost']]);
    expect([actors.cellOf('note/kept') !== undefined, actors.cellOf('note/lost')]).toEqual([true, undefined]);
    expect(delivered).toEqual(['note/elsewhere', 'note/kept']);
  });

  it('does not go on where it comes when its arrival is over: others have begun by then', () => {
    const { actors, arriving, delivered } = world();
    arriving.arrived(3, () => false);
    for (const part of partsOf('note/late')) expect(arriving.part(3, part, '~0.1')).toEqual([]);
    expect(arriving.arrived(4, () => false)).toEqual([]);
    expect(idsOf(arriving.part(3, null, '~0.1'))).toEqual([
      ['note/late'],
      ['note/elsewhere', 'note/late', 'note/late'],
    ]);
    expect([actors.cellOf('note/late'), delivered]).toEqual([undefined, []]);
  });
});

describe('what has been handed over, at the way in', () => {
  it('goes on to nobody where its partition is lost while the workers are looked for', async () => {
    const ids = ['note/kept', 'note/lost'];
    const epochs = new Map(ids.map((id) => [shardOf(id), 3]));
    const items = ids.flatMap((id): Arrived[] => {
      const actor = {
        id,
        incarnation: undefined,
        passivated: undefined,
        failedUntil: undefined,
        watchers: [],
        topics: [],
      };
      const envelope = new Envelope('message', id, { type: 'note' }, undefined, undefined, 0);
      return [
        { actor, state: undefined },
        { kind: 'mail', envelope },
      ];
    });
    const dropped: DroppedTransfer[] = [];
    const first: string[] = [];
    const router = {
      knownHostOf: () => undefined,
      termsOf: () => ({}),
      holds: { notePassedOn: (envelope: Envelope) => envelope },
      putFirst: (mail: Envelope[]) => void first.push(...mail.map(({ to }) => to)),
    };
    const delivery = new ArrivalDelivery({
      ...({ router, kernel: {}, relayed: {}, arrivals: { take: () => items } } as unknown as DeliveryParts),
      peers: { byIndex: () => undefined } as unknown as DeliveryParts['peers'],
      flushes: { flush: async () => {} } as unknown as DeliveryParts['flushes'],
      epochOf: (partition) => epochs.get(partition) ?? 0,
      locate: async (id) => {
        if (id === 'note/lost') epochs.set(shardOf(id), 5);
        return 1;
      },
      pin: async () => {},
      neverBegan: (one) => void dropped.push(one),
    });
    await delivery.deliver(1, 'm1', ids.map(shardOf));
    expect(idsOf(dropped)).toEqual([['note/lost'], ['note/lost']]);
    // No worker is there for the other one: its mail waits, in front of all that is newer.
    expect(first).toEqual(['note/kept']);
  });
});
