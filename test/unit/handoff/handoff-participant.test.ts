import { describe, expect, test } from 'vitest';
import type { MoveOrder, ToMaster } from '../../../src/wire/control.ts';
import { EARLY_MARKERS_KEPT, HandoffParticipant } from '../../../src/handoff/handoff-participant.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';

interface Peer {
  index: number;
  incarnation: number;
  address: string;
  ended: boolean;
  notes: unknown[][];
  note(...parts: unknown[]): void;
  beforeDam(send: () => void): void;
}

function peer(index: number, incarnation = 1): Peer {
  const notes: unknown[][] = [];
  return {
    index,
    incarnation,
    address: `~${index}.${incarnation}`,
    ended: false,
    notes,
    note: (...parts) => void notes.push(parts),
    beforeDam: (send) => send(),
  };
}

/** Process 1, with links to 2 and 3. */
function newParticipant(live: string[] = []): {
  participant: HandoffParticipant;
  peers: Map<number, Peer>;
  told: ToMaster[];
  router: string[];
  link(index: number): OutboundQueue;
} {
  const peers = new Map([2, 3].map((index) => [index, peer(index)]));
  const told: ToMaster[] = [];
  const router: string[] = [];
  const port = {
    self: { index: 1, incarnation: 1 },
    actors: {
      living: () => live,
      kernel: { pending: { moved: () => {} }, deadLetters: {}, limits: { messageBytesMax: 1_000 } },
    },
    topics: { moving: { hold: () => {} }, released: () => {}, moved: () => {} },
    router: {
      captureFor: () => {},
      hold: (move: number, units: string[]) => void router.push(`hold ${move} ${units.join(' ')}`),
      release: (move: number) => void router.push(`release ${move}`),
      unitOf: (id: string) => id,
      unitsMoved: () => {},
      holds: { takeFrom: () => [] },
    },
    peers: {
      all: () => peers.values(),
      byIndex: (index: number) => peers.get(index),
      byAddress: (address: string) => [...peers.values()].find((one) => one.address === address),
    },
    tellMaster: (message: ToMaster) => void told.push(message),
  };
  const link = (index: number): OutboundQueue => peers.get(index) as unknown as OutboundQueue;
  return { participant: new HandoffParticipant(port as never), peers, told, router, link };
}

function order(id: number, from: number, to: number, units = ['counter/a']): MoveOrder {
  return {
    ...{ id, purpose: 'claim', units, subscriptions: [] },
    ...{ from: { index: from, incarnation: 1 }, to: { index: to, incarnation: 1 } },
  };
}

const MARKER = 11;
const STATE = 12;
const FLUSH = 14;

/** The others say that all which was sent from here has arrived. */
function flushed(participant: HandoffParticipant, move: number, ...peers: OutboundQueue[]): void {
  for (const peer of peers) participant.flushed(peer, move);
}

describe('a bystander', () => {
  test('holds its mail and sends a marker down its link to the old host', () => {
    const { participant, peers, router, told } = newParticipant();
    participant.hold(order(1, 2, 3));
    expect([router, peers.get(2)?.notes, peers.get(3)?.notes, told]).toEqual([
      ['hold 1 counter/a'],
      [[MARKER, 1]],
      [],
      [],
    ]);
    participant.end(1, true);
    participant.release(1);
    expect(router).toEqual(['hold 1 counter/a', 'release 1']);
  });

  test('sends none to another incarnation of it', () => {
    const { participant, peers } = newParticipant();
    peers.set(2, peer(2, 2));
    participant.hold(order(1, 2, 3));
    expect(peers.get(2)?.notes).toEqual([]);
  });

  test('leaves the marker for a link that is made again', () => {
    const { participant, peers } = newParticipant();
    (peers.get(2) as Peer).ended = true;
    participant.hold(order(1, 2, 3));
    expect(peers.get(2)?.notes).toEqual([[MARKER, 1]]);
  });
});

describe('the old host', () => {
  test('hands over when the last marker is in, not before', () => {
    const { participant, peers, link } = newParticipant();
    participant.hold(order(1, 1, 3));
    participant.marker(link(2), 1);
    expect(peers.get(3)?.notes).toEqual([]);
    participant.marker(link(3), 1);
    expect([peers.get(2)?.notes, peers.get(3)?.notes]).toEqual([[[FLUSH, 1]], [[FLUSH, 1]]]);
    flushed(participant, 1, link(2));
    expect(peers.get(3)?.notes).toEqual([[FLUSH, 1]]);
    flushed(participant, 1, link(3));
    expect(peers.get(3)?.notes.slice(1)).toEqual([[STATE, 1, null]]);
  });

  test('counts markers of this move only, also those that came before the hold', () => {
    const { participant, peers, link } = newParticipant();
    participant.marker(link(2), 2);
    participant.marker(link(2), 1);
    participant.hold(order(2, 1, 3));
    participant.marker(link(3), 7);
    expect(peers.get(3)?.notes).toEqual([]);
    participant.marker(link(3), 2);
    flushed(participant, 2, link(2), link(3));
    expect(peers.get(3)?.notes.slice(1)).toEqual([[STATE, 2, null]]);
  });

  test('counts the death of a process as its marker, but not the end of its link', () => {
    const { participant, peers, link } = newParticipant();
    (peers.get(2) as Peer).ended = true;
    participant.hold(order(1, 1, 3));
    participant.marker(link(3), 1);
    participant.peerDied(2, 2);
    expect(peers.get(3)?.notes).toEqual([]);
    peers.delete(2);
    participant.peerDied(2, 1);
    expect(peers.get(3)?.notes).toEqual([[FLUSH, 1]]);
    flushed(participant, 1, link(3));
    expect(peers.get(3)?.notes.slice(1)).toEqual([[STATE, 1, null]]);
  });

  test('says its marker again when a broken link to the old host is there again, as long as the move stands', () => {
    const { participant, peers, link } = newParticipant();
    participant.hold(order(1, 2, 3));
    participant.linkedAgain(link(3));
    participant.linkedAgain(link(2));
    participant.end(1, true);
    participant.linkedAgain(link(2));
    expect([peers.get(2)?.notes, peers.get(3)?.notes]).toEqual([
      [
        [MARKER, 1],
        [MARKER, 1],
      ],
      [],
    ]);
  });

  test('refuses where an actor lives in a unit, and only then', () => {
    const { participant, peers, told, link } = newParticipant(['counter/b']);
    peers.clear();
    peers.set(3, peer(3));
    participant.hold(order(1, 1, 3, ['counter/a', 'counter/b']));
    participant.peerDied(3, 1);
    expect(told).toMatchObject([{ type: 'refused', move: 1, error: { code: 'ALREADY_EXISTS' } }]);
    participant.hold(order(2, 1, 3, ['counter/a']));
    participant.marker(link(3), 2);
    flushed(participant, 2, link(3));
    expect([told.length, peers.get(3)?.notes.slice(1)]).toEqual([1, [[STATE, 2, null]]]);
  });

  test('looks for live actors when the last marker is in: one that began meanwhile counts', () => {
    const live: string[] = [];
    const { participant, told, link } = newParticipant(live);
    participant.hold({ ...order(1, 1, 3), purpose: 'move' });
    participant.marker(link(2), 1);
    live.push('counter/a');
    participant.marker(link(3), 1);
    expect(told).toMatchObject([{ type: 'refused', error: { code: 'ACTOR_UNAVAILABLE' } }]);
  });

  test('hands nothing over once the move has ended', () => {
    const { participant, peers, told, link } = newParticipant();
    participant.hold(order(1, 1, 3));
    participant.marker(link(2), 1);
    participant.end(1, true);
    participant.release(1);
    participant.marker(link(3), 1);
    participant.peerDied(3, 1);
    expect([peers.get(3)?.notes, told]).toEqual([[], []]);
  });

  test('says installed itself where it is the new host as well', () => {
    const { participant, peers, told } = newParticipant();
    peers.clear();
    participant.hold(order(1, 1, 1));
    expect(told).toEqual([{ type: 'installed', move: 1 }]);
  });

  test('of another incarnation is a bystander', () => {
    const { participant, peers, told, link } = newParticipant(['counter/a']);
    participant.hold({ ...order(1, 1, 3), from: { index: 1, incarnation: 2 } });
    for (const index of [2, 3]) participant.marker(link(index), 1);
    expect([peers.get(3)?.notes, told]).toEqual([[], []]);
  });
});

describe('markers', () => {
  test('that come before their holds are kept up to a bound', () => {
    const { participant, peers, link } = newParticipant();
    for (let move = 1; move <= EARLY_MARKERS_KEPT + 1; move++) participant.marker(link(2), move);
    peers.delete(3);
    for (const move of [EARLY_MARKERS_KEPT, EARLY_MARKERS_KEPT + 1]) participant.hold(order(move, 1, 2));
    expect(peers.get(2)?.notes).toEqual([[FLUSH, EARLY_MARKERS_KEPT]]);
  });

  test('that come after their moves take no room from those', () => {
    const { participant, peers, link } = newParticipant();
    for (let move = 1; move <= EARLY_MARKERS_KEPT; move++) {
      participant.hold(order(move, 2, 3));
      participant.release(move);
      participant.marker(link(3), move);
    }
    const next = EARLY_MARKERS_KEPT + 1;
    participant.marker(link(2), next);
    participant.marker(link(3), next);
    participant.hold(order(next, 1, 3));
    expect(peers.get(3)?.notes).toEqual([[FLUSH, next]]);
  });
});

test('the old host of a claim says before any hold whether an actor lives there', () => {
  const live = ['counter/b'];
  const { participant, told, router } = newParticipant(live);
  participant.prepare(order(1, 1, 3), 0, false);
  live.push('counter/a');
  participant.prepare(order(2, 1, 3), 0, false);
  expect(told).toMatchObject([
    { type: 'prepared', move: 1, subtree: [], subscriptions: [] },
    { type: 'refused', move: 2, error: { code: 'ALREADY_EXISTS' } },
  ]);
  expect(router).toEqual([]);
});
