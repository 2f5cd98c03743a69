/**
 * Which worker hosts what: a column of shards for each role, and pins, ids with a worker of their own. Its size does
 * not depend on the number of actors. Every process holds a copy; only the master makes changes, each with its epoch.
 */
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import type { Pause } from '../vocabulary/pause.ts';
import { MACHINE_INDEX_MIN, machineIndexOf } from '../vocabulary/host-index.ts';
import {
  type KindTerms,
  type MachinesView,
  NOWHERE,
  type TableChange,
  type TableData,
  type Unit,
} from '../wire/control.ts';
import { SHARDS, shardOf, shardUnit } from './shard.ts';

export class PlacementTable {
  #epoch: number;
  readonly #columns = new Map<string, Int32Array>();
  readonly #pins = new Map<ActorId, number>();
  readonly #kinds = new Map<string, KindTerms>();
  /** Kinds that there were. */
  readonly #removed = new Set<string>();
  #pauses: readonly Pause[] = [];
  #machines: MachinesView | undefined;

  private constructor(epoch: number) {
    this.#epoch = epoch;
  }

  /** Of a system that begins: nothing has a place. */
  static first(kinds: ReadonlyMap<string, KindTerms>, pauses: readonly Pause[] = []): PlacementTable {
    return PlacementTable.from({ epoch: 0, columns: {}, pins: [], kinds: Object.fromEntries(kinds), pauses });
  }

  static from({ epoch, columns, pins, kinds = {}, removed = [], pauses = [], machines }: TableData): PlacementTable {
    const table = new PlacementTable(epoch);
    for (const [role, hosts] of Object.entries(columns)) table.#columns.set(role, Int32Array.from(hosts));
    for (const [id, worker] of pins) table.#pins.set(id, worker);
    for (const [kind, terms] of Object.entries(kinds)) table.#kinds.set(kind, terms);
    for (const kind of removed) table.#removed.add(kind);
    table.#pauses = pauses;
    table.#machines = machines;
    return table;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** The terms of an id's kind; undefined for a kind that the system does not have. */
  termsOf(id: ActorId): KindTerms | undefined {
    return this.#kinds.get(kindOf(id));
  }

  /** The terms of a kind. */
  kind(kind: string): KindTerms | undefined {
    return this.#kinds.get(kind);
  }

  kinds(): IterableIterator<[string, KindTerms]> {
    return this.#kinds.entries();
  }

  /** Whether there was such a kind, until a reload without it. */
  wasRemoved(kind: string): boolean {
    return this.#removed.has(kind);
  }

  /** Actors that begin no turn, or so many in a second. */
  get pauses(): readonly Pause[] {
    return this.#pauses;
  }

  /** The machines of the cluster; undefined: this one is alone. */
  get machines(): MachinesView | undefined {
    return this.#machines;
  }

  /** The host of a shard that no worker here hosts: another machine, whichever worker of it has the shard, or NOWHERE. */
  elsewhereOf(id: ActorId, role: string): number | undefined {
    if (this.#machines === undefined) return undefined;
    const host = this.shardHostOf(id, role);
    return host === NOWHERE || host >= MACHINE_INDEX_MIN ? machineIndexOf(host) : undefined;
  }

  /** The worker that hosts an id, pinned or by its shard; NOWHERE where none can. */
  hostOf(id: ActorId, role: string): number {
    if (this.#pins.size > 0) {
      const pin = this.#pins.get(id);
      if (pin !== undefined) return pin;
    }
    return this.shardHostOf(id, role);
  }

  /** The host of its shard, whatever its pin says. */
  shardHostOf(id: ActorId, role: string): number {
    return this.#columns.get(role)?.[shardOf(id)] ?? NOWHERE;
  }

  /** Of the partition that is its shard; 0 where this machine does not serve it, or is none of a cluster. */
  partitionEpochOf(id: ActorId): number {
    return this.#machines?.epochs[shardOf(id)] ?? 0;
  }

  pinOf(id: ActorId): number | undefined {
    return this.#pins.get(id);
  }

  pins(): IterableIterator<[ActorId, number]> {
    return this.#pins.entries();
  }

  roles(): string[] {
    return [...this.#columns.keys()];
  }

  column(role: string): readonly number[] {
    const column = this.#columns.get(role);
    const hosts = new Array<number>(SHARDS).fill(NOWHERE);
    // A table of machines is asked with each change: spread, an array of numbers costs four times as much.
    if (column) for (let shard = 0; shard < SHARDS; shard++) hosts[shard] = column[shard] as number;
    return hosts;
  }

  /** All that host a shard of any column; NOWHERE, where one has none. */
  shardHosts(): Set<number> {
    const hosts = new Set<number>();
    for (const column of this.#columns.values()) {
      let last: number | undefined;
      for (const host of column) {
        if (host !== last) hosts.add(host);
        last = host;
      }
    }
    return hosts;
  }

  /** The host of one shard; NOWHERE where none can be. */
  hostOfShard(role: string, shard: number): number {
    return this.#columns.get(role)?.[shard] ?? NOWHERE;
  }

  unitOf(id: ActorId, role: string): Unit {
    return this.#pins.has(id) ? id : shardUnit(role, shardOf(id));
  }

  /** Throws unless the change is the very next one: tables are taken up strictly one after another. */
  apply({ epoch, columns, pins, kinds = {}, pauses, machines }: TableChange): void {
    if (epoch !== this.#epoch + 1) throw new Error(`a table change follows epoch ${this.#epoch}; got ${epoch}`);
    this.#epoch = epoch;
    for (const [role, changes] of Object.entries(columns)) {
      const column = this.#columnToChange(role);
      for (const [shard, worker] of changes) column[shard] = worker;
    }
    for (const [id, worker] of pins) {
      if (worker === null) this.#pins.delete(id);
      else this.#pins.set(id, worker);
    }
    for (const [kind, terms] of Object.entries(kinds)) this.#changeKind(kind, terms);
    if (pauses) this.#pauses = pauses;
    // Those that come later want them too.
    if (machines) this.#machines = { ...this.#machines, ...machines };
  }

  toData(): TableData {
    const columns: Record<string, number[]> = {};
    for (const [role, column] of this.#columns) columns[role] = [...column];
    const kinds = Object.fromEntries(this.#kinds);
    return {
      epoch: this.#epoch,
      columns,
      pins: [...this.#pins],
      kinds,
      removed: [...this.#removed],
      pauses: this.#pauses,
      ...(this.#machines && { machines: this.#machines }),
    };
  }

  #changeKind(kind: string, terms: KindTerms | null): void {
    if (terms) this.#kinds.set(kind, terms);
    else this.#kinds.delete(kind);
    if (terms) this.#removed.delete(kind);
    else this.#removed.add(kind);
  }

  #columnToChange(role: string): Int32Array {
    let column = this.#columns.get(role);
    if (!column) this.#columns.set(role, (column = new Int32Array(SHARDS).fill(NOWHERE)));
    return column;
  }
}
