/**
 * The protocol, broken on purpose: each mutant takes one rule away, from outside, by a method of a prototype that does
 * less than it should. A simulation that cannot see them proves nothing.
 */
import { Cell } from '../../../src/actor/cell.ts';
import { Pauses } from '../../../src/actor/pauses.ts';
import { PlacementTable } from '../../../src/placement/placement-table.ts';
import { PendingReplies, PendingReply } from '../../../src/actor/pending-replies.ts';
import { Watching } from '../../../src/actor/watchers.ts';
import { HandoffService } from '../../../src/master/handoff-service.ts';
import { SpawnRegistry } from '../../../src/placement-service/spawn-registry.ts';
import type { WorkerExit } from '../../../src/worker-pool/worker-host.ts';
import { SimulatedProcess } from '../../../src/simulation/simulated-process.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';
import { decodeValue, encodeValue, FrameDecoder } from '../../../src/wire/codec.ts';
import { IncomingHandoff } from '../../../src/handoff/incoming.ts';
import { InFlightFrames } from '../../../src/peer/in-flight-frames.ts';
import { HandoffParticipant } from '../../../src/handoff/handoff-participant.ts';
import { HeldMail } from '../../../src/routing/held-mail.ts';
import { OutgoingHandoffs } from '../../../src/handoff/outgoing-handoffs.ts';
import { OutgoingHandoff } from '../../../src/handoff/outgoing.ts';
import { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { Peers } from '../../../src/peer/peers.ts';
import { RemoteReply } from '../../../src/process/remote-reply.ts';
import { Router } from '../../../src/routing/router.ts';
import { MigrationBuffer } from '../../../src/handoff/migration-buffer.ts';
import type { ScenarioName } from './directed.ts';

interface Broken {
  name: string;
  /** Takes the rule away, until the returned function is called. */
  breaks: () => () => void;
}

/** Noticed by random programs. */
export interface Drawn extends Broken {
  /** Programs of this mix find it. */
  mix: 'fate' | 'moves' | 'all' | 'pairs' | 'pairs-die' | 'pauses';
  /** The seed to begin with, default 1: where those before it are known not to come to the point, they only take time. */
  first?: number;
  /** Programs until it must have been noticed. */
  within: number;
}

/** Noticed by one that is written down. */
export interface Directed extends Broken {
  scenario: ScenarioName;
}

// biome-ignore lint/suspicious/noExplicitAny: methods of any shape are put in place of each other
type Method = (this: any, ...args: any[]) => any;

/** Puts a method in the place of another one, which it may call. */
function replaced<T extends object>(
  of: { prototype: T },
  name: string,
  make: (original: Method) => Method,
): () => void {
  const prototype = of.prototype as Record<string, unknown>;
  const original = prototype[name] as Method | undefined;
  if (!original) throw new Error(`a mutant replaces a method that is there; got ${name}`);
  prototype[name] = make(original);
  return () => {
    prototype[name] = original;
  };
}

function all(...breaks: (() => void)[]): () => void {
  return () => {
    for (const restore of breaks) restore();
  };
}

/** The links of a process, as its last call of `all()` saw them. */
function peersSeen(): { seen: () => OutboundQueue[]; hide: (hidden: boolean) => void; restore: () => void } {
  let isHidden = false;
  let seen: OutboundQueue[] = [];
  const restore = replaced(
    Peers,
    'all',
    (original) =>
      function (this: Peers) {
        seen = [...(original.call(this) as Iterable<OutboundQueue>)];
        return isHidden ? [] : seen;
      },
  );
  return {
    seen: () => seen,
    hide: (hidden) => {
      isHidden = hidden;
    },
    restore,
  };
}

export const MUTANTS: readonly (Drawn | Directed)[] = [
  {
    name: 'the old host does not wait for the markers',
    mix: 'pairs-die',
    first: 15,
    within: 50,
    breaks: () => {
      const peers = peersSeen();
      const hold = replaced(
        HandoffParticipant,
        'hold',
        (original) =>
          function (order) {
            peers.hide(true);
            try {
              original.call(this, order);
            } finally {
              peers.hide(false);
            }
          },
      );
      return all(hold, peers.restore);
    },
  },
  {
    name: 'a frame of a newer epoch is read at once',
    mix: 'moves',
    first: 50,
    within: 40,
    breaks: () =>
      replaced(
        FrameDecoder,
        'decode',
        (original) =>
          function (bytes) {
            const batch = original.call(this, bytes) as unknown[];
            batch[0] = 0;
            return batch;
          },
      ),
  },
  {
    name: 'an epoch that declares a worker dead is taken up before its link is read to the end',
    mix: 'fate',
    within: 5,
    breaks: () =>
      replaced(
        Peers,
        'readToEnd',
        (original) =>
          function (index, incarnation) {
            original.call(this, index, incarnation);
            return undefined;
          },
      ),
  },
  {
    name: 'the old host does not wait until its links are flushed',
    mix: 'pairs',
    within: 50,
    breaks: () => {
      const peers = peersSeen();
      const hold = replaced(
        HandoffParticipant,
        'hold',
        (original) =>
          function (order) {
            original.call(this, order);
            for (const peer of peers.seen()) this.flushed(peer, order.id);
          },
      );
      return all(hold, peers.restore);
    },
  },
  {
    name: 'the death of a process counts neither as marker nor as acknowledgement',
    mix: 'pairs-die',
    within: 30,
    breaks: () => replaced(HandoffParticipant, 'peerDied', () => () => {}),
  },
  {
    name: 'what an actor had sent and is held stays at its old host',
    mix: 'pairs',
    within: 8,
    breaks: () => replaced(HeldMail, 'takeFrom', () => () => []),
  },
  {
    name: 'what an actor had sent and is held is taken with the state, not when it stops',
    scenario: 'a loose end speaks while its actor stands still',
    breaks: () => {
      let take: Method = () => {};
      const takeSent = replaced(OutgoingHandoffs, 'takeSent', (original) => {
        take = original;
        return () => {};
      });
      const send = replaced(
        OutgoingHandoffs,
        'sendTransfer',
        (original) =>
          function (order, newHost) {
            take.call(this, order);
            original.call(this, order, newHost);
          },
      );
      return all(takeSent, send);
    },
  },
  {
    name: 'what a dead link gives back stays at the old host of its sender',
    scenario: 'a link dies with unwritten mail of a sender that stands still',
    breaks: () => replaced(MigrationBuffer, 'takeBack', () => (mail) => mail),
  },
  {
    name: 'the new host runs the actors as soon as they are installed',
    mix: 'moves',
    within: 8,
    breaks: () => {
      const settled = new WeakSet<object>();
      const settle = replaced(
        IncomingHandoff,
        'commit',
        (original) =>
          function () {
            if (settled.has(this)) return;
            settled.add(this);
            original.call(this);
          },
      );
      const complete = replaced(
        IncomingHandoff,
        'complete',
        (original) =>
          async function () {
            await original.call(this);
            this.commit();
          },
      );
      return all(settle, complete);
    },
  },
  {
    name: 'any table ends a hold',
    mix: 'moves',
    within: 8,
    breaks: () => {
      const moves = new WeakMap<object, Set<number>>();
      const hold = replaced(
        Router,
        'hold',
        (original) =>
          function (move, units) {
            const standing = moves.get(this) ?? new Set();
            moves.set(this, standing.add(move));
            original.call(this, move, units);
          },
      );
      const release = replaced(
        Router,
        'releaseUnhosted',
        (original) =>
          function () {
            const standing = moves.get(this) ?? [];
            moves.delete(this);
            for (const move of standing) this.release(move);
            original.call(this);
          },
      );
      return all(hold, release);
    },
  },
  {
    name: 'markers carry no id of their move',
    scenario: 'the marker of one move is read when another move waits for nothing else',
    breaks: () => {
      const known = new WeakMap<object, Set<number>>();
      const noted = (participant: object, move: number): void => {
        known.set(participant, (known.get(participant) ?? new Set()).add(move));
      };
      const hold = replaced(
        HandoffParticipant,
        'hold',
        (original) =>
          function (order) {
            noted(this, order.id);
            original.call(this, order);
          },
      );
      const marker = replaced(
        HandoffParticipant,
        'marker',
        (original) =>
          function (peer, move) {
            original.call(this, peer, move);
            for (const other of known.get(this) ?? []) if (other !== move) original.call(this, peer, other);
          },
      );
      return all(hold, marker);
    },
  },
  {
    name: 'a new process is not told the holds that stand',
    mix: 'moves',
    within: 70,
    breaks: () => replaced(HandoffService, 'standing', () => () => []),
  },
  {
    name: 'a worker that hangs is replaced before it is dead',
    mix: 'fate',
    within: 40,
    breaks: () => {
      const listeners = new WeakMap<object, (exit: WorkerExit) => void>();
      const onExit = replaced(
        SimulatedProcess,
        'onExit',
        (original) =>
          function (listener) {
            listeners.set(this, listener);
            original.call(this, listener);
          },
      );
      const kill = replaced(
        SimulatedProcess,
        'kill',
        (original) =>
          function () {
            if (!this.isFrozen) return original.call(this);
            listeners.get(this)?.({ code: null, signal: 'SIGKILL' });
          },
      );
      return all(onExit, kill);
    },
  },
  {
    name: 'the old host keeps its copy as a second one that lives',
    mix: 'moves',
    within: 8,
    breaks: () =>
      replaced(
        OutgoingHandoff,
        'evict',
        (original) =>
          function () {
            if (this.ids.size === 0) return original.call(this);
            this.resume();
          },
      ),
  },
  {
    name: 'what was put aside does not go along',
    mix: 'moves',
    within: 10,
    breaks: () => transferWithout((kind) => kind === 'stash'),
  },
  {
    name: 'what waits in the mailbox does not go along',
    mix: 'moves',
    within: 8,
    breaks: () => transferWithout((kind) => kind === 'mail'),
  },
  {
    name: 'what an actor had sent does not go along',
    mix: 'moves',
    within: 8,
    breaks: () => transferWithout((kind) => kind === 'outbound'),
  },
  {
    name: 'an actor begins with a fresh state where it moved to',
    mix: 'moves',
    within: 8,
    breaks: () =>
      replaced(
        IncomingHandoff,
        'add',
        (original) =>
          function (piece) {
            if (piece[0] !== 'actor') return original.call(this, piece);
            const [body, state] = decodeValue(piece[1]) as [unknown, unknown];
            const fresh = state && encodeValue({ count: 0, sum: 0, isClosed: false });
            original.call(this, ['actor', encodeValue([body, fresh]), true]);
          },
      ),
  },
  {
    name: 'mail that a dead link had not written is dropped',
    mix: 'fate',
    within: 8,
    breaks: () => replaced(OutboundQueue, 'takeUnwritten', () => () => []),
  },
  {
    name: 'frames that a dead link did not take are dropped',
    mix: 'fate',
    within: 8,
    breaks: () => replaced(InFlightFrames, 'take', () => () => []),
  },
  {
    name: 'who comes from a worker that died forgets what it watched there',
    mix: 'fate',
    first: 2650,
    within: 40,
    breaks: () => replaced(IncomingHandoff, 'watches', () => function* () {}),
  },
  {
    name: 'asks that were written to a dead worker wait for their deadlines',
    mix: 'fate',
    within: 8,
    breaks: () => replaced(PendingReplies, 'at', () => () => []),
  },
  {
    name: 'an ask whose host died is said not to have been executed',
    mix: 'fate',
    within: 12,
    breaks: () =>
      replaced(
        PendingReply,
        'reject',
        (original) =>
          function (error) {
            const isUnknown = error instanceof TroupeError && error.fate === 'unknown';
            original.call(
              this,
              isUnknown ? new TroupeError(error.code, error.message, { fate: 'not-executed' }) : error,
            );
          },
      ),
  },
  {
    name: 'an ask is settled twice',
    mix: 'fate',
    within: 8,
    breaks: () =>
      replaced(
        PendingReply,
        'resolve',
        (original) =>
          function (value) {
            original.call(this, value);
            this.settled = false;
            original.call(this, value);
          },
      ),
  },
  {
    name: 'an ask is answered twice',
    mix: 'fate',
    within: 8,
    breaks: () =>
      replaced(
        RemoteReply,
        'resolve',
        (original) =>
          function (value) {
            original.call(this, value);
            this.settled = false;
            original.call(this, value);
          },
      ),
  },
  {
    name: 'an ask that timed out is executed all the same, and its deadline not kept',
    mix: 'fate',
    within: 10,
    breaks: () => replaced(PendingReply, 'expire', () => () => {}),
  },
  {
    name: 'watchers of a dead worker are not told',
    mix: 'fate',
    within: 40,
    breaks: () => replaced(Watching, 'targets', () => () => []),
  },
  {
    name: 'spawned actors of a dead worker are not started again',
    mix: 'fate',
    within: 20,
    breaks: () => replaced(SpawnRegistry, 'take', () => () => []),
  },
  {
    name: 'mail that comes to paused actors sets them going',
    mix: 'pauses',
    within: 5,
    breaks: () => replaced(Pauses, 'holdsBack', () => () => false),
  },
  {
    name: 'a worker that starts is not told what is paused',
    mix: 'pauses',
    within: 10,
    breaks: () =>
      replaced(
        PlacementTable,
        'toData',
        (original) =>
          function () {
            return { ...original.call(this), pauses: [] };
          },
      ),
  },
  {
    name: 'actors whose pause has ended are forgotten at the gate',
    mix: 'pauses',
    within: 5,
    breaks: () => replaced(Cell, 'goOn', () => () => {}),
  },
];

function transferWithout(isLeft: (kind: string) => boolean): () => void {
  return replaced(
    IncomingHandoff,
    'add',
    (original) =>
      function (piece) {
        if (!isLeft(piece[0])) original.call(this, piece);
      },
  );
}
