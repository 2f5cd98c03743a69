/**
 * id → Recipient: the one place that knows where mail goes. Here, down the link to its host, or into a hold until the
 * table says where that is.
 *
 *   deliver ─► held? ─► host is this process ─► local actors
 *                 │  └► host is elsewhere ────► its link (or the hold, when the link has ended)
 *                 └──► hold queue of the unit
 */
import type { Kernel } from '../actor/kernel.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { refuseUnknownKind } from '../actor/refusals.ts';
import { parseUnit, shardOf, shardUnit } from '../placement/shard.ts';
import { grouped } from '../structures/grouped.ts';
import { type ActorId, isProcessAddress } from '../vocabulary/address.ts';
import { type Envelope, isInLine, isTracked } from '../vocabulary/envelope.ts';
import { asError, type ErrorCode } from '../vocabulary/errors.ts';
import { MACHINE_INDEX_MIN, machineIndexOf } from '../vocabulary/host-index.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { type KindTerms, NOWHERE, type Unit } from '../wire/control.ts';
import type { RouterParts } from './router-parts.ts';
import { RouteCache } from './route-cache.ts';
import { type HeldSignal, HeldMail } from './held-mail.ts';
import { HeldPartitions, isPassingKey, passingKey } from './held-partitions.ts';
import { KeptBySenders } from './kept-by-senders.ts';
import { LocatedPlaces } from './located-places.ts';
import { type CaptureReason, type MailCapture, MailCaptures } from './mail-capture.ts';
import { goesOn, HeldSettlement, type MeantMail } from './held-settlement.ts';
import { isUnroutable, NO_WORKER_LEFT, refuseAtOnce, refuseUnlocated } from './unroutable.ts';

export class Router implements Recipient {
  readonly holds: HeldMail;
  capture: MailCapture | undefined;
  readonly #parts: RouterParts;
  readonly #kernel: Kernel;
  readonly #actors: LocalActors;
  readonly #cluster: RouterParts['cluster'];
  readonly routes: RouteCache;
  readonly #settlement: HeldSettlement;
  /** Units on the move, each with its move. */
  readonly #moving = new Map<Unit, number>();
  /** Partitions that leave this machine, or whose actors are on their way here. */
  #onHold: HeldPartitions | undefined;
  readonly #captures = new MailCaptures();
  readonly located: LocatedPlaces = new LocatedPlaces();
  readonly #locating = new Set<ActorId>();
  readonly #kept: KeptBySenders;

  constructor(parts: RouterParts) {
    const { kernel, actors, cluster } = parts;
    this.#parts = parts;
    this.#kernel = kernel;
    this.#actors = actors;
    this.#cluster = cluster;
    this.holds = new HeldMail(kernel.clock, kernel.deadLetters, kernel.memory, kernel.trace);
    this.#kept = new KeptBySenders(kernel, this.holds);
    this.#settlement = new HeldSettlement(kernel.clock, this.holds);
    this.routes = new RouteCache(kernel, (envelope) => this.deliver(envelope));
  }

  /** Actors are about to leave this process for that reason; undefined: none are any more. */
  captureFor(reason: CaptureReason, capture: MailCapture | undefined): void {
    this.capture = this.#captures.set(reason, capture);
  }

  deliver(envelope: Envelope): boolean {
    if (this.isCalm && envelope.verb === 'message') {
      // An actor that lives here and does not move needs no table.
      const cell = this.#actors.cellOf(envelope.to);
      if (cell !== undefined) {
        if (cell.durable === undefined || isTracked(envelope)) return cell.deliver(envelope);
      } else {
        // The way of the last message to it, where no table has come since.
        const isClear = this.routes.sendByCachedRoute(envelope, this.#cluster.table.epoch);
        if (isClear !== undefined) return isClear;
      }
    }
    if (this.capture?.captureOutbound(envelope)) return true;
    const terms = this.#cluster.table.termsOf(envelope.to);
    if (!terms) {
      refuseUnknownKind(this.#kernel, envelope);
      return true;
    }
    if (terms.isDurable && isInLine(envelope) && !isTracked(envelope)) {
      const { durability } = this.#kernel;
      if (durability !== undefined) return durability.send(envelope);
    }
    return this.#route(envelope, terms);
  }

  /**
   * From a link. An envelope that reaches the host of its unit has been on its way since before any hold, the marker is still
   * behind it: it is delivered even while the unit waits to move, or it would come after the held mail.
   */
  arrived(envelope: Envelope): void {
    if (this.isCalm && envelope.verb === 'message') {
      const cell = this.#actors.cellOf(envelope.to);
      if (cell !== undefined) return void cell.deliver(envelope);
    }
    const terms = this.#cluster.table.termsOf(envelope.to);
    // Also where this process does not know that it is the host, since the master gave the place to somebody else first.
    if (terms && this.capture?.captureInbound(this.#unitOf(envelope.to, terms), envelope)) return;
    const isHere = terms && this.hostOf(envelope.to, terms) === this.#parts.index;
    if (isHere && this.#onHold?.has(envelope.to)) this.holds.addRelayed(this.#unitOf(envelope.to, terms), envelope);
    else if (isHere) this.#deliverHere(envelope);
    else this.deliver(this.holds.noteRelayed(envelope));
  }

  /** From another machine, to wherever its actor is: its sender has stamped it, and keeps what is to be kept. */
  passOn(envelope: Envelope): void {
    const { to } = envelope;
    const cell = this.isCalm && envelope.verb === 'message' ? this.#actors.cellOf(to) : undefined;
    if (cell !== undefined) return void cell.deliver(envelope);
    const terms = this.#cluster.table.termsOf(to);
    if (!terms) refuseUnknownKind(this.#kernel, envelope);
    else if (!this.capture?.captureInbound(this.#unitOf(to, terms), this.holds.notePassedOn(envelope)))
      this.#route(envelope, terms, true);
  }

  /** To a subscriber that lives here. */
  published(envelope: Envelope): boolean {
    if (this.capture === undefined) return this.#actors.deliver(envelope);
    this.arrived(envelope);
    return true;
  }

  signalArrived(to: ActorId, signal: Signal): void {
    const terms = isProcessAddress(to) ? undefined : this.#cluster.table.termsOf(to);
    const unit = terms && this.#unitOf(to, terms);
    // It would wake up one that sleeps, while its unit is quiescent.
    if (unit && this.capture?.isQuiescent(unit, to) && !this.#actors.cellOf(to)) this.holds.add(unit, { to, signal });
    else if (terms && this.hostOf(to, terms) === this.#parts.index && !this.#onHold?.has(to))
      this.#actors.signal(to, signal);
    else this.signal(to, signal);
  }

  signal(to: ActorId, signal: Signal): void {
    if (isProcessAddress(to)) {
      if (to === this.#kernel.address) this.#actors.signal(to, signal);
      else this.#parts.peers.byAddress(to)?.signal(to, signal);
      return;
    }
    const terms = this.#cluster.table.termsOf(to);
    if (!terms) return;
    const unit = this.#unitOf(to, terms);
    const host = this.hostOf(to, terms);
    const key = this.#keyOf(unit);
    if (key !== unit || this.#isHeld(unit)) this.holds.add(key, { to, signal });
    else if (host === this.#parts.index) this.#actors.signal(to, signal);
    else if (host === undefined) this.#locateFirst({ to, signal });
    else if (host !== NOWHERE) this.#signalPeer(host, unit, { to, signal });
  }

  termsOf(id: ActorId): KindTerms | undefined {
    return this.#cluster.table.termsOf(id);
  }

  /** Worker index, NOWHERE, or undefined where the master has to be asked. */
  hostOf(id: ActorId, { strategy, column }: KindTerms): number | undefined {
    const { table } = this.#cluster;
    if (strategy === 'hash') return table.hostOf(id, column);
    return table.pinOf(id) ?? table.elsewhereOf(id, column) ?? this.located.get(id);
  }

  /** Whether this process wakes the actor: the host of its shard, whatever place it has been given since. */
  isWakerOf(id: ActorId): boolean {
    const terms = this.#cluster.table.termsOf(id);
    return terms?.isDurable === true && this.#cluster.table.shardHostOf(id, terms.column) === this.#parts.index;
  }

  /** Of another machine: anywhere on it. */
  runsAt(id: ActorId, worker: number): boolean {
    return machineIndexOf(this.knownHostOf(id) ?? NOWHERE) === machineIndexOf(worker);
  }

  /** As `hostOf`; undefined for a kind that is not known, too. */
  knownHostOf(id: ActorId): number | undefined {
    const terms = this.#cluster.table.termsOf(id);
    return terms && this.hostOf(id, terms);
  }

  /** Whether an actor may begin here now: the table says so, and no move is open. */
  isHostOf(id: ActorId): boolean {
    const terms = this.#cluster.table.termsOf(id);
    if (!terms || this.#isMoving(this.#unitOf(id, terms))) return false;
    return this.hostOf(id, terms) === this.#parts.index;
  }

  /** The placement unit of an actor; undefined for a kind that is not known. */
  unitOf(id: ActorId): Unit | undefined {
    const terms = this.#cluster.table.termsOf(id);
    return terms && this.#unitOf(id, terms);
  }

  /** The units stay where they are until `release`: what is sent to them waits. */
  hold(move: number, units: readonly Unit[]): void {
    for (const unit of units) {
      this.#moving.set(unit, move);
      const terms = parseUnit(unit) === undefined ? this.#cluster.table.termsOf(unit) : undefined;
      // An id that gets a pin: what waits for it with its shard must not come after what waits from now on.
      if (terms) this.holds.splitOff(shardUnit(terms.column, shardOf(unit)), unit);
    }
  }

  /** Ends the holds of a move; the mail goes where the table says now. */
  release(move: number): void {
    const units = [...this.#moving].filter(([, of]) => of === move).map(([unit]) => unit);
    for (const unit of units) this.#moving.delete(unit);
    for (const unit of units) this.#deliverHeld(unit);
    this.#kept.sendAgain();
    this.#settlement.look();
  }

  /** Resolves once the mail that waits here now has gone on, as far as it is meant, or it takes longer. */
  settled(withinMs: number, meant: MeantMail): Promise<void> {
    return this.#settlement.settled((unit) => {
      if (isPassingKey(unit) || (meant === 'hosted' && this.#onHold?.hasUnit(unit))) return false;
      const [first] = this.holds.peek(unit);
      const host = this.#moving.has(unit) || !first ? undefined : this.knownHostOf(first.to);
      return goesOn(host, meant === 'all', (machine) => this.#parts.peers.byIndex(machine) !== undefined);
    }, withinMs);
  }

  /** Mail for these partitions waits from now on, and for no others. `passing`: mail from this machine alone. The rest goes with `releaseUnhosted`. */
  holdPartitions(held: ReadonlySet<number>, passing: ReadonlySet<number>): void {
    this.#onHold = held.size === 0 && passing.size === 0 ? undefined : new HeldPartitions(held, passing);
    // Mail of this process that waits for a host is older than what passes, and goes the same way.
    for (const unit of this.holds.units())
      if (this.#keyOf(unit) !== unit && !isPassingKey(unit)) this.holds.moveOwn(unit, passingKey(unit));
  }

  /** The table has changed: mail that waited for a host may have one. */
  releaseUnhosted(): void {
    for (const unit of this.holds.units()) if (!this.#isMoving(unit)) this.#deliverHeld(unit);
    this.#kept.sendAgain();
    this.#settlement.look();
  }

  /** No worker comes any more that could host it. */
  refuseUnhosted(code: ErrorCode, text: string, isMeant: (terms: KindTerms) => boolean = () => true): void {
    for (const unit of this.holds.units()) {
      if (this.#isMoving(unit)) continue;
      const [first] = this.holds.peek(unit);
      const terms = first && this.#cluster.table.termsOf(first.to);
      if (!terms || this.hostOf(first.to, terms) !== NOWHERE || !isMeant(terms)) continue;
      for (const mail of this.holds.take(unit))
        if (!('signal' in mail)) refuseAtOnce(mail, this.#kernel.deadLetters, code, text);
    }
  }

  /** Mail that a link did not get written, in order; it waits for the new host, before all later mail. */
  takeBack(mail: Iterable<Envelope | HeldSignal>): void {
    this.putFirst(this.capture?.takeBack(mail) ?? mail);
  }

  /** It is older than all that waits here, or comes from now on. */
  putFirst(mail: Iterable<Envelope | HeldSignal>): void {
    const keyOf = (one: Envelope | HeldSignal): Unit | undefined => {
      const unit = isProcessAddress(one.to) ? undefined : this.unitOf(one.to);
      return unit && (this.holds.isPassedOn(one) ? unit : this.#keyOf(unit));
    };
    const kept = (one: Envelope | HeldSignal): boolean => 'signal' in one || !this.#kept.leave(one);
    for (const [key, tail] of grouped(mail, keyOf)) {
      if (key !== undefined && this.#isHeld(key)) this.holds.putBack(key, tail.filter(kept));
      else for (const one of tail) this.#again(one);
    }
  }

  /** Units have moved: places that are not in the table are known here by what was asked or by who lives here. */
  unitsMoved(units: readonly Unit[], to: number): void {
    for (const unit of units) {
      const strategy = parseUnit(unit) ? 'hash' : this.#cluster.table.termsOf(unit)?.strategy;
      if (strategy === undefined || strategy === 'hash') continue;
      if (to === this.#parts.index || this.located.has(unit)) this.located.set(unit, to);
    }
  }

  /** Answers about actors of a worker that is gone hold no longer. */
  forgetLocated(worker: number): void {
    this.located.forgetWorker(worker);
    this.routes.forgetRoutesTo(worker);
  }

  /** Nothing moves and nothing waits: what an id meant a moment ago it means now. */
  get isCalm(): boolean {
    const { capture, holds } = this;
    return this.#moving.size === 0 && holds.size === 0 && capture === undefined && this.#onHold === undefined;
  }

  /** Under which its mail would wait. */
  #keyOf(unit: Unit): Unit {
    return this.#onHold?.isPassing(unit) ? passingKey(unit) : unit;
  }

  #isMoving(unit: Unit): boolean {
    return (this.#moving.size > 0 && this.#moving.has(unit)) || this.#onHold?.hasUnit(unit) === true;
  }

  /** `isPassedOn`: from another machine, whose own mail waited there. */
  #route(envelope: Envelope, terms: KindTerms, isPassedOn = false): boolean {
    const { to } = envelope;
    const unit = this.#unitOf(to, terms);
    const key = this.#keyOf(unit);
    if (key !== unit && !isPassedOn) return this.#hold(key, envelope, terms);
    // It may come back from the link to its host.
    if (key !== unit) this.holds.notePassedOn(envelope);
    // Waiting mail goes first: mail for a unit that has some waiting queues up behind it.
    if (this.#isHeld(unit)) return this.#hold(unit, envelope, terms, isPassedOn);
    const known = this.hostOf(to, terms);
    // Mail that is passed on to another machine goes by its way in: on the direct routes of this process it would not wait for earlier mail.
    const host = isPassedOn && known !== undefined ? machineIndexOf(known) : known;
    if (host === this.#parts.index) return this.#deliverHere(envelope);
    if (host === undefined) return this.#locateFirst(envelope);
    if (host === NOWHERE && isUnroutable(this.#cluster.workers, terms.role))
      return refuseAtOnce(envelope, this.#kernel.deadLetters, 'NO_WORKER', NO_WORKER_LEFT);
    const peer = host === NOWHERE ? undefined : this.#parts.peers.byIndex(host);
    if (peer === undefined || peer.ended) return this.#hold(unit, envelope, terms, isPassedOn);
    if (isPassedOn && host >= MACHINE_INDEX_MIN) return this.routes.passOn(this.holds.notePassedOn(envelope), peer);
    if (envelope.verb !== 'message') return peer.mail(envelope);
    return this.routes.send(envelope, terms, peer, this.#cluster.table.epoch);
  }

  /** False from half a mailbox on: all that waits arrives at once. */
  #hold(unit: Unit, envelope: Envelope, { capacity }: KindTerms, isPassedOn = false): boolean {
    if (this.#kept.leave(envelope, isPassedOn)) return true;
    const isTaken = isPassedOn ? this.holds.addPassedOn(unit, envelope) : this.holds.add(unit, envelope);
    return isTaken && this.holds.lengthOf(unit) * 2 <= capacity && this.holds.isClear;
  }

  #signalPeer(host: number, unit: Unit, held: HeldSignal): void {
    const peer = this.#parts.peers.byIndex(host);
    if (peer === undefined || peer.ended) this.holds.add(unit, held);
    else peer.signal(held.to, held.signal);
  }

  #deliverHere(envelope: Envelope): boolean {
    if (this.capture?.captureInbound(this.unitOf(envelope.to) as Unit, envelope)) return true;
    if (envelope.verb !== 'where') return this.#actors.deliver(envelope);
    const { table } = this.#cluster;
    const active = this.#actors.cellOf(envelope.to) !== undefined;
    const shard = shardOf(envelope.to);
    const where = { worker: this.#parts.index, pid: process.pid, shard, epoch: table.epoch, active };
    envelope.replyTo?.resolve(table.machines ? { ...where, machine: table.machines.self } : where);
    return true;
  }

  #unitOf(id: ActorId, { strategy, column }: KindTerms): Unit {
    // A move of the actor alone goes before one of its shard.
    if (this.#moving.has(id) || strategy !== 'hash' || this.#cluster.table.pinOf(id) !== undefined) return id;
    return shardUnit(column, shardOf(id));
  }

  #isHeld(unit: Unit): boolean {
    return this.#isMoving(unit) || (this.holds.size > 0 && this.holds.holdsMailFor(unit));
  }

  #deliverHeld(unit: Unit): void {
    // Under its own key waits mail of elsewhere, for its actor: mail of this process for that actor waits for another way.
    const isOlder = this.#keyOf(unit) !== unit && !isPassingKey(unit);
    for (const held of this.holds.take(unit)) {
      if (isOlder && !('signal' in held)) this.passOn(held);
      else this.#again(held);
    }
  }

  #again(held: Envelope | HeldSignal): void {
    if ('signal' in held) this.signal(held.to, held.signal);
    else if (this.holds.isPassedOn(held)) this.passOn(held);
    else this.deliver(held);
  }

  /** The first mail for an id of a kind that the master places: it waits, with all behind it, for the answer. */
  #locateFirst(mail: Envelope | HeldSignal): boolean {
    const { to } = mail;
    if (this.#locating.has(to) && !('signal' in mail) && this.#kept.leave(mail)) return true;
    const isTaken = this.holds.add(to, mail);
    if (!isTaken || this.#locating.has(to)) return isTaken;
    this.#locating.add(to);
    this.#parts.locate(to, {
      found: (worker) => this.#locatedAt(to, worker),
      failed: (error) => this.#notLocated(to, asError(error)),
    });
    return true;
  }

  #locatedAt(id: ActorId, worker: number): void {
    this.#locating.delete(id);
    // Its kind may be placed by hash since.
    if (this.#cluster.table.termsOf(id)?.strategy !== 'hash') this.located.set(id, worker);
    this.#deliverHeld(id);
    this.#kept.sendAgain();
    this.#settlement.look();
  }

  #notLocated(id: ActorId, error: Error): void {
    this.#locating.delete(id);
    refuseUnlocated(id, this.holds, this.#kernel.deadLetters, error);
  }
}
