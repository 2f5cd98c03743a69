/**
 * Carries hand-offs out: has the old host stop what lives there, broadcasts holds, hears what comes of them, and lets the
 * placement commit them. Units wait in line: a claim for an id whose unit is on the move begins when that has ended.
 */
import { Handoffs, type MoveEnd, type ProcessName } from '../placement/handoff.ts';
import { parseUnit, shardOf, shardUnit } from '../placement/shard.ts';
import type { HandoffMetrics } from '../observe/handoff-metrics.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { type ErrorData, errorFromData, TroupeError } from '../vocabulary/errors.ts';
import { MACHINE_INDEX_MIN } from '../vocabulary/host-index.ts';
import { type MoveId, type MoveOrder, type MovePurpose, NOWHERE, type Unit } from '../wire/control.ts';
import type { Membership } from '../worker-pool/process-membership.ts';
import { HandoffCounts } from './handoff-counts.ts';
import type { PlacementService } from '../placement-service/placement-service.ts';

/** Milliseconds from hold to commit; past it everything stays where it is. */
export const HANDOFF_MS_MAX = 5_000;
/** Milliseconds in which the ids of ended actors gather before they go back to their shards together. */
export const RELEASE_MS = 100;
/**
 * Units of one hand-off, when a worker gets or gives up its share. More of them hold longer; fewer make the old host
 * look through all its actors more often.
 */
export const UNITS_PER_MOVE = 32;

/** The old host did not come to a stand in the time that it was given; it may be tried again. */
export class ActorBusy extends TroupeError {}

/** How long the old host may take to stop what lives there; `isLast`: what then still runs is killed. */
export interface QuiesceTimeout {
  quiesceMs: number;
  isLast: boolean;
}

/** For places where nothing lives. */
const NO_QUIESCE_TIME: QuiesceTimeout = { quiesceMs: 0, isLast: false };

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class HandoffService {
  readonly #clock: Clock;
  readonly #membership: Membership;
  readonly #placement: PlacementService;
  readonly #handoffs = new Handoffs();
  readonly #waiting = new Map<MoveId, Waiting & { timer: Timer }>();
  /** Hand-offs that wait for a unit to be free, in order. */
  #line: { units: Unit[]; begin: () => void; isBarrier?: true }[] = [];
  /** Pins of this turn of the loop, for one change. */
  #fresh: { pin: [id: ActorId, worker: number | null]; done: () => void }[] = [];
  readonly #counts: HandoffCounts;
  #ended = new Set<ActorId>();
  #isKept: (unit: Unit) => boolean = () => false;
  #committing: { order: MoveOrder; waiting: Waiting | undefined }[] = [];

  constructor(clock: Clock, membership: Membership, placement: PlacementService) {
    this.#clock = clock;
    this.#counts = new HandoffCounts(clock);
    this.#membership = membership;
    this.#placement = placement;
  }

  metrics(): HandoffMetrics {
    return this.#counts.metrics();
  }

  get isIdle(): boolean {
    return this.#handoffs.size === 0 && this.#line.length === 0;
  }

  readonly isMoving = (unit: Unit): boolean => this.#handoffs.isMoving(unit);

  isAwaited(worker: number): boolean {
    return this.#handoffs.isAwaited(worker) || this.#fresh.some(({ pin }) => pin[1] === worker);
  }

  /** For a process that has just come. */
  standing(): MoveOrder[] {
    return this.#handoffs.standing();
  }

  /** Gives an id a pin. Rejects ALREADY_EXISTS where an actor lives under it elsewhere. */
  async claim(id: ActorId, worker: number, fresh: boolean): Promise<void> {
    this.keep(id);
    if (fresh && !this.#placement.hosts.isClosed(worker)) return this.#pin(id, worker);
    // Also where it is hosted there already: another claim for the same id may have begun.
    await this.#whenFree([id, ...this.#shardUnitsOf(id)], () => this.#handOff('claim', [id], worker));
  }

  /** Moves units to a worker, with all that lives there. Rejects with what the old host says against it. */
  move(units: Unit[], worker: number, timeout: QuiesceTimeout): Promise<void> {
    const taken = units.flatMap((unit) => (parseUnit(unit) ? [unit] : [unit, ...this.#shardUnitsOf(unit)]));
    return this.#whenFree(taken, () => this.#handOffByHost(units, worker, timeout));
  }

  /** Moves one actor away from its shard, or from its pin. */
  moveActor(id: ActorId, worker: number, timeout: QuiesceTimeout): Promise<void> {
    return this.#whenFree([id, ...this.#shardUnitsOf(id)], async () => {
      // Also where its shard is there by now: that may move on.
      if (this.#placement.table.pinOf(id) !== worker) await this.#handOff('move', [id], worker, timeout);
    });
  }

  /** Spawned actors and children that have ended on a worker: ids with their places there go back to their shards. */
  release(ids: readonly ActorId[], worker: number): void {
    const pinned = ids.filter((id) => this.#placement.table.pinOf(id) === worker);
    if (pinned.length === 0) return;
    if (this.#ended.size === 0) this.#clock.setTimer(RELEASE_MS, () => this.#releaseEnded());
    for (const id of pinned) this.#ended.add(id);
  }

  /** It lives again: it keeps its place. */
  keep(id: ActorId): void {
    this.#ended.delete(id);
  }

  installed(move: MoveId, by: ProcessName): void {
    this.#finish(this.#handoffs.installed(move, by), undefined);
  }

  /** The units are quiescent on the old host: now everybody holds. */
  prepared(move: MoveId, by: ProcessName, subtree: Unit[], subscriptions: MoveOrder['subscriptions']): void {
    const order = this.#handoffs.prepared(move, by, subtree, subscriptions);
    if (order === undefined) return;
    if ('busy' in order) {
      const text = 'a child of the actor is moving by itself; its subtree cannot move now';
      return this.#finish(order.busy, new ActorBusy('ACTOR_UNAVAILABLE', text));
    }
    this.#membership.tell({ type: 'hold', move: order });
  }

  refused(move: MoveId, by: ProcessName, error: ErrorData, isBusy: boolean): void {
    const fault = errorFromData(error);
    this.#finish(this.#handoffs.refused(move, by), isBusy ? new ActorBusy(fault.code, fault.message) : fault);
  }

  /** The hand-offs that end with a process; the caller publishes the change that commits them. */
  died(process: ProcessName): MoveEnd[] {
    this.commitNow();
    const ends = this.#handoffs.died(process);
    for (const { order, outcome } of ends) {
      const waiting = this.#takeWaiting(order.id);
      if (outcome === 'commit' && order.purpose !== 'move') waiting?.resolve();
      else waiting?.reject(new TroupeError('ACTOR_UNAVAILABLE', `worker ${process.index} died during the hand-off`));
    }
    return ends;
  }

  /** After the change that declared a process dead: whoever waited for its units may go on. */
  nextInLine(): void {
    const line = this.#line;
    this.#line = [];
    for (const entry of line) {
      if (this.#mayBegin(entry.units, entry.isBarrier === true)) entry.begin();
      else this.#line.push(entry);
    }
  }

  /** Calls when no hand-off is open; what is asked for meanwhile waits behind it. */
  whenQuiescent(act: () => void): Promise<void> {
    this.commitNow();
    return new Promise((resolve) => {
      const begin = (): void => {
        this.#publishFresh();
        act();
        resolve();
      };
      this.#line.push({ units: [], begin, isBarrier: true });
      this.nextInLine();
    });
  }

  /** Units that stay where they are for now: moves that are open end, others wait. */
  keepInPlace(isKept: (unit: Unit) => boolean): void {
    this.#isKept = isKept;
    this.giveUp(isKept);
    this.nextInLine();
  }

  /** Units that leave this machine: what moves between its workers stays where it is. */
  giveUp(isLeaving: (unit: Unit) => boolean): void {
    this.#publishFresh();
    const text = 'its partition leaves this machine';
    for (const { id, units } of this.#handoffs.open()) {
      if (units.some(isLeaving)) this.#finish(this.#handoffs.expired(id), new TroupeError('ACTOR_UNAVAILABLE', text));
    }
  }

  #mayBegin(units: readonly Unit[], isBarrier: boolean): boolean {
    if (this.#line.some((waiting) => waiting.isBarrier) || units.some((unit) => this.#isKept(unit))) return false;
    return isBarrier ? this.#handoffs.size === 0 : this.#isFree(units);
  }

  #pin(id: ActorId, worker: number | null): Promise<void> {
    return new Promise((done) => {
      if (this.#fresh.length === 0) this.#clock.soon(() => this.#publishFresh());
      this.#fresh.push({ pin: [id, worker], done });
    });
  }

  #publishFresh(): void {
    this.commitNow();
    const fresh = this.#fresh;
    if (fresh.length === 0) return;
    this.#fresh = [];
    this.#placement.pin(fresh.map(({ pin }) => pin));
    for (const { done } of fresh) done();
  }

  #releaseEnded(): void {
    const ids = [...this.#ended];
    this.#ended = new Set();
    for (const id of ids) void this.#releaseOne(id).catch(() => {});
  }

  /** Refused where it lives again: then it keeps its place. */
  async #releaseOne(id: ActorId): Promise<void> {
    const { table } = this.#placement;
    const pin = table.pinOf(id);
    if (pin === undefined) return;
    const host = this.#placement.shardHostOf(id);
    if (host === undefined || host === NOWHERE) return;
    await this.#whenFree([id, ...this.#shardUnitsOf(id)], () =>
      this.#handOff('release', [id], this.#placement.shardHostOf(id) ?? NOWHERE),
    );
  }

  /** A pin and a move of its shard must not cross. */
  #shardUnitsOf(id: ActorId): Unit[] {
    return this.#placement.table.roles().map((role) => shardUnit(role, shardOf(id)));
  }

  #whenFree(units: Unit[], begin: () => Promise<void>): Promise<void> {
    this.commitNow();
    return new Promise((resolve, reject) => {
      const start = (): void => void begin().then(resolve, reject);
      if (this.#mayBegin(units, false)) start();
      else this.#line.push({ units, begin: start });
    });
  }

  #isFree(units: readonly Unit[]): boolean {
    return !units.some((unit) => this.#handoffs.isMoving(unit));
  }

  /** A hand-off has one old host. While these waited in line, some of them may have got another one than the rest. */
  async #handOffByHost(units: Unit[], worker: number, timeout: QuiesceTimeout): Promise<void> {
    this.commitNow();
    const byHost = new Map<number, Unit[]>();
    for (const unit of units) {
      const host = this.#hostOfUnit(unit);
      const together = byHost.get(host);
      if (together) together.push(unit);
      else byHost.set(host, [unit]);
    }
    const ends = await Promise.allSettled(
      [...byHost.values()].map((together) => this.#handOff('move', together, worker, timeout)),
    );
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** Async, so that one that cannot begin rejects as well, and leaves no other one of its batch without a listener. */
  async #handOff(
    purpose: MovePurpose,
    units: Unit[],
    worker: number,
    timeout: QuiesceTimeout = NO_QUIESCE_TIME,
  ): Promise<void> {
    this.commitNow();
    const host = this.#hostOfUnit(units[0] as Unit);
    if (host >= MACHINE_INDEX_MIN)
      throw new TroupeError('NO_WORKER', `${units[0]} is on another machine now; it cannot be moved from here`);
    const from = this.#membership.get(host);
    const to = this.#membership.get(worker);
    // Not to one that is drained: it would be gone before long, and what came last with it.
    const isGone =
      purpose === 'move' ? this.#placement.hosts.isLeaving(worker) : this.#placement.hosts.isClosed(worker);
    const isOpen = to?.isLinked && !isGone;
    if (!isOpen)
      return Promise.reject(
        new TroupeError('NO_WORKER', `worker ${worker} is not ready; nothing can be handed over to it`),
      );
    if (!from || from === to) {
      const pins = units.filter((unit) => !unit.startsWith('#'));
      return Promise.all(pins.map((id) => this.#pin(id, purpose === 'release' ? null : worker))).then(() => undefined);
    }
    // Its old host must know which ids have pins: they do not go with their shards.
    this.#publishFresh();
    // An id on its way keeps its shard where it is: whose mail the shard's is would not be clear.
    const reserved = units.filter((unit) => !unit.startsWith('#')).flatMap((id) => this.#shardUnitsOf(id));
    const draft = { purpose, units, from: nameOf(from), to: nameOf(to) };
    const order = this.#handoffs.prepare(draft, reserved);
    from.channel.send({ type: 'prepare', move: order, ...timeout });
    const handoff = new Promise<void>((resolve, reject) => {
      const limitMs = HANDOFF_MS_MAX + timeout.quiesceMs;
      const timer = this.#clock.setTimer(limitMs, () => this.#expire(order.id));
      this.#waiting.set(order.id, { resolve, reject, timer });
    });
    this.#counts.count(handoff);
    return handoff;
  }

  #hostOfUnit(unit: Unit): number {
    const shard = parseUnit(unit);
    if (!shard) return this.#placement.hostOf(unit) ?? NOWHERE;
    return this.#placement.table.hostOfShard(shard.column, shard.shard);
  }

  #expire(move: MoveId): void {
    const text = `the hand-off did not end within ${HANDOFF_MS_MAX} ms`;
    this.#finish(this.#handoffs.expired(move), new TroupeError('ACTOR_UNAVAILABLE', text));
  }

  #finish(end: MoveEnd | undefined, error: Error | undefined): void {
    if (!end) return;
    const { order, outcome } = end;
    const waiting = this.#takeWaiting(order.id);
    if (outcome === 'commit') return this.#commitLater(order, waiting);
    this.#membership.tell({ type: 'abort', move: order.id });
    waiting?.reject(error ?? new TroupeError('ACTOR_UNAVAILABLE', 'a host refused the hand-off'));
    this.nextInLine();
  }

  /** Hand-offs that end in one turn of the loop are committed in one table change. */
  #commitLater(order: MoveOrder, waiting: Waiting | undefined): void {
    if (this.#committing.length === 0) this.#clock.soon(() => this.commitNow());
    this.#committing.push({ order, waiting });
  }

  /** Also called before any other change: what was installed must not be overtaken by a death of its new host. */
  commitNow(): void {
    const committing = this.#committing;
    if (committing.length === 0) return;
    this.#committing = [];
    this.#placement.commit(committing.map(({ order }) => order));
    for (const { waiting } of committing) waiting?.resolve();
    this.nextInLine();
  }

  #takeWaiting(move: MoveId): Waiting | undefined {
    const waiting = this.#waiting.get(move);
    this.#waiting.delete(move);
    waiting?.timer.cancel();
    return waiting;
  }
}

function nameOf({ index, incarnation }: ProcessName): ProcessName {
  return { index, incarnation };
}
