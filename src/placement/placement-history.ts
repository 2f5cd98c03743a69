/** The places that units were given, the last ones of each: fed by the changes of the table as a process takes them up. Pure. */
import type { PastPlace } from '../observe/past-place.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { TableChange, Unit } from '../wire/control.ts';
import { shardOf, shardUnit } from './shard.ts';

/** Places of one unit, and of all; of the units that were given a place first, all go. */
export const PLACES_OF_UNIT_MAX = 10;
export const PLACES_KEPT_MAX = 20_000;

export class PlacementHistory {
  readonly #keptMax: number;
  /** Oldest place first; in the order of the first place that is known of each unit. */
  readonly #places = new Map<Unit, PastPlace[]>();
  #kept = 0;

  constructor(keptMax: number = PLACES_KEPT_MAX) {
    this.#keptMax = keptMax;
  }

  /** `at`: on the wall clock. */
  note(change: TableChange, at: number): void {
    const { epoch, columns, pins } = change;
    const why = reasonOf(change);
    for (const [column, shards] of Object.entries(columns))
      for (const [shard, worker] of shards)
        this.#add(shardUnit(column, shard), { epoch, at, worker, of: 'shard', why });
    for (const [id, worker] of pins) {
      const place = { epoch, at, worker: worker ?? undefined, of: 'own' } as const;
      this.#add(id, { ...place, why: why === 'start' || why === 'hand-off' ? pinReason(change, worker) : why });
    }
  }

  /** Of an id and of its shard in a column, the oldest first. */
  of(id: ActorId, column: string): PastPlace[] {
    const places = [...(this.#places.get(shardUnit(column, shardOf(id))) ?? []), ...(this.#places.get(id) ?? [])];
    return places.sort((one, other) => one.epoch - other.epoch);
  }

  #add(unit: Unit, place: PastPlace): void {
    let places = this.#places.get(unit);
    if (places === undefined) this.#places.set(unit, (places = []));
    places.push(place);
    this.#kept++;
    if (places.length > PLACES_OF_UNIT_MAX) {
      places.shift();
      this.#kept--;
    }
    if (this.#kept > this.#keptMax) this.#dropFirst();
  }

  #dropFirst(): void {
    for (const [unit, places] of this.#places) {
      this.#places.delete(unit);
      this.#kept -= places.length;
      return;
    }
  }
}

function reasonOf({ dead, kinds, endedMoves }: TableChange): PastPlace['why'] {
  if (dead !== undefined) return 'death';
  if (kinds !== undefined) return 'reload';
  return endedMoves.length > 0 ? 'hand-off' : 'start';
}

/** A pin that no hand-off has given is that of a new actor. */
function pinReason({ endedMoves }: TableChange, worker: number | null): PastPlace['why'] {
  if (worker === null) return 'end';
  return endedMoves.length > 0 ? 'hand-off' : 'claim';
}
