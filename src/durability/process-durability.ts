/**
 * Durability of one process: the sides of its durable cells, what its volatile senders have in flight to durable actors,
 * and who must be woken. Without a store it hosts no durable actor and only sends, as the master does.
 */
import type { Cell } from '../actor/cell.ts';
import type { Durability, DurableSide, TrackedStream } from '../actor/durable-side.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import { fencesFrom } from '../vocabulary/fence.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { type CommitMetrics, Committer } from '../commit/committer.ts';
import { ActorsInMemory } from './actors-in-memory.ts';
import { DurableActor } from './durable-actor.ts';
import type { DurableParts } from './durable-parts.ts';
import { EarlierCells } from './earlier-cells.ts';
import { LetterTrim } from './letter-trim.ts';
import { ProbationGate } from './probation-gate.ts';
import { VolatileStreams } from '../resending/volatile-streams.ts';
import { MemoryJournals } from '../journal/memory-journal.ts';
import type { Store } from '../store/store.ts';
import type { TurnJournal } from '../journal/turn-journal.ts';
import { Departed, removedBy } from './removal.ts';
import { goneChange, StoredDeadLetters } from '../commit/stored-dead-letters.ts';
import { WakeUpScan } from './wake-up-scan.ts';
import { WallTimers } from './wall-timers.ts';

/** Milliseconds until an actor that ended with messages in its outbox comes back to see to them. */
const BACK_MS = 1_000;

export interface DurabilityOptions {
  kernel: Kernel;
  store: Store | undefined;
  /** Default: one in memory, where nobody has died before. */
  journal?: TurnJournal | undefined;
  startedAt: number;
  toRef(id: ActorId): unknown;
  /** Whether this process brings the actor into memory, should it have something to do. */
  isOurs(id: ActorId): boolean;
  /** Default: by the behaviours of this process. */
  isDurable?(id: ActorId): boolean;
  inMemoryMax?: number | undefined;
  /** See `ProcessParts.partitionEpochOf`. */
  partitionEpochOf?(id: ActorId): number;
}

export class ProcessDurability implements Durability {
  store: Store | undefined;
  letters: StoredDeadLetters | undefined;
  readonly #options: DurabilityOptions;
  readonly #streams: VolatileStreams;
  #committer: Committer | undefined;
  #wakeUpScan: WakeUpScan | undefined;
  #timers: WallTimers | undefined;
  #letterTrim: LetterTrim | undefined;
  #parts: DurableParts | undefined;
  readonly #actors: ActorsInMemory<DurableActor>;
  readonly #earlier = new EarlierCells();
  readonly #gate: ProbationGate;
  readonly #journal: TurnJournal;
  readonly #departed: Departed;
  /** Incarnations that began before this epoch may have died with their process. */
  #crashedBefore = 0;
  #isClosed = false;

  constructor(options: DurabilityOptions) {
    this.#options = options;
    const { kernel, store, startedAt, inMemoryMax } = options;
    this.#actors = new ActorsInMemory(kernel.clock, inMemoryMax);
    this.#streams = new VolatileStreams(kernel, startedAt);
    this.#gate = new ProbationGate(kernel.clock);
    this.#journal = options.journal ?? new MemoryJournals().open(kernel.address);
    this.#journal.look();
    this.#departed = new Departed(kernel.clock, kernel.log);
    if (store) this.openStore(store);
  }

  /** From now on there is one. */
  openStore(store: Store): void {
    const { kernel, toRef, isOurs } = this.#options;
    const { clock, log } = kernel;
    this.store = store;
    this.letters = new StoredDeadLetters(store, toRef);
    this.#letterTrim = new LetterTrim(kernel, this.letters);
    this.#committer = new Committer(store, clock, kernel.spans);
    this.#wakeUpScan = new WakeUpScan({
      ...{ store, clock, log, isOurs },
      isInMemory: (id) => this.#actors.has(id),
      mayServe: () => kernel.serving?.mayBegin !== false,
      wake: (id) => this.#wake(id),
    });
    const timers = new WallTimers(clock);
    this.#timers = timers;
    this.#parts = {
      ...{ store, timers, toRef, committer: this.#committer, journal: this.#journal, gate: this.#gate },
      ...{ actors: this.#actors, earlier: this.#earlier, letterTrim: this.#letterTrim },
      isDurable: (id) => this.isDurable(id),
      mayHaveDied: (fence, id) => fence < this.#fencesOfLiving(id),
      ended: (actor) => this.#ended(actor as DurableActor),
    };
  }

  /** Undefined while no store is open here. */
  get commits(): CommitMetrics | undefined {
    return this.#committer && { ...this.#committer.metrics };
  }

  get hosts(): boolean {
    return this.store !== undefined;
  }

  /** True while a turn waits for its commit, or a message for its acknowledgement. */
  get isBusy(): boolean {
    if (this.#committer?.isIdle === false || this.#streams.isBusy || this.#departed.isBusy) return true;
    for (const { resendQueue } of this.#actors.all()) if (resendQueue.size > 0) return true;
    return false;
  }

  open(cell: Cell): DurableSide {
    if (!this.#parts) {
      throw new TroupeError('STORE_FAILED', `${cell.id} is durable, and the store is not open in this process`);
    }
    const actor = new DurableActor(this.#parts, cell);
    this.#actors.add(actor);
    return actor;
  }

  send(envelope: Envelope): boolean {
    if (envelope.verb === 'message') return this.#streams.own.send(envelope);
    this.#streams.own.follow(envelope);
    return true;
  }

  acknowledged(signal: Signal & { type: 'acknowledged' }): void {
    this.#streams.acknowledged(signal);
  }

  openStream(stream: string, gone: (numbers: readonly number[]) => void): TrackedStream {
    return this.#streams.open(stream, gone);
  }

  closeStream(stream: string): void {
    this.#streams.end(stream);
  }

  acknowledgedTo(id: ActorId, signal: Signal & { type: 'acknowledged' }): void {
    this.#departed.acknowledged(id, signal);
  }

  remove(id: ActorId): Promise<void> {
    const removed = this.#removeAll(id, this.#earlier.of(id), true);
    this.#earlier.add(id, removed);
    return removed;
  }

  isDurable(id: ActorId): boolean {
    const { kernel } = this.#options;
    return this.#options.isDurable?.(id) ?? kernel.behaviours.get(kindOf(id))?.durable !== undefined;
  }

  keepsOf(senders: ReadonlySet<ActorId>): boolean {
    return this.#streams.own.size > 0 && this.#streams.own.keepsOf(senders);
  }

  /** Messages in flight to these receivers may be lost. */
  resend(isLost: (receiver: ActorId) => boolean, hasDied = false): void {
    this.#streams.resend(isLost, hasDied);
    for (const { resendQueue } of [...this.#actors.all()]) {
      for (const to of resendQueue.receivers()) if (isLost(to)) resendQueue.resend(to, hasDied);
    }
  }

  /** A process has died, as the table of this epoch says: what was begun before it may have been cut off. */
  diedBefore(epoch: number): void {
    this.#crashedBefore = epoch;
    this.#journal.look();
  }

  /** An incarnation that began before this system did, or on another machine, may have died with that. */
  #fencesOfLiving(id: ActorId): string {
    const { startedAt, partitionEpochOf } = this.#options;
    return fencesFrom(startedAt, this.#crashedBefore, partitionEpochOf?.(id));
  }

  /** Hosts have changed, or the process begins. */
  takeOver(): void {
    if (!this.#isClosed) this.#wakeUpScan?.takeOver();
  }

  /** Ends timers, then the store, once all open batches are committed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#actors.close();
    this.#letterTrim?.close();
    this.#wakeUpScan?.close();
    this.#gate.close();
    this.#timers?.close();
    this.#streams.close();
    this.#departed.close();
    for (const { resendQueue } of this.#actors.all()) resendQueue.clear();
    await this.#earlier.all();
    this.#journal.close();
    await this.store?.close();
  }

  async isOnDisk(id: ActorId): Promise<boolean> {
    return (await this.store?.head(id)) !== undefined;
  }

  #wake(id: ActorId): void {
    this.#options.kernel.router.deliver(new Envelope('wake', id, undefined, undefined, undefined, 0));
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
    this.#earlier.add(id, removal);
  }

  /** `withRecord`: it has not gone with the commit of a turn, where a failure would bring its message again. */
  async #removeAll(id: ActorId, before: Promise<void> | undefined, withRecord: boolean): Promise<void> {
    await before;
    if (withRecord) await this.store?.commit([goneChange(id)]);
    await this.letters?.forget(id);
  }

  #ended(actor: DurableActor): void {
    const { id } = actor.cell;
    this.#actors.remove(actor);
    const hasMail = actor.resendQueue.size > 0;
    const settled = actor.settled();
    const by = removedBy(actor.cell, actor.isGone);
    if (by) this.#removed(actor, settled, by === 'others');
    else if (settled) this.#earlier.add(id, settled);
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
