/**
 * The actors of one process: id → cell. Mail for an id without a cell activates one. This is where mail arrives that
 * is known to belong here; who belongs here is decided elsewhere (routing/router).
 */
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import type { Signal, WatchName } from '../vocabulary/signal.ts';
import { ActorContext } from './actor-context.ts';
import type { Behaviour } from './behaviour.ts';
import { Cell, type CellHost, type CellOrigin } from './cell.ts';
import type { Ending } from './cell-extras.ts';
import { endForShutdown } from './children.ts';
import type { Context } from './context.ts';
import type { DurableSide } from './durable-side.ts';
import { FailedActors } from './failed-actors.ts';
import { Farewells } from './farewells.ts';
import { IdleChecks } from './idle-checks.ts';
import type { Kernel } from './kernel.ts';
import { endCell, goOnAfterPause, isStartHeld, startCell } from './lifecycle.ts';
import { Pauses } from './pauses.ts';
import { takeProcessSignal } from './process-signal.ts';
import { PassivatedActors } from './passivation.ts';
import { refuseForGood, refuseLeftOver, refuseOfFailed, refuseUnknownKind } from './refusals.ts';
import { Respawns } from './respawns.ts';
import { answerRemoved, refuseRemoved } from './removing.ts';
import { spawnHere } from './spawning.ts';
import { lacksStore, refuseWithoutStore } from './store-access.ts';
import { runEnvelope, runTerminated } from './turn.ts';
import { subscribeHere } from './subscribing.ts';
import { watchAgainHere, watchHere } from './watch-requests.ts';
import { tellEnd, Watchers, Watching } from './watchers.ts';

/** The observer through which the cluster hears of the actors here. */
export interface ActorsObserver {
  spawned(id: ActorId, args: unknown): void;
  /** An actor has ended for good; `spawned`: it was a spawned one or a child. */
  ended(id: ActorId, spawned: boolean): void;
  /** One whose start may end this process is about to begin. */
  startsAlone(id: ActorId): void;
  /** One that its worker's death had ended has started here. */
  startedAgain(id: ActorId): void;
}

export class LocalActors implements CellHost, Recipient {
  readonly kernel: Kernel;
  readonly watchers: Watchers = new Watchers();
  readonly watching: Watching;
  readonly #cells = new Map<ActorId, Cell>();
  readonly failed: FailedActors = new FailedActors();
  readonly passivated: PassivatedActors = new PassivatedActors();
  readonly #farewells = new Farewells();
  readonly #idle: IdleChecks;
  readonly runEnvelope: typeof runEnvelope = runEnvelope;
  readonly runTerminated: typeof runTerminated = runTerminated;
  readonly goOnAfterPause: typeof goOnAfterPause = goOnAfterPause;
  readonly pauses: Pauses;
  readonly cells = (): Iterable<Cell> => this.#cells.values();
  readonly #again: Respawns;
  #isClosed = false;
  observer: ActorsObserver | undefined;
  durableSideOf: ((cell: Cell) => DurableSide) | undefined;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.watching = new Watching(kernel.address);
    this.pauses = new Pauses(kernel.clock);
    this.#idle = new IdleChecks(kernel.clock);
    this.#again = new Respawns(kernel.clock, () => this.observer);
    kernel.deadLetters.onWatchRefused = ({ to, message }) =>
      tellEnd(kernel.router, to, message as WatchName, 'not-found');
  }

  get size(): number {
    return this.#cells.size;
  }

  /** Messages that wait in all mailboxes. */
  get waiting(): number {
    return this.kernel.memory.waiting;
  }

  cellOf(id: ActorId): Cell | undefined {
    return this.#cells.get(id);
  }

  ids(): ActorId[] {
    return [...this.#cells.keys()];
  }

  deliver(envelope: Envelope): boolean {
    const cell = this.#cells.get(envelope.to);
    if (envelope.verb === 'message') return cell ? cell.deliver(envelope) : this.#activate(envelope);
    return this.#serve(envelope, cell);
  }

  signal(to: ActorId, signal: Signal): void {
    if (to === this.kernel.address) return takeProcessSignal(this.kernel, this.watching, signal);
    const cell = this.#cells.get(to);
    if (signal.type === 'acknowledged') this.kernel.durability?.acknowledgedTo(to, signal);
    if (cell) cell.signal(signal);
    else if (signal.type === 'terminated' && this.passivated.watches(to, signal)) this.#wakeUp(to)?.signal(signal);
  }

  newContext(cell: Cell, before?: Context<unknown>): Context<unknown> {
    return new ActorContext(cell, before);
  }

  /** `idleSince`: on `Clock.now()`, of one that has moved here. */
  createCell(id: ActorId, behaviour: Behaviour, origin: CellOrigin, idleSince: number = this.kernel.clock.now()): Cell {
    const cell = new Cell(this, id, behaviour, origin);
    this.#cells.set(id, cell);
    cell.begins(idleSince);
    behaviour.counters.activations++;
    const { watching } = this.passivated.take(id) ?? {};
    if (watching) cell.own.watching = watching;
    this.#idle.begin(cell, idleSince);
    if (origin.spawned) this.becameSpawned(cell);
    return cell;
  }

  /** It has gone to live elsewhere. */
  forget(cell: Cell): void {
    this.#endWaits(cell);
    this.#idle.end(cell);
    if (this.#cells.get(cell.id) === cell) this.#cells.delete(cell.id);
  }

  /** In memory, or passivated with more left of them than their id. */
  *living(): Iterable<ActorId> {
    yield* this.#cells.keys();
    yield* this.passivated.ids();
    yield* this.watchers.targets();
    yield* this.kernel.topics.joined();
  }

  /** Of all that is kept here under an id. */
  *known(): Iterable<ActorId> {
    yield* this.living();
    yield* this.failed.ids();
  }

  becameSpawned({ id, origin }: Cell): void {
    this.failed.forget(id);
    if (!origin.parent) this.observer?.spawned(id, origin.args);
  }

  ended(cell: Cell, ending: Ending): void {
    const { id, kernel } = cell;
    this.#idle.end(cell);
    this.#farewells.add(id);
    this.#endWaits(cell);
    if (this.#cells.get(id) === cell) this.#cells.delete(id);
    const { parent } = cell.origin;
    const again = parent?.extras.children?.childEnded(cell, ending.reason, ending.error);
    if (ending.mail === 'ACTOR_FAILED' && !parent) {
      this.failed.add(id, kernel.clock.now() + cell.behaviour.policy.periodMs);
    }
    if (ending.reason === 'passivated') this.passivated.add(cell);
    else this.#tellEnd(cell, ending, again !== undefined);
    for (const envelope of cell.mailbox.takeAll()) this.#leftOver(envelope, ending, cell.extras.removal !== undefined);
    kernel.events.emit('actor-stopped', { id, worker: kernel.worker, reason: ending.reason });
  }

  /**
   * Ends every actor that lives now: parents see to their children. Resolves when they have ended, to how many they were;
   * their last words may have activated others.
   */
  async stopAll(): Promise<number> {
    this.#farewells.begin();
    const cells = this.#tops();
    await Promise.all(cells.map(endForShutdown));
    return cells.length;
  }

  /** Nothing is activated any more, and no timer is left. */
  close(): void {
    this.#isClosed = true;
    this.#idle.close();
    this.pauses.close();
    this.#again.close();
  }

  /** A spawned actor whose worker has died begins again here, without waiting for a message; `deaths`: of workers as it did so before. */
  respawn(id: ActorId, args: unknown, deaths = 0): void {
    const behaviour = this.kernel.behaviours.get(kindOf(id));
    if (!behaviour || this.#cells.has(id) || this.#isOver(id) || lacksStore(this.kernel, behaviour)) return;
    this.#again.start(this.createCell(id, behaviour, { args, spawned: true, parent: undefined }), deaths);
  }

  /** For what did not end in time. */
  endAtOnce(id: ActorId): void {
    const cell = this.#cells.get(id);
    if (cell) endCell(cell, { reason: 'killed', mail: 'SHUTTING_DOWN' });
  }

  /** True while a turn runs, mail waits, or an actor begins or ends; what a pause holds waits for nothing here. */
  get busy(): boolean {
    const { pauses, scheduler, serving } = this.kernel;
    const isWaiting = this.waiting > 0 && this.waiting > (pauses?.mail ?? 0) + (serving?.mail ?? 0);
    if (isWaiting || !scheduler.idle) return true;
    for (const cell of this.#cells.values()) if (cell.status !== 'ready' && !isStartHeld(cell)) return true;
    return false;
  }

  /** It waits for nothing here any more. */
  #endWaits(cell: Cell): void {
    this.pauses.forget(cell);
    this.kernel.serving?.forget(cell);
  }

  /** Those that no other one ends. */
  #tops(): Cell[] {
    return [...this.#cells.values()].filter(({ origin: { parent } }) => !parent || parent.status === 'ended');
  }

  #activate(envelope: Envelope): boolean {
    const { to } = envelope;
    const { behaviours, clock } = this.kernel;
    const behaviour = behaviours.get(kindOf(to));
    if (!behaviour) refuseUnknownKind(this.kernel, envelope);
    else if (this.#isOver(to)) refuseForGood(this.kernel, envelope);
    else if (lacksStore(this.kernel, behaviour)) refuseWithoutStore(this.kernel, envelope);
    else if (this.failed.has(to, clock.now())) refuseOfFailed(this.kernel, envelope);
    else {
      const cell = this.createCell(to, behaviour, this.passivated.originOf(to) ?? VIRTUAL);
      // Its mail comes first: a start that ends at once sees to what has become of it.
      const isClear = cell.deliver(envelope);
      startCell(cell);
      return isClear;
    }
    return true;
  }

  /** For this actor, or for all. */
  #isOver(id: ActorId): boolean {
    return this.#isClosed || this.#farewells.has(id);
  }

  /** A passivated actor comes back without a message. */
  #wakeUp(id: ActorId): Cell | undefined {
    const behaviour = this.kernel.behaviours.get(kindOf(id));
    if (!behaviour || this.#isOver(id) || lacksStore(this.kernel, behaviour)) return undefined;
    const cell = this.createCell(id, behaviour, this.passivated.originOf(id) ?? VIRTUAL);
    startCell(cell);
    return cell;
  }

  /** Everything but messages, served as it arrives or put in line with them. */
  #serve(envelope: Envelope, cell: Cell | undefined): boolean {
    const { replyTo, to } = envelope;
    const watch = envelope.message as WatchName;
    switch (envelope.verb) {
      case 'stop':
      case 'barrier':
        if (cell) return cell.deliver(envelope);
        if (envelope.verb === 'stop') this.#endPassivated(to, envelope.message as ExitReason);
        replyTo?.resolve(undefined);
        break;
      case 'kill':
        if (cell && replyTo) (cell.own.endReplies ??= []).push(replyTo);
        if (cell) endCell(cell, { reason: 'killed', mail: 'ACTOR_STOPPED' });
        else this.#endPassivated(to, 'killed');
        if (!cell) replyTo?.resolve(undefined);
        break;
      case 'remove':
        this.#remove(envelope, cell);
        break;
      case 'watch':
        watchHere(this, to, watch);
        break;
      case 'rewatch':
        watchAgainHere(this, to, envelope.message as [watch: WatchName, epoch: number]);
        break;
      case 'unwatch':
        this.watchers.remove(to, watch);
        break;
      case 'where':
        replyTo?.resolve({
          worker: this.kernel.worker,
          pid: process.pid,
          shard: 0,
          epoch: 0,
          active: cell !== undefined,
        });
        break;
      case 'wake':
        if (!cell && !this.failed.has(to, this.kernel.clock.now())) this.#wakeUp(to);
        break;
      case 'spawn':
        this.#spawn(envelope);
        break;
      case 'subscribe':
        subscribeHere(this.kernel, envelope);
        break;
      case 'unsubscribe':
        this.kernel.topics.leave(envelope.message as string, to);
        replyTo?.resolve(undefined);
        break;
    }
    return true;
  }

  #spawn(envelope: Envelope): void {
    const behaviour = this.kernel.behaviours.get(kindOf(envelope.to));
    if (!envelope.replyTo) return;
    if (this.#isOver(envelope.to)) refuseForGood(this.kernel, envelope);
    else if (behaviour && lacksStore(this.kernel, behaviour)) refuseWithoutStore(this.kernel, envelope);
    else if (behaviour) spawnHere(this, behaviour, envelope.to, envelope.message, envelope.replyTo);
    else refuseUnknownKind(this.kernel, envelope);
  }

  #remove(envelope: Envelope, cell: Cell | undefined): void {
    const { to } = envelope;
    const { kernel } = this;
    const behaviour = kernel.behaviours.get(kindOf(to));
    if (!behaviour) return refuseUnknownKind(kernel, envelope);
    if (this.#isOver(to)) return refuseForGood(kernel, envelope);
    if (lacksStore(kernel, behaviour)) return refuseWithoutStore(kernel, envelope);
    this.failed.forget(to);
    if (!cell) this.#endPassivated(to, 'killed');
    void answerRemoved(kernel, envelope, cell);
  }

  #tellEnd(cell: Cell, ending: Ending, respawns: boolean): void {
    const { id, kernel } = cell;
    for (const [target, watch] of cell.extras.watching ?? []) this.#unwatch(id, target, watch);
    // The end of a child whose parent starts it again is none for others.
    if (respawns) return;
    this.observer?.ended(id, cell.origin.spawned);
    kernel.topics.leaveAll(id);
    this.watchers.tell(kernel.router, id, ending.reason);
  }

  /** A stop of what is not in memory: what is left of it here goes too. */
  #endPassivated(id: ActorId, reason: ExitReason): void {
    const { origin, watching } = this.passivated.take(id) ?? {};
    for (const [target, watch] of watching ?? []) this.#unwatch(id, target, watch);
    this.observer?.ended(id, origin?.spawned === true);
    this.kernel.topics.leaveAll(id);
    this.watchers.tell(this.kernel.router, id, reason);
  }

  #unwatch(watcher: ActorId, target: ActorId, watch: WatchName): void {
    this.watching.removeActor(target, watch);
    this.kernel.router.deliver(new Envelope('unwatch', target, watch, watcher, undefined, 0));
  }

  #leftOver(envelope: Envelope, ending: Ending, isRemoved: boolean): void {
    if (envelope.verb === 'run') return;
    // Here, not by the router: it came before whatever is held or still on its way to this host.
    if (ending.mail === 'deliver-again') this.deliver(envelope);
    else if (isRemoved) refuseRemoved(this.kernel, envelope, ending);
    else refuseLeftOver(this.kernel, envelope, ending);
  }
}

const VIRTUAL: CellOrigin = Object.freeze({ args: undefined, spawned: false, parent: undefined });
