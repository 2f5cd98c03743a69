/** Entries that come in over one link go to the part that they are for: the parts of a process, joined for its link readers. */
import type { LocalActors } from '../actor/local-actors.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { errorFromData, wordsOf } from '../vocabulary/errors.ts';
import type { ClusterTopics } from '../routing/cluster-topics.ts';
import { FLUSHED } from '../wire/entry.ts';
import { CreditGranter } from '../peer/credit-granter.ts';
import type { OtherMachines } from '../machine-routing/other-machines.ts';
import type { HandoffParticipant } from '../handoff/handoff-participant.ts';
import { pieceOf } from '../handoff/transfer-codec.ts';
import type { Ingress } from '../frames/frame-reader.ts';
import type { LinkFlushes } from '../peer/link-flushes.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { PeersListener } from '../peer/peers.ts';
import type { FirstLinks } from './first-links.ts';
import type { PeerLoss } from './peer-loss.ts';
import { RemoteReply, type ReplyRoute } from './remote-reply.ts';
import type { Router } from '../routing/router.ts';

export interface PeerEventParts {
  readonly actors: LocalActors;
  readonly router: Router;
  readonly topics: ClusterTopics;
  readonly handoffs: HandoffParticipant;
  readonly flushes: LinkFlushes;
  readonly replies: ReplyRoute;
  readonly loss: PeerLoss;
  readonly firstLinks: FirstLinks;
  /** Undefined: this machine is alone. */
  readonly others: OtherMachines | undefined;
  toRef(id: ActorId): unknown;
}

export class PeerEvents implements PeersListener {
  readonly #parts: PeerEventParts;

  constructor(parts: PeerEventParts) {
    this.#parts = parts;
  }

  ingress(peer: OutboundQueue): Ingress {
    return ingressOf(this.#parts, peer);
  }

  linked(peer: OutboundQueue, isAgain: boolean): void {
    const { topics, router, loss } = this.#parts;
    topics.announce(peer);
    // After a broken link between two that live: its mail was held meanwhile.
    router.releaseUnhosted();
    if (isAgain) loss.linkedAgain(peer);
  }

  ended(peer: OutboundQueue): void {
    this.#parts.loss.linkEnded(peer);
    this.#parts.firstLinks.came(peer);
  }
}

function ingressOf(parts: PeerEventParts, peer: OutboundQueue): Ingress {
  const { actors, router, topics, handoffs, flushes, replies } = parts;
  const { pending, clock } = actors.kernel;
  const credit = new CreditGranter(clock, actors, (count) => peer.grant(count));
  return {
    epoch: actors.kernel.epoch,
    toRef: (id) => parts.toRef(id),
    envelope: (envelope) => router.arrived(envelope),
    replyTo: (process, correlation) => new RemoteReply(replies, process, correlation),
    replied: (correlation, value) => pending.byCorrelation(correlation)?.resolve(value),
    failed: (correlation, error) => pending.byCorrelation(correlation)?.reject(errorFromData(error)),
    unreadable: (envelope, error) => {
      const text = `a message to ${envelope.to} could not be read: ${wordsOf(error)}`;
      actors.kernel.deadLetters.refuse(envelope, 'INVALID_MESSAGE', text);
    },
    signal: (to, signal) => router.signalArrived(to, signal),
    published: (published) => topics.arrived(published),
    topicChanged: (topic, isJoined, number) => topics.changed(peer, topic, isJoined, number),
    topicAcknowledged: (number) => topics.acknowledged(peer, number),
    topicBarrier: (topic, number) => topics.barrier(peer, topic, number),
    topicReached: (number, capacity) => topics.reached(peer, number, capacity),
    topicsLearned: (names, isAll) => {
      topics.learned(peer, names);
      // The link is of use now.
      if (isAll) parts.firstLinks.came(peer);
    },
    marker: (move) => handoffs.marker(peer, move),
    transfer: (move, piece) => handoffs.transfer(move, pieceOf(piece)),
    arrival: (number, part) => parts.others?.arrived(number, part, peer.address),
    flush: (move) => peer.note(FLUSHED, move),
    flushed: (move) => flushes.flushed(peer, move) || handoffs.flushed(peer, move),
    credit: (count) => peer.granted(count),
    frameRead: (entries, messages) => {
      peer.received += entries;
      credit.spent(messages);
    },
  };
}
