/** A client of a cluster: it sees the machines and their partitions, owns nothing, and has no row of its own. */
import type { Directory, Entry, Watch } from '../directory/directory.ts';
import type { MachineId, MachineRow } from '../machines/machine-row.ts';
import { NOBODY, type PartitionTable } from '../machines/partition-table.ts';
import type { MachineInfo } from '../observe/machine-info.ts';
import {
  decodeRow,
  decodeTable,
  infoOf,
  PAUSES_KEY,
  ROW_PREFIX,
  TABLE_KEY,
  WATCHED_PREFIX,
} from './cluster-entries.ts';

/** The ids of clients begin so, and those of machines do not: a client is linked to although it has no row. */
export const CLIENT_PREFIX = 'client.';

export interface ObserverParts {
  readonly directory: Directory;
  readonly id: MachineId;
  changed(): void;
  /** The pauses of the whole system are others, or are seen for the first time. */
  heed?(): Promise<void>;
}

export class ClusterObserver {
  readonly id: MachineId;
  readonly #rows = new Map<MachineId, MachineRow>();
  readonly #watch: Watch;
  readonly #changed: () => void;
  readonly #heed: (() => Promise<void>) | undefined;
  #table: PartitionTable | undefined;

  constructor({ directory, id, changed, heed }: ObserverParts) {
    this.#heed = heed;
    this.id = id;
    this.#changed = changed;
    this.#watch = directory.watch(WATCHED_PREFIX, {
      changed: (entry) => this.#saw(entry),
      removed: (key) => {
        if (this.#rows.delete(key.slice(ROW_PREFIX.length))) this.#changed();
      },
      synced: () => {},
      gap: () => {},
    });
  }

  machines(): MachineInfo[] {
    return [...this.#rows].map(([id, row]) => infoOf(id, row));
  }

  ownerOf(partition: number): MachineId | undefined {
    const owner = this.#table?.owners[partition];
    return owner === NOBODY ? undefined : owner;
  }

  epochOf(): undefined {}

  isHandedLive(partition: number): boolean {
    return (this.#table?.handedBy[partition] ?? NOBODY) !== NOBODY;
  }

  takesState(): boolean {
    return false;
  }

  get tableEpoch(): number {
    return this.#table?.epoch ?? 0;
  }

  /** Somebody has a newer table. */
  lookAtTable(): void {
    this.#watch.look();
  }

  close(): void {
    this.#watch.close();
  }

  #saw({ key, value }: Entry): void {
    if (key === PAUSES_KEY) return void this.#heed?.().catch(() => {});
    if (key === TABLE_KEY) this.#table = decodeTable(value) ?? this.#table;
    const row = key.startsWith(ROW_PREFIX) ? decodeRow(value) : undefined;
    if (row) this.#rows.set(key.slice(ROW_PREFIX.length), row);
    this.#changed();
  }
}
