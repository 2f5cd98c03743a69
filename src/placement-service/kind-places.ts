/**
 * The places of a kind whose terms change. Everybody takes the change up at another moment, so every actor
 * must live at the same place before and after it; only then does it move, by hand-off.
 *
 *   new                 a column of its own, for the workers whose code has it
 *   another role        the kind gets a column of its own, a copy of the one that it had
 *   hash → given        the places of those that live become known to the directory; of others see `hashedNoMore`
 *   given → hash        what the directory knows becomes a pin
 */
import type { PlacementTable } from '../placement/placement-table.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { SHARDS } from '../placement/shard.ts';
import { type KindTerms, NOWHERE, type TableChange } from '../wire/control.ts';
import type { OnDemandPlacements } from './on-demand-placements.ts';

/** null: the kind is gone. */
export type KindChanges = Record<string, KindTerms | null>;

/** The entries of the table that go with the change. Places that become pins are forgotten by the directory. */
export function placesAfter(
  kinds: KindChanges,
  table: PlacementTable,
  onDemand: OnDemandPlacements,
): Pick<TableChange, 'columns' | 'pins'> {
  const columns: TableChange['columns'] = {};
  const pins: TableChange['pins'] = [];
  for (const [kind, terms] of Object.entries(kinds)) {
    const before = table.kind(kind);
    if (terms && terms.column !== terms.role && terms.column !== before?.column) {
      // The rest of an earlier kind of the name means nothing.
      const hosts = before ? table.column(before.column) : new Array<number>(SHARDS).fill(NOWHERE);
      columns[terms.column] = [...hosts.entries()];
    }
    if (terms === null) for (const id of pinned(kind, table)) pins.push([id, null]);
    if (terms !== null && terms.strategy !== 'hash') continue;
    for (const [id, worker] of [...onDemand.of(kind)]) {
      onDemand.forget(id);
      if (terms && table.pinOf(id) === undefined) pins.push([id, worker]);
    }
  }
  return { columns, pins };
}

/**
 * Mail of these kinds may still be on its way to the host of a shard, for an actor that does not live yet. Until it has
 * arrived, that host is the place that is given to an actor that nobody has asked for.
 */
export function hashedNoMore(kinds: KindChanges, table: PlacementTable): string[] {
  const changed = Object.entries(kinds).filter(([, terms]) => terms && terms.strategy !== 'hash');
  return changed.map(([kind]) => kind).filter((kind) => table.kind(kind)?.strategy === 'hash');
}

/** Pinned or given. */
export function placesOfTheirOwn(
  kinds: readonly string[],
  table: PlacementTable,
  onDemand: OnDemandPlacements,
): [ActorId, number][] {
  const pins = [...table.pins()].filter(([id]) => kinds.includes(kindOf(id)));
  return [...pins, ...kinds.flatMap((kind) => [...onDemand.of(kind)])];
}

function pinned(kind: string, table: PlacementTable): ActorId[] {
  return [...table.pins()].map(([id]) => id).filter((id) => kindOf(id) === kind);
}
