/** The effects of the participant machine on the old host of a move: stop the actors, send the transfer; evict or resume. */
import type { LocalActors } from '../actor/local-actors.ts';
import type { OutboundMail } from '../frames/outbound.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { parseUnit } from '../placement/shard.ts';
import type { MoveEffect } from '../placement/move-state.ts';
import type { Router } from '../routing/router.ts';
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import type { TroupeError } from '../vocabulary/errors.ts';
import type { MoveId, MoveOrder } from '../wire/control.ts';
import { FLUSH, STATE } from '../wire/entry.ts';
import { MigrationBuffer } from './migration-buffer.ts';
import { OutgoingHandoff } from './outgoing.ts';

export interface OutgoingHandoffsParts {
  readonly actors: LocalActors;
  readonly router: Router;
  readonly quiesced: (outgoing: OutgoingHandoff) => void;
  readonly notQuiesced: (move: MoveId, error: TroupeError, isBusy: boolean) => void;
}

export class OutgoingHandoffs {
  readonly #parts: OutgoingHandoffsParts;
  readonly #byMove = new Map<MoveId, OutgoingHandoff>();

  constructor(parts: OutgoingHandoffsParts) {
    this.#parts = parts;
  }

  quiesce({ order, quiesceMs, isLast }: Extract<MoveEffect, { type: 'quiesce' }>): void {
    this.#of(order).stop(quiesceMs, isLast);
  }

  /** From now on all that is for its actors waits, here too. */
  capture(order: MoveOrder): void {
    const outgoing = this.#of(order);
    for (const unit of order.units) outgoing.units.add(unit);
    this.#takeWaiting(outgoing);
    this.#renewBuffer();
  }

  takeSent(order: MoveOrder): void {
    const outgoing = this.#of(order);
    const { holds } = this.#parts.router;
    for (const envelope of holds.takeFrom((sender) => this.#isOf(outgoing, sender))) outgoing.outbound.push(envelope);
  }

  /**
   * All that its actors have sent to that peer has arrived, once this is answered. It does not wait with what others have sent meanwhile, behind a dam:
   * that one opens when other machines say so, which can be longer than a move may take.
   */
  flush(move: MoveId, peer: OutboundQueue): void {
    const outgoing = this.#byMove.get(move);
    const isTheirs = (item: OutboundMail): boolean =>
      outgoing !== undefined && 'sender' in item && item.sender !== undefined && this.#isOf(outgoing, item.sender);
    peer.beforeDam(() => peer.note(FLUSH, move), isTheirs);
  }

  #isOf({ ids, units }: OutgoingHandoff, sender: ActorId): boolean {
    return ids.has(sender) || units.has(this.#parts.router.unitOf(sender) ?? '');
  }

  /** Throws where something does not fit to travel; nothing has been handed over then. */
  sendTransfer(order: MoveOrder, newHost: OutboundQueue | undefined): void {
    const outgoing = this.#of(order);
    outgoing.isSent = true;
    // It is dead: the master aborts the move, or has done so.
    if (newHost === undefined) return;
    try {
      outgoing.pieces ??= outgoing.pack();
    } catch (error) {
      outgoing.isSent = false;
      throw error;
    }
    for (const { piece, bytesMax } of outgoing.pieces) newHost.heavyNote(bytesMax, STATE, order.id, piece);
    newHost.note(STATE, order.id, null);
    outgoing.noteTransferred();
  }

  evict({ id, to }: MoveOrder): void {
    const outgoing = this.#take(id);
    outgoing?.noteWritten(processAddress(to.index, to.incarnation));
    outgoing?.evict();
    outgoing?.refuseUnfit();
  }

  /** Their own mail goes first, then what came for them, then what was held. */
  resume(move: MoveId): void {
    const { router } = this.#parts;
    const outgoing = this.#take(move);
    if (!outgoing) return;
    outgoing.noteWritten(undefined);
    outgoing.resume();
    for (const envelope of outgoing.outbound.clear()) router.deliver(envelope);
    for (const envelope of outgoing.buffered.clear()) router.arrived(envelope);
  }

  #of(order: MoveOrder): OutgoingHandoff {
    let outgoing = this.#byMove.get(order.id);
    if (outgoing === undefined) this.#byMove.set(order.id, (outgoing = this.#begin(order)));
    return outgoing;
  }

  #begin(order: MoveOrder): OutgoingHandoff {
    const { actors, router, quiesced, notQuiesced } = this.#parts;
    const refused = (error: TroupeError, isBusy: boolean): void => notQuiesced(order.id, error, isBusy);
    return new OutgoingHandoff({ actors, router, quiesced, refused }, order);
  }

  #take(move: MoveId): OutgoingHandoff | undefined {
    const outgoing = this.#byMove.get(move);
    this.#byMove.delete(move);
    this.#renewBuffer();
    return outgoing;
  }

  /** Mail that had arrived while this process was still asking whether it is the host: it is older than all that will be held. */
  #takeWaiting({ units, buffered }: OutgoingHandoff): void {
    const { holds } = this.#parts.router;
    for (const unit of units) {
      if (parseUnit(unit)) continue;
      for (const held of holds.take(unit)) {
        if ('signal' in held) holds.add(unit, held);
        else buffered.push(held);
      }
    }
  }

  #renewBuffer(): void {
    const { router, actors } = this.#parts;
    const quiescent = [...this.#byMove.values()].filter(({ isQuiescent }) => isQuiescent);
    const buffer = quiescent.length > 0 ? new MigrationBuffer(quiescent, router.holds, actors.kernel) : undefined;
    router.captureFor('move', buffer);
  }
}
