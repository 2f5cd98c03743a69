/** The bounds of a hand-over, and of links of machines that nobody knows, each exceeded. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { EARLY_LINKS_MAX } from '../../../src/machine-routing/machine-peers.ts';
import {
  flushOn,
  MOVED_MS_MAX,
  ONWARD_MS_MAX,
  type OnwardParts,
  SETTLED_MS_MAX,
} from '../../../src/machine-routing/onward-flush.ts';
import { PASSING_MS_MAX } from '../../../src/machine-routes/passed-mail.ts';
import { PassingMail } from '../../../src/machine-routes/passing-mail.ts';
import { StandingActors } from '../../../src/machine-hand-over/standing-actors.ts';
import { HANDED_BYTES_MAX, StateTransfer, TRANSFER_MS_MAX } from '../../../src/machine-hand-over/state-transfer.ts';
import { TAKEN_MS_MAX, TakenPartitions } from '../../../src/machine-hand-over/taken-partitions.ts';
import type { LinkFlushes } from '../../../src/peer/link-flushes.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { HeldMail } from '../../../src/routing/held-mail.ts';
import { HeldSettlement } from '../../../src/routing/held-settlement.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { MACHINE_INDEX_MIN } from '../../../src/vocabulary/host-index.ts';
import type { MachinesView } from '../../../src/wire/control.ts';
import { ABORT_GRACE_MS } from '../../../src/handoff/outgoing.ts';
import { defineActor, type Kit, startKit } from '../actor/kernel-fixture.ts';
import { FaultyStore } from '../durability/faulty-store.ts';
import { newWayIn } from '../machine-routing/way-in-fixture.ts';

const counter = defineActor({
  state: () => ({ text: '' }),
  receive: { fill: (ctx, { length }: { length: number }) => void (ctx.state.text = 'x'.repeat(length)) },
});

describe('a durable actor that is to be handed over', () => {
  const teller = defineActor({
    durable: true,
    supervision: { backoff: { initialMs: 1_000, maxMs: 1_000, factor: 1, jitter: 0 } },
    state: () => ({ count: 0 }),
    receive: {
      add: ({ state }) => ++state.count,
    },
  });
  it('does not stand while its last commit may still come to be', async () => {
    const store = new FaultyStore();
    const kit = startKit({ teller }, {}, store);
    const first = kit.system.ask('teller/a', { type: 'add' });
    await kit.clock.advance(10);
    expect(await first).toBe(1);
    store.failures = 1;
    kit.system.tell('teller/a', { type: 'add' });
    await kit.clock.advance(10);
    let busy: number[] | undefined;
    const standing = new StandingActors(kit.process.actors, new Set([shardOf('teller/a')]), () => {});
    void standing.stop(50, false).then((one) => (busy = one));
    await kit.clock.advance(50);
    expect(busy).toEqual([shardOf('teller/a')]);
    // Not even where the machine leaves: whoever takes its place revokes what it had.
    void new StandingActors(kit.process.actors, new Set([shardOf('teller/a')]), () => {})
      .stop(50, true)
      .then((one) => (busy = [...one, 0]));
    await kit.clock.advance(50 + ABORT_GRACE_MS);
    expect(busy).toEqual([shardOf('teller/a'), 0]);
    // Started again it knows, and stands.
    await kit.clock.advance(2_000);
    const later = new StandingActors(kit.process.actors, new Set([shardOf('teller/a')]), () => {});
    void later.stop(50, false).then((one) => (busy = one));
    await kit.clock.advance(50);
    expect(busy).toEqual([]);
  });
});

describe('what is handed over at once', () => {
  async function transferOf(bytesMax: number | undefined, lengths: Record<string, number>) {
    const kit: Kit = startKit({ counter });
    for (const [id, length] of Object.entries(lengths)) kit.system.tell(id, { type: 'fill', length });
    await kit.clock.advance(10);
    const { actors } = kit.process;
    const partitions = new Set(Object.keys(lengths).map(shardOf));
    const standing = new StandingActors(actors, partitions, () => {});
    expect(await standing.stop(50, false)).toEqual([]);
    const notes: unknown[][] = [];
    const to = {
      note: (...parts: unknown[]) => notes.push(parts),
      heavyNote: (_: number, ...parts: unknown[]) => notes.push(parts),
    } as unknown as OutboundQueue;
    const parts = { actors, standing, outbound: [], buffered: [], ...(bytesMax !== undefined && { bytesMax }) };
    return { kit, to, transfer: new StateTransfer(parts, to), partitions, notes };
  }

  it('is as many partitions as have room, and one that is larger by itself; the rest is named', async () => {
    const lengths = { 'counter/a': 5_000, 'counter/b': 5_000, 'counter/c': 5_000 };
    const { transfer, to, partitions, notes } = await transferOf(12_000, lengths);
    const sent = transfer.send(1, partitions);
    const [first, second, third] = [...partitions];
    expect([first, second, third].map((partition) => transfer.has(partition as number))).toEqual([true, true, false]);
    expect(transfer.left).toEqual([third]);
    expect(notes[0]?.[2]).toEqual(['begin', [first, second]]);
    transfer.answered(to, 1, true);
    expect(await sent).toBe(true);

    const large = await transferOf(1_000, lengths);
    void large.transfer.send(1, large.partitions);
    expect(large.transfer.left.length).toBe(2);
    large.transfer.close();
    const all = await transferOf(undefined, lengths);
    void all.transfer.send(1, all.partitions);
    expect(all.transfer.left).toEqual([]);
    all.transfer.close();
  });

  it('is no more than a process may hand over at once, where nobody says less', async () => {
    const length = HANDED_BYTES_MAX / 2 + 1;
    const { transfer, partitions } = await transferOf(undefined, { 'counter/a': length, 'counter/b': length });
    void transfer.send(1, partitions);
    expect(transfer.left).toEqual([[...partitions][1]]);
    transfer.close();
  });

  it('is off where the other machine does not say in time that it has it', async () => {
    const { kit, transfer, to, partitions } = await transferOf(undefined, { 'counter/a': 10 });
    let answer: boolean | undefined;
    void transfer.send(1, partitions).then((isTaken) => (answer = isTaken));
    await kit.clock.advance(TRANSFER_MS_MAX - 1);
    expect(answer).toBeUndefined();
    await kit.clock.advance(2);
    expect(answer).toBe(false);
    transfer.answered(to, 1, true);
    expect(answer).toBe(false);
  });
});

describe('mail past an old owner', () => {
  function passing() {
    const clock = new VirtualClock();
    const through = { ended: false, ends: 0 };
    let answer = (): void => {};
    let read = (): void => {};
    let changes = 0;
    let asked = 0;
    const flushes = { flush: () => new Promise<void>((resolve) => (answer = resolve)) } as unknown as LinkFlushes;
    const lostRoutes = {
      sourceOf: () => ({ machine: 'lost', address: '' as const }),
      linkedAnew: () => undefined,
      read: () => {
        asked++;
        return new Promise<void>((resolve) => (read = resolve));
      },
    };
    const mail = new PassingMail({ clock, flushes, lostRoutes, changed: () => void changes++ });
    mail.begin(new Set([7]), through as OutboundQueue, 1);
    const waits = (): boolean => mail.partitions().has(7);
    return {
      clock,
      through,
      mail,
      waits,
      answer: () => answer(),
      read: () => read(),
      asked: () => asked,
      changes: () => changes,
    };
  }

  it('waits as long as that one is linked, and for its answer', async () => {
    const { clock, waits, answer, changes } = passing();
    await clock.advance(PASSING_MS_MAX * 5);
    expect([waits(), changes()]).toEqual([true, 0]);
    answer();
    await clock.advance(1);
    expect([waits(), changes()]).toEqual([false, 1]);
  });

  it('waits for what the new one has not read, once the link has ended for so long and is not there again', async () => {
    const { clock, through, waits, read } = passing();
    Object.assign(through, { ended: true, ends: 1 });
    await clock.advance(PASSING_MS_MAX);
    expect(waits()).toBe(true);
    Object.assign(through, { ended: true, ends: 2 });
    await clock.advance(PASSING_MS_MAX);
    expect(waits()).toBe(true);
    await clock.advance(PASSING_MS_MAX);
    expect(waits()).toBe(true);
    read();
    await clock.advance(1);
    expect(waits()).toBe(false);
  });

  it('waits for the same where the old owner has left, and asks once', async () => {
    const { clock, through, mail, waits, read, asked } = passing();
    mail.ended(through as OutboundQueue);
    mail.ended(through as OutboundQueue);
    await clock.advance(1);
    expect([waits(), asked()]).toEqual([true, 1]);
    read();
    await clock.advance(1);
    expect(waits()).toBe(false);
  });
});

describe('mail that an old owner has for a link that has broken', () => {
  it('ends where that is not there again in time, and so who asks has an answer; mail of its own stays', async () => {
    const kit = startKit({ counter });
    const { kernel } = kit.process.actors;
    const other = { index: MACHINE_INDEX_MIN, ended: true, link: undefined, waiting: 0 } as unknown as OutboundQueue;
    const holds = new HeldMail(kernel.clock, kernel.deadLetters);
    const mail = (n: number): Envelope =>
      new Envelope('message', 'counter/a', { type: 'fill', n }, undefined, undefined, 0);
    holds.addRelayed('unit', mail(1));
    holds.add('unit', mail(2));
    const flush = (peers: Iterable<OutboundQueue>): Promise<void> =>
      [...peers].length === 0 ? Promise.resolve() : new Promise(() => {});
    const parts = {
      ...{
        kernel,
        router: { holds, knownHostOf: () => MACHINE_INDEX_MIN, settled: async () => {} },
        peers: { all: () => [] },
      },
      ...{ machines: { machines: () => [other] }, flushes: { flush }, handOvers: { released: async () => {} } },
    } as unknown as OnwardParts;
    let isAnswered = false;
    void flushOn(parts, 'beyond').then(() => (isAnswered = true));
    await kit.clock.advance(ONWARD_MS_MAX - 1);
    expect([isAnswered, kit.dead()]).toEqual([false, []]);
    await kit.clock.advance(2);
    expect([isAnswered, kit.dead()]).toEqual([true, ['counter/a:fill:ACTOR_UNAVAILABLE']]);
    expect(holds.lengthOf('unit')).toBe(1);
    // One whose link is there is waited for.
    Object.assign(other, { ended: false, link: {} });
    isAnswered = false;
    void flushOn(parts, 'beyond').then(() => (isAnswered = true));
    await kit.clock.advance(ONWARD_MS_MAX * 10);
    expect(isAnswered).toBe(false);
  });
});

describe('a flush that another machine waits for', () => {
  it.each(['a machine', 'a worker'])(
    'begins anew where %s of those that are asked is lost meanwhile: its mail has another host by then',
    async (lost) => {
      const own = { index: 1, ends: 0, ended: false };
      const other = { index: MACHINE_INDEX_MIN, ends: 0, ended: false, link: {}, waiting: 0 };
      const asked: [indexes: number[], answer: () => void][] = [];
      const flush = (peers: Iterable<OutboundQueue>): Promise<void> =>
        new Promise((resolve) => asked.push([[...peers].map(({ index }) => index), resolve]));
      const kit = startKit({ counter });
      const parts = {
        ...{ kernel: kit.process.actors.kernel, peers: { all: () => [own] }, flushes: { flush } },
        ...{ router: { settled: async () => {}, holds: { units: () => [] }, knownHostOf: () => 1 } },
        ...{ machines: { machines: () => [other] }, handOvers: { released: async () => {} } },
      } as unknown as OnwardParts;
      let isAnswered = false;
      void flushOn(parts, 'beyond').then(() => (isAnswered = true));
      const answers = async (): Promise<void> => {
        await kit.clock.advance(1);
        expect(asked.map(([indexes]) => indexes)).toEqual([[1], [MACHINE_INDEX_MIN]]);
        for (const [, answer] of asked.splice(0)) answer();
        await kit.clock.advance(1);
      };
      await kit.clock.advance(1);
      (lost === 'a worker' ? own : other).ends++;
      await answers();
      expect(isAnswered).toBe(false);
      await answers();
      expect([isAnswered, asked]).toEqual([true, []]);
    },
  );

  it('begins anew where a machine is lost whose link had ended before', async () => {
    const kit = startKit({ counter });
    const other = { index: MACHINE_INDEX_MIN, ends: 1, ended: true, link: undefined, waiting: 0 };
    let hosts = MACHINE_INDEX_MIN;
    const mail = new Envelope('message', 'counter/a', { type: 'fill' }, undefined, undefined, 0);
    const asked: (() => void)[] = [];
    const flush = (peers: Iterable<OutboundQueue>): Promise<void> =>
      [...peers].length === 0 ? Promise.resolve() : new Promise((resolve) => asked.push(resolve));
    let settled = 0;
    const parts = {
      ...{ kernel: kit.process.actors.kernel, peers: { all: () => [] }, flushes: { flush } },
      router: {
        settled: async () => void settled++,
        ...{ holds: { units: () => ['unit'], peek: () => [mail] }, knownHostOf: () => hosts },
      },
      ...{ machines: { machines: () => [other] }, handOvers: { released: async () => {} } },
    } as unknown as OnwardParts;
    let isAnswered = false;
    void flushOn(parts, 'beyond').then(() => (isAnswered = true));
    await kit.clock.advance(1);
    expect([asked.length, settled]).toEqual([1, 1]);
    // Its partitions have another owner; that is where the mail goes.
    hosts = 1;
    asked[0]?.();
    await kit.clock.advance(1);
    expect([isAnswered, settled]).toEqual([true, 2]);
  });

  it.each([
    ['link', MOVED_MS_MAX],
    ['onward', SETTLED_MS_MAX],
  ] as const)('of depth %s is answered after %i ms, though a move here holds mail for longer', async (depth, ms) => {
    const kit = startKit({ counter });
    const { kernel } = kit.process.actors;
    const holds = new HeldMail(kernel.clock, kernel.deadLetters);
    holds.add('unit', new Envelope('message', 'counter/a', { type: 'fill' }, undefined, undefined, 0));
    const settlement = new HeldSettlement(kernel.clock, holds);
    const parts = {
      ...{ kernel, peers: { all: () => [] }, machines: { machines: () => [] }, flushes: { flush: async () => {} } },
      router: { holds, settled: (withinMs: number) => settlement.settled(() => true, withinMs) },
      handOvers: { released: async () => {} },
    } as unknown as OnwardParts;
    let isAnswered = false;
    void flushOn(parts, depth).then(() => (isAnswered = true));
    await kit.clock.advance(ms - 1);
    expect(isAnswered).toBe(false);
    await kit.clock.advance(2);
    expect([isAnswered, holds.lengthOf('unit')]).toEqual([true, 1]);
  });
});

describe('partitions that were taken from a machine', () => {
  it('are remembered for so long, where it keeps its name', async () => {
    const kit = startKit({ counter });
    const { actors } = kit.process;
    const reasons: boolean[] = [];
    const holds = new HeldMail(actors.kernel.clock, actors.kernel.deadLetters);
    const taken = new TakenPartitions({
      actors,
      router: { holds, captureFor: (_, capture) => void reasons.push(capture !== undefined) },
      flush: async () => {},
    });
    taken.own(() => false);
    taken.take([shardOf('counter/a')]);
    const late = (): boolean =>
      taken.captureInbound('unit', new Envelope('message', 'counter/a', { type: 'fill' }, undefined, undefined, 0));
    await kit.clock.advance(TAKEN_MS_MAX - 1);
    expect([late(), kit.dead(), reasons]).toEqual([true, ['counter/a:fill:ACTOR_UNAVAILABLE'], [true]]);
    await kit.clock.advance(2);
    expect([late(), reasons]).toEqual([false, [true, false]]);
    taken.take([shardOf('counter/a')]);
    taken.linksEnded();
    await kit.clock.advance(1);
    expect(late()).toBe(false);
  });
});

describe('a machine that gets another name', () => {
  it('passes on nothing that came by the old one, also for what it lost before it heard that it had it', () => {
    const kit = startKit({ counter });
    const { actors } = kit.process;
    const captures: boolean[] = [];
    const holds = new HeldMail(actors.kernel.clock, actors.kernel.deadLetters);
    const taken = new TakenPartitions({
      actors,
      router: { holds, captureFor: (_, capture) => void captures.push(capture !== undefined) },
      flush: async () => {},
    });
    const mail = (type: string): Envelope => new Envelope('message', 'counter/a', { type }, undefined, undefined, 0);
    holds.addRelayed('unit', mail('came'));
    holds.add('unit', mail('own'));
    const unwritten = [holds.noteRelayed(mail('passed-on')), mail('told')];
    taken.linksEnd();
    expect([...taken.takeBack(unwritten)]).toEqual([unwritten[1]]);
    taken.linksEnded();
    expect(kit.dead()).toEqual(['counter/a:came:ACTOR_UNAVAILABLE', 'counter/a:passed-on:ACTOR_UNAVAILABLE']);
    expect([holds.lengthOf('unit'), captures]).toEqual([1, [true, false]]);
  });
});

describe('links of machines that are not known yet', () => {
  it('wait, up to so many; one more is closed, and those that waited are taken with the row of their machine', async () => {
    const kit = startKit({ counter });
    const { peers, come: link } = await newWayIn(kit.process.actors.kernel);
    const closed: string[] = [];
    const destroy = (error?: Error): void => void closed.push(String(error?.message));
    const come = (machine: string, process: number): void => void link(machine, process, { destroy });
    for (let n = 0; n < EARLY_LINKS_MAX; n++) come('later', n);
    expect(closed).toEqual([]);
    come('later', EARLY_LINKS_MAX);
    expect(closed).toEqual([expect.stringContaining(`at most ${EARLY_LINKS_MAX}`)]);
    const others = [{ index: MACHINE_INDEX_MIN, machine: 'later', address: 'there:1', workers: [] }];
    peers.take({ self: 'here', others } as unknown as MachinesView);
    expect([...peers.guests()].length).toBe(EARLY_LINKS_MAX);
    come('stranger', 0);
    expect(closed.length).toBe(1);
    // What was written to this machine by the name that it had is not read any more, however late its writer is known.
    peers.take({ self: 'here again', others: [] } as unknown as MachinesView);
    expect(closed.slice(1)).toContain('this machine has another name now');
    const before = closed.length;
    const stranger = { index: MACHINE_INDEX_MIN + 1, machine: 'stranger', address: 'there:2', workers: [] };
    peers.take({ self: 'here again', others: [stranger] } as unknown as MachinesView);
    expect([[...peers.guests()].length, closed.length]).toEqual([0, before]);
  });
});
