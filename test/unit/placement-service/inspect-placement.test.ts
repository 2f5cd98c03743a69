/** What is shown of placement is cut to a number, which the count beside it does not hide. */
import { expect, test } from 'vitest';
import { PINS_SHOWN_MAX, UNITS_SHOWN_MAX } from '../../../src/observe/placement-view.ts';
import { placementView } from '../../../src/placement-service/inspect-placement.ts';
import { PlacementTable } from '../../../src/placement/placement-table.ts';

test('pins, and the units of a move', () => {
  const ids = Array.from({ length: PINS_SHOWN_MAX + 1 }, (_, n) => `counter/${n}`);
  const table = PlacementTable.from({ epoch: 3, columns: {}, pins: ids.map((id) => [id, 1]) });
  const [from, to] = [1, 2].map((index) => ({ index, incarnation: 1 })) as [
    { index: number; incarnation: number },
    { index: number; incarnation: number },
  ];
  const units = ids.slice(0, UNITS_SHOWN_MAX + 1);
  const { pins, moves } = placementView(table, [{ id: 1, purpose: 'move', units, from, to, subscriptions: [] }]);
  expect([pins.count, pins.first.length]).toEqual([PINS_SHOWN_MAX + 1, PINS_SHOWN_MAX]);
  expect(pins.first[0]).toEqual(['counter/0', 1]);
  expect(moves).toEqual([
    { purpose: 'move', from: 1, to: 2, count: UNITS_SHOWN_MAX + 1, first: ids.slice(0, UNITS_SHOWN_MAX) },
  ]);
});
