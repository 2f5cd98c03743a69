/** The placement table and the moves in flight, as they are shown. Pure. */
import { type MoveView, PINS_SHOWN_MAX, type PlacementView, UNITS_SHOWN_MAX } from '../observe/placement-view.ts';
import type { PlacementTable } from '../placement/placement-table.ts';
import type { MoveOrder } from '../wire/control.ts';

export function placementView(table: PlacementTable, moves: readonly MoveOrder[]): PlacementView {
  const pins = [...table.pins()];
  const kinds = [...table.kinds()].map(([kind, { column, role, strategy }]) => [kind, { column, role, strategy }]);
  return {
    epoch: table.epoch,
    columns: Object.fromEntries(table.roles().map((role) => [role, shardsByWorker(table.column(role))])),
    kinds: Object.fromEntries(kinds),
    pins: { count: pins.length, first: pins.slice(0, PINS_SHOWN_MAX) },
    moves: moves.map(moveView),
  };
}

function shardsByWorker(column: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const worker of column) counts[worker] = (counts[worker] ?? 0) + 1;
  return counts;
}

function moveView({ purpose, units, from, to }: MoveOrder): MoveView {
  return { purpose, from: from.index, to: to.index, count: units.length, first: units.slice(0, UNITS_SHOWN_MAX) };
}
