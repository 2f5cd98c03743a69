import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Handoffs, type MoveEnd, type ProcessName } from '../../../src/placement/handoff.ts';
import type { MoveOrder } from '../../../src/wire/control.ts';

const OLD = { index: 1, incarnation: 1 };
const NEW = { index: 2, incarnation: 1 };
const OTHER = { index: 3, incarnation: 1 };

function begun(units = ['counter/alice'], from = OLD, to = NEW): { handoffs: Handoffs; order: MoveOrder } {
  const handoffs = new Handoffs();
  return { handoffs, order: handoffs.begin({ purpose: 'move', units, from, to }) };
}

describe('a hand-off', () => {
  test('settles when the new host has everything', () => {
    const { handoffs, order } = begun();
    expect(handoffs.installed(order.id, NEW)).toEqual({ order, outcome: 'commit' });
    expect([handoffs.size, handoffs.isMoving('counter/alice')]).toEqual([0, false]);
  });

  test.each<[string, ProcessName]>([
    ['the old host', OLD],
    ['a bystander', OTHER],
    ['a previousIncarnation of the new host', { index: 2, incarnation: 0 }],
    ['a successor of the new host', { index: 2, incarnation: 2 }],
  ])('goes on when %s says installed', (_, process) => {
    const { handoffs, order } = begun();
    expect(handoffs.installed(order.id, process)).toBeUndefined();
    expect(handoffs.isMoving('counter/alice')).toBe(true);
  });

  test.each([
    ['old', OLD],
    ['new', NEW],
  ])('stays when its %s host refuses', (_, process) => {
    const { handoffs, order } = begun();
    expect(handoffs.refused(order.id, process)).toEqual({ order, outcome: 'abort' });
  });

  test('goes on when a bystander refuses', () => {
    const { handoffs, order } = begun();
    expect(handoffs.refused(order.id, OTHER)).toBeUndefined();
    expect(handoffs.size).toBe(1);
  });

  test('stays when its deadline passes', () => {
    const { handoffs, order } = begun();
    expect(handoffs.expired(order.id)).toEqual({ order, outcome: 'abort' });
  });

  test('settles when the old host dies, stays when the new one does, goes on when a bystander does', () => {
    const one = begun();
    expect(one.handoffs.died(OLD)).toEqual([{ order: one.order, outcome: 'commit' }]);
    const two = begun();
    expect(two.handoffs.died(NEW)).toEqual([{ order: two.order, outcome: 'abort' }]);
    const three = begun();
    expect(three.handoffs.died(OTHER)).toEqual([]);
    expect(three.handoffs.died({ index: 1, incarnation: 2 })).toEqual([]);
    expect(three.handoffs.size).toBe(1);
  });

  test('is refused where one of its units moves already, and takes none of the others', () => {
    const { handoffs } = begun(['#:1', '#:2']);
    const overlapping = { purpose: 'move' as const, units: ['#:3', '#:2'], from: OLD, to: OTHER };
    expect(() => handoffs.begin(overlapping)).toThrow('a unit is in one move at a time; got another for #:2');
    expect([handoffs.size, handoffs.isMoving('#:3')]).toEqual([1, false]);
  });

  test('what ends it a second time means nothing, also under the next move of the same unit', () => {
    const { handoffs, order } = begun();
    handoffs.installed(order.id, NEW);
    handoffs.begin({ purpose: 'move', units: order.units, from: NEW, to: OLD });
    expect([handoffs.installed(order.id, NEW), handoffs.refused(order.id, OLD), handoffs.expired(order.id)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(handoffs.size).toBe(1);
  });
});

const UNITS = ['#:1', '#:2', '#mail:1', 'counter/alice', 'counter/bob'];
const processes = fc.record({ index: fc.integer({ min: 1, max: 3 }), incarnation: fc.integer({ min: 1, max: 2 }) });
const moves = fc.integer({ min: 1, max: 12 });
const steps = fc.oneof(
  fc.record({
    do: fc.constant('begin' as const),
    units: fc.subarray(UNITS, { minLength: 1 }),
    from: processes,
    to: processes,
  }),
  fc.record({ do: fc.constantFrom('installed' as const, 'refused' as const), move: moves, by: processes }),
  fc.record({ do: fc.constant('expired' as const), move: moves }),
  fc.record({ do: fc.constant('died' as const), process: processes }),
);
type Step = typeof steps extends fc.Arbitrary<infer S> ? S : never;

function take(handoffs: Handoffs, step: Step): { begun?: MoveOrder; ends: MoveEnd[] } {
  if (step.do === 'died') return { ends: handoffs.died(step.process) };
  if (step.do === 'begin') {
    if (step.units.some((unit) => handoffs.isMoving(unit))) return { ends: [] };
    const { units, from, to } = step;
    return { begun: handoffs.begin({ purpose: 'move', units, from, to }), ends: [] };
  }
  const end = step.do === 'expired' ? handoffs.expired(step.move) : handoffs[step.do](step.move, step.by);
  return { ends: end ? [end] : [] };
}

test('whatever happens in whatever order: one move per unit, ids never again, each move ends once', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), (walk) => {
      const handoffs = new Handoffs();
      const open = new Map<number, MoveOrder>();
      let lastId = 0;
      for (const step of walk) {
        const { begun, ends } = take(handoffs, step);
        if (begun) {
          expect(begun.id).toBeGreaterThan(lastId);
          lastId = begun.id;
          open.set(begun.id, begun);
        }
        for (const { order } of ends) expect(open.delete(order.id)).toBe(true);
        const moving = [...open.values()].flatMap(({ units }) => units);
        expect(new Set(moving).size).toBe(moving.length);
        expect(UNITS.filter((unit) => handoffs.isMoving(unit)).sort()).toEqual([...moving].sort());
        expect(handoffs.standing()).toEqual([...open.values()]);
      }
    }),
  );
});
