import { describe, expect, test } from 'vitest';
import { EventBus } from '../../../src/observe/event-bus.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { processAddress } from '../../../src/vocabulary/address.ts';
import type { PeerInfo } from '../../../src/wire/control.ts';
import { FrameEncoder } from '../../../src/wire/codec.ts';
import { MemoryNetwork } from '../../../src/doubles/memory-network.ts';
import { LINK_CREDIT, type OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import {
  EPOCH_LOOK_MS,
  EPOCH_LOOKS_MAX,
  LAST_WORDS_MS_MAX,
  LINK_END_MS_MAX,
  Peers,
  RECONNECT_MS,
  SUCCESSORS_MAX,
} from '../../../src/peer/peers.ts';
import { handshakeOf, KeptIngress, message, newDeadLetters, silent } from './link-fixture.ts';

interface Station {
  peers: Peers;
  /** What came from each peer, by its address. */
  from(index: number, incarnation?: number): KeptIngress;
  /** Links made and ended, as `+2.1` and `-2.1`. */
  log: string[];
  broken: number[];
  epoch: { now: number };
}

class World {
  readonly clock: VirtualClock = new VirtualClock();
  readonly network: MemoryNetwork = new MemoryNetwork({ clock: this.clock });

  async station(index: number, incarnation = 1): Promise<Station> {
    const { clock } = this;
    const { deadLetters } = newDeadLetters(clock);
    const events = new EventBus(silent);
    const kernel = { clock, deadLetters, events, log: silent, limits: { messageBytesMax: 1_000_000 } };
    const epoch = { now: 0 };
    const ingresses = new Map<string, KeptIngress>();
    const log: string[] = [];
    const broken: number[] = [];
    events.on('link-broken', ({ peer }) => void broken.push(peer));
    const peers = new Peers({
      kernel: kernel as never,
      network: this.network.host(),
      self: { index, incarnation },
      system: 'test',
      token: 'secret',
      epoch: () => epoch.now,
    });
    peers.listener = {
      ingress: (peer) => {
        const known = ingresses.get(peer.address) ?? new KeptIngress();
        known.epoch = () => epoch.now;
        ingresses.set(peer.address, known);
        return known;
      },
      linked: (peer) => void log.push(`+${peer.index}.${peer.incarnation}`),
      ended: (peer) => void log.push(`-${peer.index}.${peer.incarnation}`),
    };
    await peers.listen();
    const from = (of: number, inc = 1): KeptIngress => ingresses.get(processAddress(of, inc)) ?? new KeptIngress();
    return { peers, from, log, broken, epoch };
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 5; i++) await this.clock.settle();
  }
}

function infoOf(index: number, incarnation = 1): PeerInfo {
  return { index, incarnation, role: 'worker', pid: 1, path: `memory:${processAddress(index, incarnation)}` };
}

/** Two stations that are linked: 2 has connected to 1. */
async function pair(): Promise<{ world: World; one: Station; two: Station; to2: OutboundQueue; to1: OutboundQueue }> {
  const world = new World();
  const [one, two] = [await world.station(1), await world.station(2)];
  const to2 = one.peers.expect(infoOf(2));
  const to1 = two.peers.connect(infoOf(1));
  await world.settle();
  return { world, one, two, to2, to1 };
}

function tell(link: OutboundQueue, ...numbers: number[]): void {
  for (const n of numbers) link.mail(message('counter/a', n));
}

function learned(station: Station, index: number): string[] {
  return station.from(index).lines;
}

describe('a frame under an epoch that never comes', () => {
  const ALL_LOOKS_MS = EPOCH_LOOKS_MAX * EPOCH_LOOK_MS;

  test('breaks its link in the end, and what another peer sends is read all the while', async () => {
    const { world, one, two, to1 } = await pair();
    const three = await world.station(3);
    one.peers.expect(infoOf(3));
    const from3 = three.peers.connect(infoOf(1));
    await world.settle();
    two.epoch.now = 1_000;
    tell(to1, 1);
    await world.settle();
    tell(from3, 2);
    await world.clock.advance(ALL_LOOKS_MS - EPOCH_LOOK_MS);
    expect([one.broken, learned(one, 2), learned(one, 3)]).toEqual([[], [], ['message counter/a 2']]);
    await world.clock.advance(2 * EPOCH_LOOK_MS);
    await world.settle();
    expect([one.broken[0], learned(one, 2)]).toEqual([2, []]);
    tell(from3, 3);
    await world.settle();
    expect(learned(one, 3)).toEqual(['message counter/a 2', 'message counter/a 3']);
  });

  test('is read where its table comes after all, and the next one waits as long again', async () => {
    const { world, one, two, to1 } = await pair();
    for (const epoch of [1, 2]) {
      two.epoch.now = epoch;
      tell(to1, epoch);
      await world.settle();
      await world.clock.advance(ALL_LOOKS_MS * 0.9);
      one.epoch.now = epoch;
      one.peers.unpark();
      await world.settle();
    }
    expect([one.broken, learned(one, 2)]).toEqual([[], ['message counter/a 1', 'message counter/a 2']]);
    await one.peers.close();
    await two.peers.close();
  });

  test('is waited for in looks, not by the clock: a process that was frozen meanwhile finds its table', async () => {
    const { world, one, two, to1 } = await pair();
    two.epoch.now = 1;
    tell(to1, 1);
    await world.settle();
    world.clock.stall(10 * ALL_LOOKS_MS);
    await world.settle();
    expect(one.broken).toEqual([]);
    one.epoch.now = 1;
    one.peers.unpark();
    await world.settle();
    expect(learned(one, 2)).toEqual(['message counter/a 1']);
  });
});

describe('two processes', () => {
  test('are linked by the one that came later, both ways, and what waited for the link goes', async () => {
    const world = new World();
    const [one, two] = [await world.station(1), await world.station(2)];
    tell(one.peers.expect(infoOf(2)), 1, 2);
    tell(two.peers.connect(infoOf(1)), 3);
    await world.settle();
    expect([one.log, two.log, learned(two, 1), learned(one, 2)]).toEqual([
      ['+2.1'],
      ['+1.1'],
      ['message counter/a 1', 'message counter/a 2'],
      ['message counter/a 3'],
    ]);
    expect(one.peers.byAddress('~2.1')).toBe(one.peers.byIndex(2));
  });

  test('are linked also when the handshake is faster than the word of the master', async () => {
    const world = new World();
    const [one, two] = [await world.station(1), await world.station(2)];
    tell(two.peers.connect(infoOf(1)), 1);
    await world.settle();
    expect(one.log).toEqual([]);
    one.peers.expect(infoOf(2));
    await world.settle();
    expect(learned(one, 2)).toEqual(['message counter/a 1']);
  });

  test('that live both are linked again when their link breaks, and both count that it ended', async () => {
    const { world, one, two, to2, to1 } = await pair();
    to2.link?.destroy(new Error('cut'));
    await world.settle();
    expect([one.log, two.log, one.broken, two.broken]).toEqual([['+2.1', '-2.1'], ['+1.1', '-1.1'], [2], []]);
    await world.clock.advance(RECONNECT_MS);
    await world.settle();
    tell(to1, 5);
    tell(to2, 6);
    await world.settle();
    expect([learned(one, 2), learned(two, 1)]).toEqual([['message counter/a 5'], ['message counter/a 6']]);
  });

  test('try again while the other does not listen yet', async () => {
    const world = new World();
    const two = await world.station(2);
    two.peers.connect(infoOf(1));
    await world.clock.advance(RECONNECT_MS * 3);
    const one = await world.station(1);
    one.peers.expect(infoOf(2));
    await world.clock.advance(RECONNECT_MS * 2);
    expect([one.log, two.log]).toEqual([['+2.1'], ['+1.1']]);
  });
});

describe('a link whose frames wait for a table', () => {
  test('is read to its end before its process counts as dead: what stands behind the waiting frame, too', async () => {
    const { world, one, two, to1 } = await pair();
    two.epoch.now = 1;
    tell(to1, 1);
    to1.flush();
    tell(to1, 2);
    to1.flush();
    await world.settle();
    world.network.kill('~2.1');
    await world.settle();
    expect([learned(one, 2), one.log]).toEqual([[], ['+2.1']]);
    one.epoch.now = 1;
    one.peers.unpark();
    let isRead = false;
    void one.peers.readToEnd(2, 1)?.then(() => (isRead = true));
    await world.settle();
    expect([learned(one, 2), isRead]).toEqual([['message counter/a 1', 'message counter/a 2'], true]);
    expect([one.log, one.peers.byIndex(2)]).toEqual([['+2.1', '-2.1'], undefined]);
  });

  test('is read before the link that the other side has made in its place', async () => {
    const { world, one, two, to2, to1 } = await pair();
    two.epoch.now = 1;
    tell(to1, 1);
    to1.flush();
    tell(to1, 2);
    to1.flush();
    await world.settle();
    // Ended at the other side; here the end stands behind frames that wait.
    to1.link?.close();
    to2.link?.close();
    await world.clock.advance(RECONNECT_MS);
    await world.settle();
    tell(to1, 3);
    await world.settle();
    expect(one.log).toEqual(['+2.1']);
    one.epoch.now = 1;
    one.peers.unpark();
    await world.settle();
    expect(learned(one, 2)).toEqual([1, 2, 3].map((n) => `message counter/a ${n}`));
    expect(one.log).toEqual(['+2.1', '-2.1', '+2.1']);
  });

  test('breaks alone where the waiting frame makes no sense', async () => {
    const { world, one, two, to1 } = await pair();
    two.epoch.now = 1;
    to1.note(99);
    await world.settle();
    one.epoch.now = 1;
    one.peers.unpark();
    await world.settle();
    expect([one.log, one.broken]).toEqual([['+2.1', '-2.1'], [2]]);
  });
});

describe('a process that is declared dead', () => {
  test('and was never linked counts as ended at once, and is not connected to any more', async () => {
    const world = new World();
    const two = await world.station(2);
    two.peers.connect(infoOf(1));
    expect(two.peers.readToEnd(1, 1)).toBeUndefined();
    expect([two.log, two.peers.byIndex(1)]).toEqual([['-1.1'], undefined]);
    const one = await world.station(1);
    await world.clock.advance(RECONNECT_MS * 3);
    expect([one.log, two.log]).toEqual([[], ['-1.1']]);
  });

  test('and is not linked any more counts once', async () => {
    const { world, one } = await pair();
    world.network.kill('~2.1');
    await world.settle();
    expect([one.log, one.peers.readToEnd(2, 1), one.log]).toEqual([['+2.1', '-2.1'], undefined, ['+2.1', '-2.1']]);
  });

  test('is not heard when its handshake comes late, but its successor is', async () => {
    const world = new World();
    const one = await world.station(1);
    const host = world.network.host();
    const late = host.connect('memory:~1.1', handshakeOf(2, 1), { index: 1, incarnation: 1 });
    one.peers.expect(infoOf(2));
    void one.peers.readToEnd(2, 1);
    const link = await late;
    const ends: unknown[] = [];
    link.listener = { onFrame: () => true, onDrain: () => {}, onEnd: (error) => void ends.push(error) };
    await world.settle();
    expect(ends.length).toBe(1);
    const next = await world.station(2, 2);
    next.peers.connect(infoOf(1));
    one.peers.expect(infoOf(2, 2));
    await world.settle();
    expect(one.log.at(-1)).toBe('+2.2');
  });

  test('means nothing to the link of its successor', async () => {
    const world = new World();
    const [one, two] = [await world.station(1), await world.station(2, 2)];
    one.peers.expect(infoOf(2, 2));
    two.peers.connect(infoOf(1));
    await world.settle();
    expect([one.peers.readToEnd(2, 1), one.log]).toEqual([undefined, ['+2.2']]);
  });

  test('whose link does not end is cut off after its time, not before', async () => {
    const { world, one } = await pair();
    world.network.stall('~1.1', '~2.1');
    let isRead = false;
    void one.peers.readToEnd(2, 1)?.then(() => (isRead = true));
    await world.clock.advance(LINK_END_MS_MAX - 10);
    expect(isRead).toBe(false);
    await world.clock.advance(20);
    expect(isRead).toBe(true);
  });
});

test('a frame that makes no sense breaks its link, and no other', async () => {
  const { world, one, two, to1 } = await pair();
  const three = await world.station(3);
  one.peers.expect(infoOf(3));
  const from3 = three.peers.connect(infoOf(1));
  await world.settle();
  to1.link?.write(new FrameEncoder().encode([0, 1, 99]));
  await world.settle();
  expect([one.log, two.log]).toEqual([
    ['+2.1', '+3.1', '-2.1'],
    ['+1.1', '-1.1'],
  ]);
  tell(from3, 1);
  await world.settle();
  expect(learned(one, 3)).toEqual(['message counter/a 1']);
});

test('closed, a process writes what waits, takes no links and makes none', async () => {
  const { world, one, two, to2 } = await pair();
  tell(to2, 1);
  await one.peers.close();
  await world.settle();
  expect(learned(two, 1)).toEqual(['message counter/a 1']);
  await world.clock.advance(RECONNECT_MS * 5);
  expect(one.log).toEqual(['+2.1']);
  await two.peers.close();
  await world.clock.advance(RECONNECT_MS * 5);
  expect(world.clock.timers).toBe(0);
});

test(`closed, a process waits ${LAST_WORDS_MS_MAX} ms for one that takes nothing, and then ends its links`, async () => {
  const { world, one, two, to2 } = await pair();
  // Under a table that the other one does not have yet, which reads nothing then: so it gives no credit for more.
  one.epoch.now = 1;
  tell(to2, ...Array.from({ length: LINK_CREDIT + 10 }, (_, n) => n));
  await world.settle();
  expect(to2.waiting).toBeGreaterThan(0);
  let isClosed = false;
  const closed = one.peers.close().then(() => (isClosed = true));
  await world.clock.advance(LAST_WORDS_MS_MAX - 10);
  expect(isClosed).toBe(false);
  await world.clock.advance(20);
  expect(isClosed).toBe(true);
  await closed;
  await two.peers.close();
});

describe('a link that breaks again and again while its reader waits for a table', () => {
  /** So many times; each time one message more is written on the new link. */
  async function broken(times: number): Promise<string[]> {
    const { world, one, two, to1 } = await pair();
    two.epoch.now = 1;
    tell(to1, 0);
    await world.settle();
    for (let n = 1; n <= times; n++) {
      world.network.cut('~1.1', '~2.1');
      await world.settle();
      await world.clock.advance(RECONNECT_MS);
      await world.settle();
      tell(to1, n);
      await world.settle();
    }
    expect(learned(one, 2)).toEqual([]);
    one.epoch.now = 1;
    for (let n = 0; n <= times; n++) {
      one.peers.unpark();
      await world.settle();
    }
    return learned(one, 2);
  }

  const messages = (count: number): string[] => Array.from({ length: count }, (_, n) => `message counter/a ${n}`);

  test('loses nothing of what was written on any of them', async () => {
    expect(await broken(5)).toEqual(messages(6));
  });

  test('has a bound on those that wait', async () => {
    expect(await broken(SUCCESSORS_MAX + 3)).toEqual(messages(SUCCESSORS_MAX + 1));
  });
});
