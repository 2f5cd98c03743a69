/**
 * One process's part in hand-offs (the master's is placement/handoff): hold, marker, transfer, installed, release. The decisions are
 * those of placement/participant-machine; this is the shell around it, which tells it what happens and carries out what follows.
 *
 *   old host    stops the actors of the units between two turns, and flushes its links: what they sent has arrived
 *   everybody   holds its new mail for the units and sends a marker down its link to the old host
 *   old host    with all markers in, nothing older can come: it sends the transferred state, or refuses
 *   new host    says installed; the units run there only under the table that commits the move
 */
import type { LocalActors } from '../actor/local-actors.ts';
import type { WatchRecord } from '../actor/transfer.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { Peers } from '../peer/peers.ts';
import {
  type HostEffect,
  type MoveEffect,
  type MoveEvent,
  type MoveState,
  NONE,
  type Processes,
} from '../placement/move-state.ts';
import { afterMoveEvent } from '../placement/participant-machine.ts';
import type { ClusterTopics } from '../routing/cluster-topics.ts';
import type { Router } from '../routing/router.ts';
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import type { ReplyTo } from '../vocabulary/envelope.ts';
import { asError, errorToData, TroupeError } from '../vocabulary/errors.ts';
import type { MoveId, MoveOrder, ToMaster, Unit } from '../wire/control.ts';
import { MARKER } from '../wire/entry.ts';
import { IncomingHandoff } from './incoming.ts';
import { liveUnit, liveUnitRefusal } from './live-units.ts';
import { OutgoingHandoffs } from './outgoing-handoffs.ts';
import type { TransferPiece } from './transfer-codec.ts';

export interface HandoffParts {
  readonly self: { index: number; incarnation: number };
  readonly actors: LocalActors;
  readonly router: Router;
  readonly topics: ClusterTopics;
  toRef(id: ActorId): unknown;
  replyTo(process: ActorId, correlation: number): ReplyTo;
  /** Links to all other processes that are alive, as far as this one knows. */
  readonly peers: Pick<Peers, 'all' | 'byIndex' | 'byAddress'>;
  /** All to whom actors here may have sent something: also other machines. Default: `peers`. */
  readonly reached?: Pick<Peers, 'all' | 'byAddress'>;
  tellMaster(message: ToMaster): void;
}

/** Markers that came before their hold, kept for so many moves. */
export const EARLY_MARKERS_KEPT = 4096;

export class HandoffParticipant {
  readonly #parts: HandoffParts;
  readonly #self: ActorId;
  /** Of all moves but those of which nothing is known. */
  readonly #states = new Map<MoveId, MoveState>();
  /** Those of them of which there are early markers, and no more. */
  readonly #early = new Set<MoveId>();
  readonly #outgoing: OutgoingHandoffs;
  readonly #incoming = new Map<MoveId, IncomingHandoff>();
  /** By move, when its hold began: how often the link to its new host had ended. */
  readonly #endsBefore = new Map<MoveId, number>();
  /** Holds come in the order of their moves, but for those that were prepared first. */
  #lastHold = 0;

  constructor(parts: HandoffParts) {
    this.#parts = parts;
    this.#self = nameOf(parts.self);
    const { actors, router } = parts;
    this.#outgoing = new OutgoingHandoffs({
      ...{ actors, router },
      quiesced: ({ move, subtree, subscriptions }) =>
        this.#happens(move, { type: 'quiesced', subtree, subscriptions, peers: this.#allReached() }),
      notQuiesced: (move, error, isBusy) => this.#happens(move, { type: 'not-quiesced', error, isBusy }),
    });
  }

  /** The old host of units with actors that go along: they stop. */
  prepare(order: MoveOrder, quiesceMs: number, isLast: boolean): void {
    this.#happens(order.id, { type: 'prepare', order, quiesceMs, isLast });
  }

  hold(order: MoveOrder): void {
    this.#lastHold = Math.max(this.#lastHold, order.id);
    this.#happens(order.id, { type: 'hold', order, peers: this.#peers() });
  }

  marker(peer: OutboundQueue, move: MoveId): void {
    if (this.#states.has(move) || this.#mayComeEarly(move)) this.#happens(move, { type: 'marker', peer: peer.address });
  }

  /** All that the actors of a move had sent to a peer has arrived there. */
  flushed(peer: OutboundQueue, move: MoveId): void {
    this.#happens(move, { type: 'flushed', peer: peer.address });
  }

  /**
   * A process is dead, and the link to it read to its end: that counts as marker and acknowledgement of every move. The
   * end of a link alone does not: its peer may live, and have older mail to send when it is linked again.
   */
  peerDied(index: number, incarnation: number): void {
    this.#happensToAll({ type: 'peer-died', peer: processAddress(index, incarnation) });
  }

  /** A link between two that live is there again: what it may have lost of a move is said once more. */
  linkedAgain(peer: OutboundQueue): void {
    this.#happensToAll({ type: 'linked-again', peer: peer.address });
  }

  linkEnded(peer: OutboundQueue): void {
    this.#happensToAll({ type: 'link-ended', peer: peer.address });
  }

  /** A piece of the transferred state has come, or its end (null). Nothing of the units runs before the table says so. */
  transfer(move: MoveId, piece: TransferPiece | null): void {
    this.#happens(move, piece === null ? { type: 'last-piece' } : { type: 'piece', piece });
  }

  /** The move has ended: its units live at its new host, or stay where they were. Their holds end with `release`. */
  end(move: MoveId, hasMoved: boolean): void {
    const at = this.#states.get(move);
    this.#happens(move, { type: 'end', hasMoved });
    if (hasMoved && at && 'order' in at) this.#topicsMoved(at.order);
    this.#endsBefore.delete(move);
    this.#incoming.delete(move);
  }

  /** The watches of those that arrive by these moves. */
  *watchesIn(moves: readonly MoveId[]): Iterable<WatchRecord> {
    for (const move of moves) yield* this.#incoming.get(move)?.watches() ?? [];
  }

  /** Those that live here once these moves are committed. */
  *actorsIn(moves: readonly MoveId[]): Iterable<ActorId> {
    for (const move of moves) {
      const state = this.#states.get(move)?.state;
      if (state === 'installing' || state === 'installed') yield* this.#incoming.get(move)?.living() ?? [];
    }
  }

  release(move: MoveId): void {
    this.#parts.router.release(move);
  }

  #mayComeEarly(move: MoveId): boolean {
    return move > this.#lastHold && this.#early.size < EARLY_MARKERS_KEPT;
  }

  #happensToAll(event: MoveEvent): void {
    for (const move of [...this.#states.keys()]) this.#happens(move, event);
  }

  #happens(move: MoveId, event: MoveEvent): void {
    const { state, effects } = afterMoveEvent(this.#self, this.#states.get(move) ?? NONE, event);
    if (state === NONE) this.#states.delete(move);
    else this.#states.set(move, state);
    if (state.state === 'none' && state !== NONE) this.#early.add(move);
    else this.#early.delete(move);
    for (const effect of effects) this.#carryOut(move, effect);
  }

  #carryOut(move: MoveId, effect: MoveEffect): void {
    const { router, topics, peers, tellMaster } = this.#parts;
    switch (effect.type) {
      case 'hold':
        router.hold(move, effect.order.units);
        topics.moving.hold(effect.order);
        this.#endsBefore.set(move, this.#endsOf(effect.order));
        break;
      case 'release-publishes':
        topics.released(effect.order);
        break;
      case 'send-marker':
        peers.byAddress(effect.to)?.note(MARKER, move);
        break;
      case 'note-end':
        this.#noteEnd(effect.order, effect.hasMoved);
        break;
      case 'tell-prepared':
        tellMaster({ type: 'prepared', move, subtree: effect.subtree, subscriptions: effect.subscriptions });
        break;
      case 'tell-installed':
        this.#note('installed', effect.order);
        tellMaster({ type: 'installed', move });
        break;
      case 'tell-refused':
        this.#tellRefused(move, effect.error, effect.isBusy);
        break;
      default:
        this.#carryOutAsHost(move, effect);
    }
  }

  #carryOutAsHost(move: MoveId, effect: HostEffect): void {
    const outgoing = this.#outgoing;
    switch (effect.type) {
      case 'quiesce':
        outgoing.quiesce(effect);
        break;
      case 'capture':
        outgoing.capture(effect.order);
        break;
      case 'take-sent':
        outgoing.takeSent(effect.order);
        break;
      case 'send-flush': {
        const peer = this.#reached.byAddress(effect.to);
        if (peer) outgoing.flush(move, peer);
        break;
      }
      case 'look':
        this.#look(effect.order);
        break;
      case 'send-transfer':
        this.#sendTransfer(effect.order);
        break;
      case 'evict':
        outgoing.evict(effect.order);
        break;
      case 'resume':
        outgoing.resume(move);
        break;
      case 'keep-piece':
        this.#incomingOf(move).add(effect.piece as TransferPiece);
        break;
      case 'install':
        this.#install(move);
        break;
      case 'discard-pieces':
        this.#incoming.get(move)?.discard();
        this.#incoming.delete(move);
        break;
      case 'run':
        this.#incoming.get(move)?.commit(nameOf(effect.order.from));
        break;
    }
  }

  #look(order: MoveOrder): void {
    const { actors, router } = this.#parts;
    const live = liveUnit(order, actors, router);
    if (live === undefined) this.#happens(order.id, { type: 'vacant', peers: this.#allReached() });
    else this.#happens(order.id, { type: 'occupied', error: liveUnitRefusal(order, live) });
  }

  #sendTransfer(order: MoveOrder): void {
    try {
      this.#outgoing.sendTransfer(order, this.#parts.peers.byAddress(nameOf(order.to)));
    } catch (error) {
      this.#happens(order.id, { type: 'not-packed', error: asError(error) });
    }
  }

  #install(move: MoveId): void {
    this.#incomingOf(move)
      .complete()
      .then(
        () => this.#happens(move, { type: 'installed' }),
        (error) => this.#happens(move, { type: 'not-installed', error: asError(error) }),
      );
  }

  #incomingOf(move: MoveId): IncomingHandoff {
    let incoming = this.#incoming.get(move);
    if (incoming) return incoming;
    const { actors, topics, router, toRef, replyTo } = this.#parts;
    incoming = new IncomingHandoff({ actors, topics, router, toRef, replyTo });
    this.#incoming.set(move, incoming);
    return incoming;
  }

  #tellRefused(move: MoveId, error: Error, isBusy: boolean): void {
    const fault = error instanceof TroupeError ? error : new TroupeError('ACTOR_UNAVAILABLE', error.message);
    this.#parts.tellMaster({ type: 'refused', move, error: errorToData(fault), ...(isBusy && { isBusy }) });
  }

  #noteEnd(order: MoveOrder, hasMoved: boolean): void {
    if (hasMoved) this.#noteMoved(order);
    // The host of a place on demand may not have asked yet who it is: what came to it before is older than what is held.
    else if (nameOf(order.from) === this.#self) this.#parts.router.unitsMoved(order.units, order.from.index);
    this.#note(hasMoved ? 'committed' : 'aborted', order);
  }

  #noteMoved(order: MoveOrder): void {
    const { units, from, to } = order;
    const { router, actors, peers } = this.#parts;
    const moved = new Set(units);
    router.unitsMoved(units, to.index);
    // Also where it is not there again: the new host may not have seen its end, and answers into nothing.
    const hasBroken = peers.byIndex(to.index)?.ended || this.#endsOf(order) !== this.#endsBefore.get(order.id);
    actors.kernel.pending.moved(
      nameOf(from),
      nameOf(to),
      (target) => moved.has(router.unitOf(target) as Unit),
      hasBroken ? `the connection to worker ${to.index} was lost before it replied` : undefined,
    );
  }

  #topicsMoved({ to, subscriptions }: MoveOrder): void {
    const { self, peers, topics } = this.#parts;
    const isHere = to.index === self.index && to.incarnation === self.incarnation;
    const peer = isHere ? undefined : peers.byAddress(nameOf(to));
    // With its link it has said, or will say, what is subscribed there.
    if (isHere || (peer && !peer.ended)) topics.moved(subscriptions, peer);
  }

  #note(step: 'installed' | 'committed' | 'aborted', { id, units }: MoveOrder): void {
    const { trace } = this.#parts.actors.kernel;
    const ids = trace ? [...(this.#incoming.get(id)?.living() ?? [])] : [];
    trace?.note({ topic: 'handoff', step, move: id, units, ids });
  }

  /** How often the link to the new host has ended; one that is not known yet, or no more, counts as one that never did. */
  #endsOf({ to }: MoveOrder): number {
    return this.#parts.peers.byAddress(nameOf(to))?.ends ?? 0;
  }

  get #reached(): Pick<Peers, 'all' | 'byAddress'> {
    return this.#parts.reached ?? this.#parts.peers;
  }

  #allReached(): Processes {
    return new Set([...this.#reached.all()].map(({ address }) => address));
  }

  #peers(): Processes {
    return new Set([...this.#parts.peers.all()].map(({ address }) => address));
  }
}

function nameOf({ index, incarnation }: MoveOrder['from']): ActorId {
  return processAddress(index, incarnation);
}
