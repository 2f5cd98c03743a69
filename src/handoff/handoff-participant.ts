/**
 * One process's part in hand-offs (the master's is placement/handoff): hold, marker, transfer, installed, release.
 *
 *   old host    stops the actors of the units between two turns, and flushes its links: what they sent has arrived
 *   everybody   holds its new mail for the units and sends a marker down its link to the old host
 *   old host    with all markers in, nothing older can come: it sends the transferred state, or refuses
 *   new host    says installed; the units run there only under the table that commits the move
 */
import type { LocalActors } from '../actor/local-actors.ts';
import { parseUnit } from '../placement/shard.ts';
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import type { ReplyTo } from '../vocabulary/envelope.ts';
import { asError, errorToData, TroupeError } from '../vocabulary/errors.ts';
import type { MoveId, MoveOrder, ToMaster, Unit } from '../wire/control.ts';
import { FLUSH, MARKER, STATE } from '../wire/entry.ts';
import type { WatchRecord } from '../actor/transfer.ts';
import { IncomingHandoff } from './incoming.ts';
import type { ClusterTopics } from '../routing/cluster-topics.ts';
import { OutgoingHandoff } from './outgoing.ts';
import { liveUnit, liveUnitRefusal } from './live-units.ts';
import type { TransferPiece } from './transfer-codec.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { Router } from '../routing/router.ts';
import { MigrationBuffer } from './migration-buffer.ts';

export interface HandoffPort {
  readonly self: { index: number; incarnation: number };
  readonly actors: LocalActors;
  readonly router: Router;
  readonly topics: ClusterTopics;
  toRef(id: ActorId): unknown;
  replyTo(process: ActorId, correlation: number): ReplyTo;
  /** Links to all other processes that are alive, as far as this one knows. */
  peers(): Iterable<OutboundQueue>;
  peer(index: number): OutboundQueue | undefined;
  tellMaster(message: ToMaster): void;
  /** A reload has removed the kind. */
  isRemoved(kind: string): boolean;
}

/** Markers that came before their hold, kept for so many moves. */
export const EARLY_MARKERS_KEPT = 4096;

export class HandoffParticipant {
  readonly #port: HandoffPort;
  readonly #orders = new Map<MoveId, MoveOrder>();
  readonly #outgoing = new Map<MoveId, OutgoingHandoff>();
  readonly #incoming = new Map<MoveId, { incoming: IncomingHandoff; isComplete: boolean }>();
  readonly #early = new Map<MoveId, Set<OutboundQueue>>();
  /** By move, when its hold began: how often the link to its new host had ended. */
  readonly #endsBefore = new Map<MoveId, number>();
  /** Holds come in the order of their moves, but for those that were prepared first. */
  #lastHold = 0;

  constructor(port: HandoffPort) {
    this.#port = port;
  }

  /** The old host of units with actors that go along: they stop. */
  prepare(order: MoveOrder, quiesceMs: number, isLast: boolean): void {
    if (order.purpose !== 'move') return this.#answerClaim(order);
    const outgoing = this.#startOutgoing(order);
    outgoing.stop(quiesceMs, isLast);
  }

  hold(order: MoveOrder): void {
    const { router, self, topics } = this.#port;
    this.#orders.set(order.id, order);
    router.hold(order.id, order.units);
    topics.moving.hold(order);
    this.#lastHold = Math.max(this.#lastHold, order.id);
    this.#endsBefore.set(order.id, this.#endsOf(order));
    if (order.from.index !== self.index || order.from.incarnation !== self.incarnation) {
      const oldHost = this.#port.peer(order.from.index);
      // Also where the link is broken: made again, it carries the marker first, and nobody waits for it in vain.
      if (oldHost?.incarnation === order.from.incarnation) oldHost.note(MARKER, order.id);
      return;
    }
    const early = this.#early.get(order.id);
    this.#early.delete(order.id);
    const outgoing = this.#outgoing.get(order.id) ?? this.#startOutgoing(order);
    outgoing.order = order;
    outgoing.markers = new Set([...this.#port.peers()].filter((peer) => !early?.has(peer)));
    this.#handOverIfComplete(outgoing);
  }

  marker(peer: OutboundQueue, move: MoveId): void {
    const outgoing = this.#outgoing.get(move);
    if (!outgoing?.markers) return this.#keepEarly(peer, move);
    outgoing.markers.delete(peer);
    this.#handOverIfComplete(outgoing);
  }

  /** All that the actors of a move had sent to a peer has arrived there. */
  flushed(peer: OutboundQueue, move: MoveId): void {
    const outgoing = this.#outgoing.get(move);
    if (outgoing?.flushes?.delete(peer)) this.#handOverIfComplete(outgoing);
  }

  /**
   * A process is dead, and the link to it read to its end: that counts as marker and acknowledgement of every move. The
   * end of a link alone does not: its peer may live, and have older mail to send when it is linked again.
   */
  peerDied(index: number, incarnation: number): void {
    for (const outgoing of [...this.#outgoing.values()]) {
      for (const awaited of [outgoing.flushes, outgoing.markers]) {
        for (const peer of awaited ?? []) {
          if (peer.index === index && peer.incarnation === incarnation) awaited?.delete(peer);
        }
      }
      this.#handOverIfComplete(outgoing);
    }
  }

  /** A link between two that live is there again: what it may have lost of a move is said once more. */
  linkedAgain(peer: OutboundQueue): void {
    for (const outgoing of this.#outgoing.values())
      if (outgoing.flushes?.has(peer)) peer.note(FLUSH, outgoing.order.id);
    for (const { id, from } of this.#orders.values()) {
      if (isProcess(from, peer)) peer.note(MARKER, id);
    }
    for (const outgoing of this.#outgoing.values()) {
      if (outgoing.isSent && isProcess(outgoing.order.to, peer)) this.#sendTransfer(outgoing);
    }
  }

  /** Half of the transferred state is none: should the old host live, it comes again. */
  linkEnded(peer: OutboundQueue): void {
    for (const [move, { incoming, isComplete }] of this.#incoming) {
      const order = this.#orders.get(move);
      if (isComplete || !order || !isProcess(order.from, peer)) continue;
      incoming.discard();
      this.#incoming.delete(move);
    }
  }

  /** A piece of the transferred state has come, or its end (null). Nothing of the units runs before the table says so. */
  transfer(move: MoveId, piece: TransferPiece | null): void {
    const order = this.#orders.get(move);
    // Of a move that ended meanwhile: it means nothing here.
    if (order?.to.index !== this.#port.self.index) return;
    let entry = this.#incoming.get(move);
    if (!entry) this.#incoming.set(move, (entry = { incoming: this.#newIncoming(), isComplete: false }));
    // It came already; the old host cannot know, its link broke just then.
    if (entry.isComplete) return;
    if (piece !== null) return entry.incoming.add(piece);
    entry.isComplete = true;
    const { incoming } = entry;
    incoming.complete().then(
      () => {
        this.#note('installed', order, incoming);
        this.#port.tellMaster({ type: 'installed', move });
      },
      (error) => this.#refuse(move, asError(error), false),
    );
  }

  /** The move has ended: its units live at its new host, or stay where they were. Their holds end with `release`. */
  end(move: MoveId, hasMoved: boolean): void {
    const order = this.#orders.get(move);
    const outgoing = this.#outgoing.get(move);
    if (hasMoved && order) this.#noteMoved(order);
    if (order) this.#note(hasMoved ? 'committed' : 'aborted', order, this.#incoming.get(move)?.incoming);
    this.#endOutgoing(move, hasMoved);
    this.#endIncoming(move, order, hasMoved);
    this.#orders.delete(move);
    this.#endsBefore.delete(move);
    this.#early.delete(move);
    if (order ?? outgoing) this.#port.topics.moving.release(order ?? (outgoing as OutgoingHandoff).order);
  }

  /** The watches of those that arrive by these moves. */
  *watchesIn(moves: readonly MoveId[]): Iterable<WatchRecord> {
    for (const move of moves) {
      const entry = this.#incoming.get(move);
      if (entry) yield* entry.incoming.watches();
    }
  }

  /** Those that live here once these moves are committed. */
  *actorsIn(moves: readonly MoveId[]): Iterable<ActorId> {
    for (const move of moves) {
      const entry = this.#incoming.get(move);
      if (entry?.isComplete) yield* entry.incoming.living();
    }
  }

  release(move: MoveId): void {
    this.#port.router.release(move);
  }

  /** Asked before anybody holds: mail for an actor that lives is not held up only to learn that it does. */
  #answerClaim(order: MoveOrder): void {
    const { actors, router } = this.#port;
    const live = liveUnit(order, actors, router);
    if (live !== undefined) return this.#refuse(order.id, liveUnitRefusal(order, live), false);
    // Holds of moves that were prepared come in any order: its markers count as early, whatever is held already.
    this.#early.set(order.id, new Set());
    this.#port.tellMaster({ type: 'prepared', move: order.id, subtree: [], subscriptions: [] });
  }

  #startOutgoing(order: MoveOrder): OutgoingHandoff {
    const { actors } = this.#port;
    const outgoing = new OutgoingHandoff(
      {
        actors,
        idsIn: (units) => this.#idsIn(units),
        quiesced: (of) => this.#quiesced(of),
        refused: (of, error, isBusy) => {
          this.#outgoing.delete(of.order.id);
          this.#renewBuffer();
          this.#refuse(of.order.id, error, isBusy);
          // Of those that were killed at the deadline: it stays here.
          for (const envelope of of.buffered.splice(0)) this.#port.router.arrived(envelope);
        },
      },
      order,
    );
    this.#outgoing.set(order.id, outgoing);
    return outgoing;
  }

  /** The actors are quiescent. From now on all that is for them waits, here too, and what is theirs goes along. */
  #quiesced(outgoing: OutgoingHandoff): void {
    const { router, topics, tellMaster } = this.#port;
    const { subtree, subscriptions } = outgoing;
    const order = { ...outgoing.order, subscriptions };
    outgoing.order = order;
    topics.moving.hold(order);
    for (const id of subtree) outgoing.units.add(id);
    router.hold(order.id, [...outgoing.units]);
    this.#takeWaiting(outgoing);
    this.#renewBuffer();
    this.#flush(outgoing);
    tellMaster({ type: 'prepared', move: order.id, subtree, subscriptions });
  }

  /** Mail that was sent under these ids is to arrive before what they send from elsewhere; also by one that has ended. */
  #flush(outgoing: OutgoingHandoff): void {
    const { router } = this.#port;
    const { ids, units, order } = outgoing;
    const isTheirs = (sender: ActorId): boolean => ids.has(sender) || units.has(router.unitOf(sender) ?? '');
    outgoing.outbound.push(...router.holds.takeFrom(isTheirs));
    outgoing.flushes = new Set(this.#port.peers());
    for (const peer of outgoing.flushes) peer.note(FLUSH, order.id);
  }

  /** Mail that had arrived while this process was still asking whether it is the host: it is older than all that will be held. */
  #takeWaiting({ units, buffered }: OutgoingHandoff): void {
    const { holds } = this.#port.router;
    for (const unit of units) {
      if (parseUnit(unit)) continue;
      for (const held of holds.take(unit)) {
        if ('signal' in held) holds.add(unit, held);
        else buffered.push(held);
      }
    }
  }

  /** Under which something is kept here: in memory, passivated, failed, watched or subscribed. */
  *#idsIn(units: ReadonlySet<Unit>): Iterable<ActorId> {
    const { actors, router } = this.#port;
    // An actor that moves alone is not its own unit yet.
    for (const unit of units) if (!parseUnit(unit)) yield unit;
    for (const id of actors.known()) if (units.has(router.unitOf(id) ?? '')) yield id;
  }

  #renewBuffer(): void {
    const quiesced = [...this.#outgoing.values()].filter(({ isQuiescent }) => isQuiescent);
    const { router, actors } = this.#port;
    router.capture =
      quiesced.length > 0 ? new MigrationBuffer(quiesced, router.holds, actors.kernel.deadLetters) : undefined;
  }

  #handOverIfComplete(outgoing: OutgoingHandoff): void {
    const { markers, flushes, order } = outgoing;
    if (outgoing.isSent || !markers || markers.size > 0 || (flushes && flushes.size > 0)) return;
    if (!outgoing.isQuiescent) {
      const { actors, router } = this.#port;
      const live = liveUnit(order, actors, router);
      if (live !== undefined) return this.#refuse(order.id, liveUnitRefusal(order, live), false);
      // Nothing comes to life here any more.
      if (!flushes && order.to.index !== this.#port.self.index) {
        this.#flush(outgoing);
        return this.#handOverIfComplete(outgoing);
      }
    }
    outgoing.isSent = true;
    this.#sendTransfer(outgoing);
  }

  #sendTransfer(outgoing: OutgoingHandoff): void {
    const { order } = outgoing;
    if (order.to.index === this.#port.self.index) return this.#port.tellMaster({ type: 'installed', move: order.id });
    const newHost = this.#port.peer(order.to.index);
    if (newHost?.incarnation !== order.to.incarnation) return;
    try {
      outgoing.pieces ??= outgoing.pack();
    } catch (error) {
      // Nothing has been handed over: they stay.
      return this.#refuse(order.id, asError(error), false);
    }
    for (const { piece, bytesMax } of outgoing.pieces) newHost.heavyNote(bytesMax, STATE, order.id, piece);
    newHost.note(STATE, order.id, null);
    outgoing.noteTransferred();
  }

  #note(step: 'installed' | 'committed' | 'aborted', { id, units }: MoveOrder, incoming?: IncomingHandoff): void {
    const { trace } = this.#port.actors.kernel;
    if (trace) trace.note({ topic: 'handoff', step, move: id, units, ids: [...(incoming?.living() ?? [])] });
  }

  #noteMoved(order: MoveOrder): void {
    const { units, from, to } = order;
    const { router, actors } = this.#port;
    const moved = new Set(units);
    router.unitsMoved(units, to.index);
    // Also where it is not there again: the new host may not have seen its end, and answers into nothing.
    const hasBroken = this.#port.peer(to.index)?.ended || this.#endsOf(order) !== this.#endsBefore.get(order.id);
    actors.kernel.pending.moved(
      processAddress(from.index, from.incarnation),
      processAddress(to.index, to.incarnation),
      (target) => moved.has(router.unitOf(target) as Unit),
      hasBroken ? `the connection to worker ${to.index} was lost before it replied` : undefined,
    );
  }

  /** How often the link to the new host has ended; one that is not known yet, or no more, counts as one that never did. */
  #endsOf({ to }: MoveOrder): number {
    const peer = this.#port.peer(to.index);
    return peer?.incarnation === to.incarnation ? peer.ends : 0;
  }

  #endOutgoing(move: MoveId, hasMoved: boolean): void {
    const outgoing = this.#outgoing.get(move);
    if (!outgoing) return;
    this.#outgoing.delete(move);
    this.#renewBuffer();
    const { router } = this.#port;
    if (hasMoved) {
      const { to } = outgoing.order;
      outgoing.noteWritten(processAddress(to.index, to.incarnation));
      if (outgoing.isQuiescent) outgoing.evict();
      outgoing.refuseUnfit();
      return;
    }
    outgoing.noteWritten(undefined);
    outgoing.resume();
    // What they had sent goes first, then what came for them, then what was held.
    for (const envelope of outgoing.outbound) router.deliver(envelope);
    for (const envelope of outgoing.buffered) router.arrived(envelope);
  }

  #endIncoming(move: MoveId, order: MoveOrder | undefined, hasMoved: boolean): void {
    const entry = this.#incoming.get(move);
    this.#incoming.delete(move);
    if (!entry) return;
    if (hasMoved && entry.isComplete && order?.to.index === this.#port.self.index)
      entry.incoming.commit(processAddress(order.from.index, order.from.incarnation));
    else entry.incoming.discard();
  }

  #newIncoming(): IncomingHandoff {
    const { actors, topics, toRef, replyTo, router } = this.#port;
    return new IncomingHandoff({
      ...{ actors, topics, toRef, replyTo },
      isRemoved: (kind) => this.#port.isRemoved(kind),
      send: (envelope) => void router.deliver(envelope),
      deliver: (envelope) => router.arrived(envelope),
    });
  }

  #refuse(move: MoveId, error: Error, isBusy: boolean): void {
    const fault = error instanceof TroupeError ? error : new TroupeError('ACTOR_UNAVAILABLE', error.message);
    this.#port.tellMaster({ type: 'refused', move, error: errorToData(fault), ...(isBusy && { isBusy }) });
  }

  #keepEarly(peer: OutboundQueue, move: MoveId): void {
    let peers = this.#early.get(move);
    if (!peers) {
      if (move <= this.#lastHold && !this.#outgoing.has(move)) return;
      if (this.#early.size >= EARLY_MARKERS_KEPT) return;
      this.#early.set(move, (peers = new Set()));
    }
    peers.add(peer);
  }
}

function isProcess(name: MoveOrder['from'], peer: OutboundQueue): boolean {
  return name.index === peer.index && name.incarnation === peer.incarnation;
}
