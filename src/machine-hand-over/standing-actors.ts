/** The actors of partitions that are about to be handed over: stopped between two turns, each partition for itself. */
import type { Cell } from '../actor/cell.ts';
import { endCell } from '../actor/lifecycle.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { quiesce, resume } from '../actor/quiescence.ts';
import { ABORT_GRACE_MS } from '../handoff/outgoing.ts';
import { shardOf } from '../placement/shard.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Timer } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';

/** Milliseconds between two looks whether all that they told durable actors is committed. */
const KEPT_LOOK_MS = 5;

export class StandingActors {
  readonly partitions: Set<number>;
  readonly #actors: LocalActors;
  readonly #keep: (mail: Envelope) => void;
  /** All under which something is kept here. */
  readonly #ids = new Map<number, ActorId[]>();
  readonly #members = new Map<number, Cell[]>();
  readonly #all = new Set<ActorId>();
  /** How many do not stand yet, by partition. */
  readonly #moving = new Map<number, number>();
  #timers: Timer[] = [];
  /** The deadline of the machine has passed: what durable actors have not acknowledged is left behind. */
  #isLate = false;
  #done: ((busy: number[]) => void) | undefined;

  /** `keep`: mail of an actor that is killed. */
  constructor(actors: LocalActors, partitions: Iterable<number>, keep: (mail: Envelope) => void) {
    this.#actors = actors;
    this.#keep = keep;
    this.partitions = new Set(partitions);
    for (const id of new Set(actors.known())) {
      const partition = shardOf(id);
      if (!this.partitions.has(partition)) continue;
      this.#all.add(id);
      listIn(this.#ids, partition).push(id);
      const cell = actors.cellOf(id);
      if (cell) listIn(this.#members, partition).push(cell);
    }
  }

  /** Resolves to the partitions that do not stand in time. `isLast`: an actor that takes longer is aborted, then killed. */
  stop(quiesceMs: number, isLast: boolean): Promise<number[]> {
    const { clock } = this.#actors.kernel;
    const stopped = new Promise<number[]>((resolve) => (this.#done = resolve));
    for (const [partition, cells] of this.#members) {
      this.#moving.set(partition, cells.length);
      for (const cell of cells) if (!hasParent(cell)) this.#stop(partition, cell);
    }
    this.#look();
    if (this.#done) this.#timers.push(clock.setTimer(quiesceMs, () => (isLast ? this.#abort() : this.#end())));
    return stopped;
  }

  stands(id: ActorId): boolean {
    return this.#all.has(id);
  }

  idsIn(partitions: ReadonlySet<number>): ActorId[] {
    return [...partitions].flatMap((partition) => this.#ids.get(partition) ?? []);
  }

  /** Parents before their children. */
  cellsIn(partition: number): Cell[] {
    return this.#members.get(partition)?.filter((cell) => this.#actors.cellOf(cell.id) === cell) ?? [];
  }

  /** Those of a partition under which something is kept, and that are not in memory. */
  restIn(partition: number): ActorId[] {
    return this.#ids.get(partition)?.filter((id) => !this.#actors.cellOf(id)) ?? [];
  }

  goOn(partitions: ReadonlySet<number>): void {
    for (const partition of partitions) for (const cell of this.#members.get(partition) ?? []) resume(cell);
  }

  forget(partitions: ReadonlySet<number>): void {
    for (const partition of partitions) {
      this.partitions.delete(partition);
      for (const id of this.#ids.get(partition) ?? []) this.#all.delete(id);
      this.#ids.delete(partition);
      this.#members.delete(partition);
      this.#moving.delete(partition);
    }
    if (this.partitions.size === 0) this.#end();
  }

  /** A child behind its parent, whose turn may wait for its answer. */
  #stop(partition: number, cell: Cell): void {
    const stands = (): void => {
      this.#moving.set(partition, (this.#moving.get(partition) ?? 0) - 1);
      for (const child of cell.extras.children?.cells ?? []) {
        if (!this.#all.has(child.id)) this.#admit(partition, child);
        this.#stop(partition, child);
      }
    };
    const standsLater = (): void => {
      stands();
      this.#look();
    };
    // Another machine may not begin with it while a commit of this one may still come to be: the partition goes another time.
    if (cell.durable?.isInDoubt !== true && quiesce(cell, standsLater)) stands();
  }

  /** Born in the last turn of its parent. */
  #admit(partition: number, child: Cell): void {
    this.#all.add(child.id);
    listIn(this.#ids, partition).push(child.id);
    listIn(this.#members, partition).push(child);
    this.#moving.set(partition, (this.#moving.get(partition) ?? 0) + 1);
  }

  #look(): void {
    if (!this.#done) return;
    for (const moving of this.#moving.values()) if (moving > 0) return;
    const { clock, durability } = this.#actors.kernel;
    if (!durability?.keepsOf(this.#all)) return this.#end();
    this.#timers.push(clock.setTimer(KEPT_LOOK_MS, () => this.#look()));
  }

  #end(): void {
    const done = this.#done;
    this.#done = undefined;
    for (const timer of this.#timers.splice(0)) timer.cancel();
    done?.([...this.partitions].filter((partition) => this.#isBusy(partition)));
  }

  /** One that was killed, or has ended meanwhile, is waited for no longer. */
  #isBusy(partition: number): boolean {
    const cells = this.cellsIn(partition);
    if (cells.some(({ status }) => status !== 'quiescent' && status !== 'ended')) return true;
    if (this.#isLate) return false;
    // Mail may have been sent since the look: the partition goes another time.
    const { durability } = this.#actors.kernel;
    const ids = this.#ids.get(partition);
    return ids !== undefined && durability?.keepsOf(new Set(ids)) === true;
  }

  #abort(): void {
    const { kernel } = this.#actors;
    const late = this.#late().filter(({ durable }) => durable?.isInDoubt !== true);
    for (const cell of late) cell.extras.abort?.abort(new Error('the machine leaves, and its deadline has passed'));
    const kill = (): void => {
      this.#isLate = true;
      for (const cell of late) this.#kill(cell);
      this.#end();
    };
    this.#timers.push(kernel.clock.setTimer(ABORT_GRACE_MS, kill));
  }

  #late(): Cell[] {
    return [...this.#members.keys()]
      .flatMap((partition) => this.cellsIn(partition))
      .filter(({ status }) => status !== 'quiescent' && status !== 'ended');
  }

  #kill(cell: Cell): void {
    if (cell.status === 'quiescent' || cell.status === 'ended') return;
    const text = 'a handler did not end by the deadline of a machine that leaves; its actor is killed';
    this.#actors.kernel.log.error({ actor: cell.id }, text);
    for (const envelope of cell.mailbox.takeAll()) if (envelope.verb !== 'run') this.#keep(envelope);
    endCell(cell, { reason: 'killed', mail: 'deliver-again' }, 'released');
  }
}

function hasParent({ origin }: Cell): boolean {
  return origin.parent !== undefined;
}

function listIn<T>(lists: Map<number, T[]>, partition: number): T[] {
  let list = lists.get(partition);
  if (!list) lists.set(partition, (list = []));
  return list;
}
