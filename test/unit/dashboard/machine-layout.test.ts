/** Where the states of a machine stand when it is drawn. */
import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { activePaths, layOut } from '../../../dashboard/src/parts/machine-layout.ts';
import { drawingOf } from '../../../src/actor/xstate-drawing.ts';
import type { MachineShape } from '../../../src/observe/xstate-shape.ts';

const order = drawingOf(
  createMachine({
    initial: 'new',
    states: {
      island: {},
      new: { on: { pay: 'open', cancel: 'cancelled' } },
      open: {
        type: 'parallel',
        states: {
          goods: { initial: 'packing', states: { packing: { on: { send: 'sent' } }, sent: {} } },
          bill: { initial: 'due', states: { due: {} } },
        },
        on: { back: 'new' },
      },
      cancelled: { type: 'final' },
    },
  }),
) as MachineShape;

describe('a drawing', () => {
  test('has a box for each state, those inside another one within it, and none on top of a neighbour', () => {
    const { boxes, width, height } = layOut(order);
    expect([...boxes.keys()].sort()).toEqual(order.states.flatMap(({ path }) => (path === '' ? [] : [path])).sort());
    for (const [path, box] of boxes) {
      const parent = boxes.get(path.slice(0, Math.max(0, path.lastIndexOf('.'))));
      const around = parent ?? { x: 0, y: 0, width, height };
      expect(box.x).toBeGreaterThanOrEqual(around.x);
      expect(box.y).toBeGreaterThanOrEqual(around.y);
      expect(box.x + box.width).toBeLessThanOrEqual(around.x + around.width);
      expect(box.y + box.height).toBeLessThanOrEqual(around.y + around.height);
      for (const [other, its] of boxes) {
        if (path === other || path.startsWith(`${other}.`) || other.startsWith(`${path}.`)) continue;
        const isApart =
          box.x + box.width <= its.x ||
          its.x + its.width <= box.x ||
          box.y + box.height <= its.y ||
          its.y + its.height <= box.y;
        expect(isApart, `${path} and ${other}`).toBe(true);
      }
    }
  });

  test('goes down from the first state, in rows; what nothing leads to is below', () => {
    const { boxes } = layOut(order);
    const y = (path: string): number => boxes.get(path)?.y as number;
    expect(y('new')).toBeLessThan(y('open'));
    expect(y('open')).toBe(y('cancelled'));
    expect(y('open.goods')).toBe(y('open.bill'));
    expect(y('open.goods.packing')).toBeLessThan(y('open.goods.sent'));
    expect(y('island')).toBeGreaterThan(y('open'));
  });

  test('has an arrow for each pair of states, with what leads from the one to the other', () => {
    const { edges } = layOut(order);
    expect(edges).toContainEqual({ from: 'new', to: 'open', label: 'pay' });
    expect(edges).toContainEqual({ from: 'open', to: 'new', label: 'back' });
    const twice = drawingOf(createMachine({ initial: 'a', states: { a: { on: { x: 'b', y: 'b', z: 'b' } }, b: {} } }));
    expect(layOut(twice as MachineShape).edges).toEqual([{ from: 'a', to: 'b', label: 'x, y, …' }]);
  });

  test('is made of a machine with one state, or none', () => {
    expect(layOut(drawingOf(createMachine({})) as MachineShape).boxes.size).toBe(0);
  });
});

test('the states that are lit are those of the value, with those around them', () => {
  expect(activePaths('new')).toEqual(['new']);
  expect(activePaths({ open: { goods: 'packing', bill: 'due' } })).toEqual([
    ...['open', 'open.goods', 'open.goods.packing', 'open.bill', 'open.bill.due'],
  ]);
  expect(activePaths(undefined)).toEqual([]);
  expect(activePaths({})).toEqual([]);
});
