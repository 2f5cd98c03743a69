/**
 * Durability of one process: the sides of its durable cells, what its volatile senders have under way to durable actors,
 * and who must be woken. Without a store it hosts no durable actor and only sends, as the master does.
 */
import { isIdle } from '../actor/passivation.ts';
import type { Cell } from '../actor/cell.ts';
import type { Durability, DurableSide } from '../actor/durable-side.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { endCell } from '../actor/lifecycle.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import type { Timer } from '../vocabulary/clock.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import { fencesFrom } from '../vocabulary/fence.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { Committer } from '../commit/committer.ts';
import { DurableActor } from './durable-actor.ts';
import type { DurablePort } from './durable-port.ts';
import { ProbationGate } from './probation-gate.ts';
import { VolatileResendQueue } from './volatile-resend-queue.ts';
import { MemoryJournals } from '../journal/memory-journal.ts';
import type { Store } from '../store/store.ts';
import type { TurnJournal } from '../journal/turn-journal.ts';
import { Departed, removedBy } from './removal.ts';
import { goneChange, LETTERS_STORED_MAX, StoredDeadLetters, TRIM_MS } from '../commit/stored-dead-letters.ts';
import { WakeUpScan } from './wake-up-scan.ts';
import { WallTimers } from './wall-timers.ts';

/** Durable actors of a process in memory, beyond which those that were idle for longest leave it. */
export const IN_MEMORY_MAX = 100_000;
/** Of them that are looked at, in one look for room. */
const LOOKED_AT = 10_000;
/** Milliseconds between a look for room and the next. */
const ROOM_MS = 20;
/** Milliseconds until an actor that ended with mail under way comes back to see to it. */
const BACK_MS = 1_000;

export interface DurabilityOptions {
  kernel: Kernel;
  store: Store | undefined;
  /** Default: one in memory, where nobody has died before. */
  journal?: TurnJournal | undefined;
  startedAt: number;
  toRef(id: ActorId): unknown;
  /** Whether this process wakes the actor, should it have something to do. */
  isOurs(id: ActorId): boolean;
  /** Default: by the behaviours of this process. */
  isDurable?(id: ActorId): boolean;
  inMemoryMax?: number | undefined;
}

export class ProcessDurability implements Durability {
  store: Store | undefined;
  letters: StoredDeadLetters | undefined;
  readonly #options: DurabilityOptions;
  readonly #resendQueue: VolatileResendQueue;
  #committer: Committer | undefined;
  #wakeUpScan: WakeUpScan | undefined;
  #timers: WallTimers | undefined;
  #port: DurablePort | undefined;
  /** In memory, in the order of their last turns. */
  readonly #actors = new Map<ActorId, DurableActor>();
  /** Cells that have ended and still commit. */
  readonly #earlier = new Map<ActorId, Promise<void>>();
  readonly #gate: ProbationGate;
  readonly #journal: TurnJournal;
  readonly #departed: Departed;
  /** Incarnations with lower fences may have died with their process. */
  #crashedBefore: string;
  #room: Timer | undefined;
  #trim: Timer | undefined;
  #isClosed = false;

  constructor(options: DurabilityOptions) {
    this.#options = options;
    const { kernel, store, startedAt } = options;
    this.#resendQueue = new VolatileResendQueue(kernel, startedAt);
    this.#gate = new ProbationGate(kernel.clock);
    this.#journal = options.journal ?? new MemoryJournals().open(kernel.address);
    this.#journal.look();
    this.#departed = new Departed(kernel.clock, kernel.log);
    // Whoever began before this system did may have died with the one before it.
    this.#crashedBefore = fencesFrom(startedAt, 0);
    if (store) this.openStore(store);
  }

  /** From now on there is one. */
  openStore(store: Store): void {
    const { kernel, toRef, isOurs } = this.#options;
    const { clock, log } = kernel;
    this.store = store;
    this.letters = new StoredDeadLetters(store, toRef);
    this.#committer = new Committer(store, clock);
    this.#wakeUpScan = new WakeUpScan({
      store,
      clock,
      isOurs,
      isInMemory: (id) => this.#actors.has(id),
      wake: (id) => this.#wake(id),
      failed: (error) => log.error({ err: error }, 'the store did not tell who is to be woken'),
    });
    const timers = new WallTimers(clock);
    this.#timers = timers;
    this.#port = {
      store,
      timers,
      committer: this.#committer,
      toRef,
      isDurable: (id) => this.isDurable(id),
      afterEarlier: (id) => this.#earlier.get(id),
      used: (actor) => this.#used(actor as DurableActor),
      closed: (actor) => this.#ended(actor as DurableActor),
      letterKept: () => this.#trimLater(),
      journal: this.#journal,
      gate: this.#gate,
      mayHaveDied: (fence) => fence < this.#crashedBefore,
    };
  }

  get hosts(): boolean {
    return this.store !== undefined;
  }

  /** What waits for a commit, or for the acknowledgement of one. */
  get isBusy(): boolean {
    if (this.#committer?.isIdle === false || this.#resendQueue.size > 0 || this.#departed.isBusy) return true;
    for (const { resendQueue } of this.#actors.values()) if (resendQueue.size > 0) return true;
    return false;
  }

  open(cell: Cell): DurableSide {
    if (!this.#port) {
      throw new TroupeError('STORE_FAILED', `${cell.id} is durable, and the store is not open in this process`);
    }
    const actor = new DurableActor(this.#port, cell);
    this.#actors.set(cell.id, actor);
    this.#makeRoomLater();
    return actor;
  }

  send(envelope: Envelope): boolean {
    if (envelope.verb === 'message') return this.#resendQueue.send(envelope);
    this.#resendQueue.follow(envelope);
    return true;
  }

  acknowledged(signal: Signal & { type: 'acknowledged' }): void {
    this.#resendQueue.acknowledged(signal);
  }

  acknowledgedTo(id: ActorId, signal: Signal & { type: 'acknowledged' }): void {
    this.#departed.acknowledged(id, signal);
  }

  remove(id: ActorId): Promise<void> {
    const removed = this.#removeAll(id, this.#earlier.get(id), true);
    this.#comesAfter(id, removed);
    return removed;
  }

  isDurable(id: ActorId): boolean {
    const { kernel } = this.#options;
    return this.#options.isDurable?.(id) ?? kernel.behaviours.get(kindOf(id))?.durable !== undefined;
  }

  keepsOf(senders: ReadonlySet<ActorId>): boolean {
    return this.#resendQueue.size > 0 && this.#resendQueue.keepsOf(senders);
  }

  /** What was on its way to these receivers may be lost. */
  resend(isLost: (receiver: ActorId) => boolean, hasDied = false): void {
    for (const to of this.#resendQueue.receivers()) if (isLost(to)) this.#resendQueue.resend(to, hasDied);
    for (const { resendQueue } of [...this.#actors.values()]) {
      for (const to of resendQueue.receivers()) if (isLost(to)) resendQueue.resend(to, hasDied);
    }
  }

  /** A process has died, as the table of this epoch says: what was begun before it may have been cut off. */
  diedBefore(epoch: number): void {
    this.#crashedBefore = fencesFrom(this.#options.startedAt, epoch);
    this.#journal.look();
  }

  /** Homes have changed, or the process begins. */
  takeOver(): void {
    if (!this.#isClosed) this.#wakeUpScan?.takeOver();
  }

  /** Ends timers, then the store, once all that is under way is committed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#room?.cancel();
    this.#trim?.cancel();
    this.#wakeUpScan?.close();
    this.#gate.close();
    this.#timers?.close();
    this.#resendQueue.close();
    this.#departed.close();
    for (const { resendQueue } of this.#actors.values()) resendQueue.clear();
    await Promise.all(this.#earlier.values());
    this.#journal.close();
    await this.store?.close();
  }

  async isOnDisk(id: ActorId): Promise<boolean> {
    return (await this.store?.head(id)) !== undefined;
  }

  #wake(id: ActorId): void {
    this.#options.kernel.router.deliver(new Envelope('wake', id, undefined, undefined, undefined, 0));
  }

  #used(actor: DurableActor): void {
    // While there is plenty of room nobody asks who was used last.
    if (this.#actors.size < this.#inMemoryMax / 2) return;
    const { id } = actor.cell;
    if (this.#actors.get(id) !== actor) return;
    this.#actors.delete(id);
    this.#actors.set(id, actor);
  }

  get #inMemoryMax(): number {
    return this.#options.inMemoryMax ?? IN_MEMORY_MAX;
  }

  get #isFull(): boolean {
    return this.#actors.size > this.#inMemoryMax;
  }

  /** Whoever has come has something to do first. */
  #makeRoomLater(): void {
    if (!this.#isFull || this.#room || this.#isClosed) return;
    this.#room = this.#options.kernel.clock.setTimer(ROOM_MS, () => {
      this.#room = undefined;
      this.#makeRoom();
      this.#makeRoomLater();
    });
  }

  #makeRoom(): void {
    let left = Math.min(LOOKED_AT, this.#actors.size);
    for (const { cell } of this.#actors.values()) {
      if (!this.#isFull || left-- === 0) return;
      const isFree = cell.status === 'ready' && !cell.origin.parent && isIdle(cell);
      if (isFree) endCell(cell, { reason: 'passivated', mail: 'deliver-again' });
      // The others come to the end of the line, so that the next look finds new ones.
      else if (cell.durable) this.#used(cell.durable as DurableActor);
    }
  }

  #trimLater(): void {
    const { clock, log } = this.#options.kernel;
    if (this.#isClosed) return;
    this.#trim ??= clock.setTimer(TRIM_MS, () => {
      this.#trim = undefined;
      this.#dropOldLetters().catch((error) => {
        if (!this.#isClosed) log.error({ err: error }, 'the oldest dead letters were not dropped');
      });
    });
  }

  /** Nobody else hears of them any more. */
  async #dropOldLetters(): Promise<void> {
    const { deadLetters, log } = this.#options.kernel;
    const dropped = (await this.letters?.trim()) ?? [];
    if (dropped.length === 0) return;
    log.error({ dropped: dropped.length }, `more than ${LETTERS_STORED_MAX} dead letters: the oldest are dropped`);
    for (const { to, message, sender } of dropped) deadLetters.add(to, message, sender, 'OVERLOADED');
  }

  /** The next incarnation here begins once it is over. */
  #comesAfter(id: ActorId, over: Promise<void>): void {
    const gone = over
      .catch(() => {})
      .then(() => {
        if (this.#earlier.get(id) === gone) this.#earlier.delete(id);
      });
    this.#earlier.set(id, gone);
  }

  #removed({ cell, resendQueue }: DurableActor, settled: Promise<void> | undefined, isAsked: boolean): void {
    const { id } = cell;
    const { log } = this.#options.kernel;
    if (resendQueue.size > 0 || settled) this.#departed.add(id, resendQueue);
    const removal = this.#removeAll(id, settled, isAsked);
    if (cell.extras.removal) cell.extras.removal.done = removal;
    removal.catch((error) =>
      log.error({ actor: id, err: error }, 'not all that is kept of a removed actor could be removed'),
    );
    this.#comesAfter(id, removal);
  }

  /** `withRecord`: it has not gone with the commit of a turn, where a failure would bring its message again. */
  async #removeAll(id: ActorId, before: Promise<void> | undefined, withRecord: boolean): Promise<void> {
    await before;
    if (withRecord) await this.store?.commit([goneChange(id)]);
    await this.letters?.forget(id);
  }

  #ended(actor: DurableActor): void {
    const { id } = actor.cell;
    if (this.#actors.get(id) === actor) this.#actors.delete(id);
    const hasMail = actor.resendQueue.size > 0;
    const settled = actor.settled();
    const by = removedBy(actor.cell, actor.isGone);
    if (by) this.#removed(actor, settled, by === 'others');
    else if (settled) this.#comesAfter(id, settled);
    if ((hasMail || settled) && !this.#isClosed) {
      const { clock } = this.#options.kernel;
      clock.setTimer(BACK_MS, () => this.takeOver());
    }
  }
}

/** Undefined where no kind is durable. The kernel knows it from now on. */
export function newDurability(
  actors: LocalActors,
  options: Omit<DurabilityOptions, 'kernel'>,
): ProcessDurability | undefined {
  const { kernel } = actors;
  if (![...kernel.behaviours.values()].some(({ durable }) => durable !== undefined)) return undefined;
  const durability = new ProcessDurability({ ...options, kernel });
  kernel.durability = durability;
  actors.durableSideOf = (cell) => durability.open(cell);
  return durability;
}
