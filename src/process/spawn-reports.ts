/**
 * Tells the master which spawned actors live here, so that it can start them again elsewhere, and which ids with a
 * pin have ended. Reports of one turn of the loop go together.
 */
import type { ActorsObserver } from '../actor/local-actors.ts';
import type { PlacementTable } from '../placement/placement-table.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { toWire } from '../wire/codec.ts';
import type { SpawnRecord, ToMaster } from '../wire/control.ts';

export class SpawnReports implements ActorsObserver {
  readonly #clock: Clock;
  readonly #tellMaster: (message: ToMaster) => void;
  readonly #table: () => PlacementTable;
  /** In the order in which it happened: an id may end and be spawned again within one turn. */
  #changes = new Map<ActorId, SpawnRecord | undefined>();
  readonly #started: ActorId[] = [];

  constructor(clock: Clock, tellMaster: (message: ToMaster) => void, table: () => PlacementTable) {
    this.#clock = clock;
    this.#tellMaster = tellMaster;
    this.#table = table;
  }

  spawned(id: ActorId, args: unknown): void {
    // As a message would travel: refs of actors are still refs where the actor is started again.
    this.#note(id, { id, args: toWire(args) });
  }

  /** Of others only those are of interest that have a pin: one that was moved. */
  ended(id: ActorId, spawned: boolean): void {
    if (!spawned && this.#table().pinOf(id) === undefined) return;
    this.#note(id, undefined);
  }

  /** At once: the process may not live to the end of this turn. */
  startsAlone(id: ActorId): void {
    this.#tellMaster({ type: 'starting', id });
  }

  startedAgain(id: ActorId): void {
    if (this.#started.length === 0)
      this.#clock.soon(() => this.#tellMaster({ type: 'started', ids: this.#started.splice(0) }));
    this.#started.push(id);
  }

  #note(id: ActorId, record: SpawnRecord | undefined): void {
    if (this.#table().epoch === 0) return;
    if (this.#changes.size === 0) this.#clock.soon(() => this.#report());
    this.#changes.set(id, record);
  }

  #report(): void {
    const changes = this.#changes;
    this.#changes = new Map();
    const records: SpawnRecord[] = [];
    const ids: ActorId[] = [];
    for (const [id, record] of changes) {
      if (record) records.push(record);
      else ids.push(id);
    }
    if (ids.length > 0) this.#tellMaster({ type: 'ended', ids });
    if (records.length > 0) this.#tellMaster({ type: 'spawned', records });
  }
}
