/**
 * Entries that come in over the links to other machines, and the ends of these links. A link of this process's own leads to the master of
 * another machine: mail goes out on it, and replies, signals and topics come back. A guest's is the same, seen from the way in.
 */
import type { LocalActors } from '../actor/local-actors.ts';
import type { ProcessDurability } from '../durability/process-durability.ts';
import { CreditGranter, WAITING_HIGH } from '../peer/credit-granter.ts';
import type { Ingress } from '../frames/frame-reader.ts';
import { depthOf, type LinkFlushes } from '../peer/link-flushes.ts';
import { OUTBOUND_HIGH, type OutboundQueue } from '../peer/outbound-queue.ts';
import type { PeersListener } from '../peer/peers.ts';
import type { ClusterTopics } from '../routing/cluster-topics.ts';
import type { Router } from '../routing/router.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope, ReplyTo } from '../vocabulary/envelope.ts';
import { errorFromData, wordsOf } from '../vocabulary/errors.ts';
import { ARRIVAL, FLUSHED, HAIL } from '../wire/entry.ts';
import type { AllPeers } from './all-peers.ts';
import type { HandOverParticipant } from '../machine-hand-over/hand-over-participant.ts';
import { LinkClock } from './link-clock.ts';
import type { MachineCalls } from '../machine-routes/machine-calls.ts';
import type { MachinePeers } from './machine-peers.ts';
import type { MachineTopics } from '../machine-routes/machine-topics.ts';
import { flushOn } from './onward-flush.ts';
import type { RelayedAsks } from '../machine-routes/relayed-asks.ts';
import { ROUTE_LEFT } from '../machine-routes/routes-left.ts';

/** The parts of a process that its links to other machines stand on. */
export interface MachineEventParts {
  readonly actors: LocalActors;
  readonly router: Router;
  readonly topics: ClusterTopics;
  readonly durability: ProcessDurability;
  readonly peers: AllPeers;
  readonly machines: MachinePeers;
  readonly relayed: RelayedAsks;
  readonly machineTopics: MachineTopics;
  readonly calls: MachineCalls;
  readonly handOvers: HandOverParticipant;
  /** The machine of that peer has left, or does so. */
  isGone(machine: OutboundQueue): boolean;
  readonly flushes: LinkFlushes;
  /** The process is its machine's way in, which others subscribe at. */
  readonly isMaster: boolean;
  /** A worker of that machine is dead by this epoch of its table. */
  hostDied(machine: OutboundQueue, epoch: number): void;
  /** A link to a machine's way in is there. */
  reached(machine: OutboundQueue): void;
  /** Of the table of partitions that this process has taken up. */
  partitionsEpoch(): number;
  readonly loss: {
    linkEnded(peer: OutboundQueue): void;
    linkedAgain(peer: OutboundQueue): void;
    hostDied(peer: OutboundQueue, epoch: number): void;
    linkedAnew(machine: number): void;
  };
  /** Of moves of this machine: all that an actor had sent to another machine has arrived there. */
  flushed(peer: OutboundQueue, move: number): void;
  toRef(id: ActorId): unknown;
  /** The way back to an asker, over the link by which it asked. */
  replyTo(process: ActorId, correlation: number): ReplyTo;
}

export class MachineLinkEvents implements PeersListener {
  readonly #parts: MachineEventParts;

  constructor(parts: MachineEventParts) {
    this.#parts = parts;
  }

  ingress(peer: OutboundQueue): Ingress {
    return ingressOf(this.#parts, peer);
  }

  linked(peer: OutboundQueue, isAgain: boolean): void {
    const { machines, topics, router, loss, actors, isMaster, reached } = this.#parts;
    // Mail has waited for the link, and may wait behind a dam: it is not to be read without that.
    peer.noteBeforeAll(HAIL, actors.kernel.clock.now());
    if (!machines.isMachine(peer)) return isMaster ? topics.announce(peer, topics.names()) : undefined;
    router.releaseUnhosted();
    if (isAgain) loss.linkedAgain(peer);
    reached(peer);
  }

  ended(peer: OutboundQueue): void {
    const { machines, machineTopics, loss } = this.#parts;
    if (machines.isMachine(peer)) {
      loss.linkEnded(peer);
      return this.#parts.handOvers.linkEnded(peer, this.#parts.isGone(peer));
    }
    machineTopics.guestGone(peer);
    peer.takeUnwritten();
    machines.forgetGuest(peer);
  }
}

function ingressOf(parts: MachineEventParts, peer: OutboundQueue): Ingress {
  const { actors, router, topics, machines, relayed, machineTopics, calls, flushes, durability } = parts;
  const { kernel } = actors;
  const { pending, clock } = kernel;
  const credit = new CreditGranter(clock, loadOf(parts), (count) => peer.grant(count));
  const theirs = new LinkClock({ ...parts, kernel }, peer);
  /** It has said that it sends nothing more. */
  let hasLeft = false;
  return {
    epoch: parts.partitionsEpoch,
    toRef: (id) => parts.toRef(id),
    envelope: (envelope: Envelope) => {
      theirs.take(envelope);
      if (envelope.replyTo) relayed.relay(envelope, envelope.replyTo);
      if (hasLeft) machines.guestLeft(peer, (hasLeft = false));
      router.passOn(envelope);
    },
    replyTo: (process, correlation) => parts.replyTo(process, correlation),
    replied: (correlation, value) => {
      if (!calls.replied(correlation, value)) pending.byCorrelation(correlation)?.resolve(value);
    },
    failed: (correlation, error) => {
      if (calls.failed(correlation, error)) return;
      const reply = pending.byCorrelation(correlation);
      // The other machine has left with it. It is sent again, to where its actor is by the next table.
      if (reply?.survivesHostLoss && error.code === 'SHUTTING_DOWN') return;
      reply?.reject(errorFromData(error));
    },
    unreadable: (envelope, error) => {
      const text = `a message to ${envelope.to} could not be read: ${wordsOf(error)}`;
      kernel.deadLetters.refuse(envelope, 'INVALID_MESSAGE', text);
    },
    signal: (to, signal) => {
      if (signal.type === 'ask-given-up' && signal.process === peer.address) relayed.givenUp(signal);
      else router.signalArrived(to, signal);
    },
    published: (published) => topics.passOn(published),
    topicChanged: (topic, isJoined, number) => topics.changed(peer, topic, isJoined, number),
    topicAcknowledged: (number) => machineTopics.acknowledged(peer, number),
    topicBarrier: (topic, number) => void topics.barrierOfMachine(peer, topic, number),
    topicReached: (number, capacity) => topics.reached(peer, number, capacity),
    topicsLearned: (names) => topics.learned(peer, names),
    marker: (move) => notBetweenMachines('a marker', move),
    transfer: (move) => notBetweenMachines('transferred state', move),
    arrival: (move, part) => {
      const machine = machines.machineOf(peer);
      // Its own link: what it has handed over has come, or not.
      if (machine === undefined) return parts.handOvers.leaving.answered(peer, move, part === TAKEN);
      const answer = parts.handOvers.arrivals.part(peer.address, machine, move, part, theirs.difference);
      if (answer !== 'more') peer.note(ARRIVAL, move, answer === 'whole' ? TAKEN : REFUSED);
    },
    flush: (move) => {
      void flushOn({ ...parts, kernel }, depthOf(move)).then(() => peer.note(FLUSHED, move));
    },
    flushed: (move) => flushes.flushed(peer, move) || parts.flushed(peer, move),
    hailed: (now) => theirs.hailed(now),
    hostDied: (epoch) => parts.hostDied(peer, epoch),
    resend: () => durability.resend((id) => router.runsAt(id, peer.index), true),
    called: (number, name, args) => {
      theirs.called(name, args);
      if (name === ROUTE_LEFT) machines.guestLeft(peer, (hasLeft = true));
      else calls.called(peer, number, { name, args }, theirs.difference);
    },
    credit: (count) => peer.granted(count),
    frameRead: (entries, messages) => {
      peer.received += entries;
      theirs.frameRead();
      if (!machines.isMachine(peer)) credit.spent(messages);
    },
  };
}

/** Answers to what was handed over. */
const TAKEN = 'taken';
const REFUSED = 'refused';

/** Mail for a process of this machine that is slow waits here: the guests are to be slow then. */
function loadOf({ actors, peers }: MachineEventParts): { readonly waiting: number } {
  return {
    get waiting() {
      for (const own of peers.all()) if (own.waiting >= OUTBOUND_HIGH) return WAITING_HIGH;
      return actors.waiting;
    },
  };
}

function notBetweenMachines(what: string, move: number): never {
  throw new Error(`a link between machines carries no part of a move between workers; got ${what} of the move ${move}`);
}
