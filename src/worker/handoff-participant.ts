/**
 * One process's part in hand-offs (the master's is placement/handoff): hold, marker, luggage, installed, release.
 *
 *   everybody   holds its new mail for the units and sends a marker down its link to the old home
 *   old home    with all markers in, nothing older can come: it hands over, or refuses
 *   new home    says installed; the units run there only under the table that settles the move
 */
import type { LocalActors } from '../actor/local-actors.ts';
import { type ErrorData, errorToData, TroupeError } from '../vocabulary/errors.ts';
import type { MoveId, MoveOrder, ToMaster, Unit } from '../wire/control.ts';
import { MARKER, STATE } from '../wire/entry.ts';
import type { PeerLink } from './peer-link.ts';
import type { Router } from './router.ts';

export interface HandoffDoor {
  readonly self: { index: number; incarnation: number };
  readonly actors: LocalActors;
  readonly router: Router;
  /** Links to all other processes that are alive, as far as this one knows. */
  peers(): Iterable<PeerLink>;
  peer(index: number): PeerLink | undefined;
  tellMaster(message: ToMaster): void;
}

/** Markers that came before their hold, kept for so many moves. */
export const EARLY_MARKERS_KEPT = 4096;

interface OldHome {
  readonly order: MoveOrder;
  /** Whose marker has not come yet. */
  readonly awaited: Set<PeerLink>;
}

export class HandoffParticipant {
  readonly #door: HandoffDoor;
  readonly #leaving = new Map<MoveId, OldHome>();
  readonly #early = new Map<MoveId, Set<PeerLink>>();
  /** Holds come in the order of their moves: a marker of an earlier one that is not leaving has come too late. */
  #lastHold = 0;

  constructor(door: HandoffDoor) {
    this.#door = door;
  }

  hold(order: MoveOrder): void {
    const { router, self } = this.#door;
    router.hold(order.id, order.units);
    this.#lastHold = Math.max(this.#lastHold, order.id);
    if (order.from.index !== self.index || order.from.incarnation !== self.incarnation) {
      const oldHome = this.#door.peer(order.from.index);
      // Also where the link is broken: made again, it carries the marker first, and nobody waits for it in vain.
      if (oldHome?.incarnation === order.from.incarnation) oldHome.note(MARKER, order.id);
      return;
    }
    const early = this.#early.get(order.id);
    this.#early.delete(order.id);
    const awaited = new Set([...this.#door.peers()].filter((peer) => !peer.ended && !early?.has(peer)));
    this.#leaving.set(order.id, { order, awaited });
    this.#handOverIfComplete(order.id);
  }

  marker(peer: PeerLink, move: MoveId): void {
    const leaving = this.#leaving.get(move);
    if (!leaving) return this.#keepEarly(peer, move);
    leaving.awaited.delete(peer);
    this.#handOverIfComplete(move);
  }

  /** The end of a link counts as marker for every move; a marker that came early stays counted. */
  peerGone(peer: PeerLink): void {
    for (const [move, { awaited }] of [...this.#leaving]) if (awaited.delete(peer)) this.#handOverIfComplete(move);
  }

  /** Luggage has come: nothing of the units runs before the table says so. */
  installed(move: MoveId): void {
    this.#door.tellMaster({ type: 'installed', move });
  }

  /** The move has ended, one way or the other. */
  release(move: MoveId): void {
    this.#leaving.delete(move);
    this.#early.delete(move);
    this.#door.router.release(move);
  }

  /** The new home died: the luggage goes to another one. */
  redirect(move: MoveId, to: { index: number; incarnation: number }): void {
    this.#sendLuggage(move, to.index, to.incarnation);
  }

  #handOverIfComplete(move: MoveId): void {
    const leaving = this.#leaving.get(move);
    if (!leaving || leaving.awaited.size > 0) return;
    const { order } = leaving;
    const live = this.#liveUnit(order);
    if (live !== undefined) return this.#refuse(order, live);
    this.#sendLuggage(move, order.to.index, order.to.incarnation);
  }

  #sendLuggage(move: MoveId, index: number, incarnation: number): void {
    if (index === this.#door.self.index) return this.installed(move);
    const newHome = this.#door.peer(index);
    if (newHome?.incarnation === incarnation) newHome.note(STATE, move, null);
  }

  #refuse(order: MoveOrder, unit: Unit): void {
    this.#door.tellMaster({ type: 'refused', move: order.id, error: refusal(order, unit) });
  }

  /** A unit of the order under which an actor is in memory here. */
  #liveUnit({ units }: MoveOrder): Unit | undefined {
    const wanted = new Set(units);
    for (const id of this.#door.actors.ids()) {
      const unit = this.#door.router.unitOf(id);
      if (unit !== undefined && wanted.has(unit)) return unit;
    }
    return undefined;
  }

  #keepEarly(peer: PeerLink, move: MoveId): void {
    if (move <= this.#lastHold) return;
    let peers = this.#early.get(move);
    if (!peers) {
      if (this.#early.size >= EARLY_MARKERS_KEPT) return;
      this.#early.set(move, (peers = new Set()));
    }
    peers.add(peer);
  }
}

function refusal({ purpose }: MoveOrder, unit: Unit): ErrorData {
  if (purpose === 'claim') {
    return errorToData(
      new TroupeError('ALREADY_EXISTS', `a place of its own is for an actor that does not run yet; got ${unit}`),
    );
  }
  return errorToData(
    new TroupeError(
      'ACTOR_UNAVAILABLE',
      `a unit moves while none of its actors is in memory; got a live actor in ${unit}`,
    ),
  );
}
