import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  RING_POOL_MAX,
  RING_SLOTS_INITIAL,
  RING_SLOTS_KEPT_MAX,
  RING_SLOTS_STEADY_MAX,
  Ring,
} from '../../../src/structures/ring.ts';

function ringOf<T>(...items: T[]): Ring<T> {
  const ring = new Ring<T>();
  for (const item of items) ring.push(item);
  return ring;
}

describe('a ring', () => {
  it('owns no array before a second item waits', () => {
    expect(new Ring().capacity).toBe(0);
    expect(ringOf(1).capacity).toBe(0);
    expect(ringOf(1, 2).capacity).toBe(RING_SLOTS_INITIAL);
    const ring = new Ring<number>();
    for (let i = 0; i < 100; i++) {
      ring.push(i);
      expect([ring.peek(), ring.shift(), ring.length]).toEqual([i, i, 0]);
    }
    expect(ring.capacity).toBe(0);
  });

  it('is empty in every way when new', () => {
    const ring = new Ring<number>();
    expect([ring.length, ring.shift(), ring.peek(), ring.removeFirst(() => true), ring.clear()]).toEqual([
      0,
      undefined,
      undefined,
      undefined,
      [],
    ]);
  });

  it('keeps the order beyond its first array and around its end', () => {
    const ring = ringOf(...Array.from({ length: RING_SLOTS_INITIAL }, (_, i) => i));
    ring.shift();
    ring.shift();
    for (let i = RING_SLOTS_INITIAL; i < 3 * RING_SLOTS_INITIAL; i++) ring.push(i);
    expect([...ring]).toEqual(Array.from({ length: 3 * RING_SLOTS_INITIAL - 2 }, (_, i) => i + 2));
  });

  it('puts items back in front, in order', () => {
    const ring = ringOf(3, 4);
    ring.unshiftAll([1, 2]);
    expect([...ring]).toEqual([1, 2, 3, 4]);
  });

  it('puts more items back in front than fit', () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    const ring = ringOf(100, 101);
    ring.unshiftAll(items);
    expect([...ring]).toEqual([...items, 100, 101]);
  });

  it('takes the first match only and keeps the order of the others', () => {
    const ring = ringOf(1, 2, 3, 4);
    expect(ring.removeFirst((n) => n % 2 === 0)).toBe(2);
    expect([...ring]).toEqual([1, 3, 4]);
    expect(ring.removeFirst((n) => n > 9)).toBeUndefined();
    expect([...ring]).toEqual([1, 3, 4]);
  });

  it('shrinks as it runs empty after a burst', () => {
    const ring = new Ring<number>();
    for (let i = 0; i < 10_000; i++) ring.push(i);
    expect(ring.capacity).toBeGreaterThanOrEqual(10_000);
    for (let i = 0; i < 10_000; i++) expect(ring.shift()).toBe(i);
    expect(ring.capacity).toBeLessThanOrEqual(RING_SLOTS_KEPT_MAX);
  });

  it('shrinks as it nearly runs empty after a burst', () => {
    const ring = new Ring<number>();
    for (let i = 0; i < 10_000; i++) ring.push(i);
    for (let i = 1; i < 10_000; i++) ring.shift();
    expect(ring.capacity).toBeLessThanOrEqual(RING_SLOTS_STEADY_MAX);
  });

  it('finds nothing of another ring in an array from the pool', () => {
    const ring = new Ring<number>();
    const other = new Ring<string>();
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < round * 10; i++) ring.push(i);
      while (ring.length > 0) ring.shift();
      for (let i = 0; i < round; i++) other.push('x');
      expect([...other].every((text) => text === 'x')).toBe(true);
      expect(other.length).toBe(round);
      while (other.length > 0) expect(other.shift()).toBe('x');
      expect([other.peek(), other.shift()]).toEqual([undefined, undefined]);
    }
  });

  it('leaves so many empty arrays of one size for others, and no more', () => {
    const rings = Array.from({ length: RING_POOL_MAX + 10 }, () => new Ring<number>());
    const fill = (): void => {
      for (const ring of rings) for (let i = 0; i <= RING_SLOTS_STEADY_MAX / 2; i++) ring.push(i);
    };
    fill();
    expect(rings.every(({ capacity }) => capacity === RING_SLOTS_STEADY_MAX)).toBe(true);
    for (const ring of rings) while (ring.length > 0) ring.shift();
    const fills = vi.spyOn(Array.prototype, 'fill');
    fill();
    const made = fills.mock.contexts.filter((slots) => (slots as unknown[]).length === RING_SLOTS_STEADY_MAX);
    fills.mockRestore();
    expect(made).toHaveLength(10);
  });

  it('gives all of its memory back when cleared', () => {
    const ring = ringOf(1, 2, 3);
    expect(ring.clear()).toEqual([1, 2, 3]);
    expect([ring.length, ring.capacity]).toEqual([0, 0]);
  });

  it('behaves as an array does, whatever is done to it', () => {
    return fc.assert(
      fc.property(fc.commands(COMMANDS, { maxCommands: 60 }), (commands) => {
        fc.modelRun(() => ({ model: { items: [] }, real: new Ring<number>() }), commands);
      }),
    );
  });
});

interface Model {
  items: number[];
}

type RingCommand = fc.Command<Model, Ring<number>>;

/** One step: what it does to the naive array, and to the ring; both must answer alike and be alike after it. */
function step(
  name: string,
  onModel: (items: number[]) => unknown,
  onRing: (ring: Ring<number>) => unknown,
): RingCommand {
  return {
    check: () => true,
    run(model, ring) {
      expect(onRing(ring)).toEqual(onModel(model.items));
      expect([...ring]).toEqual(model.items);
      expect([ring.length, ring.peek()]).toEqual([model.items.length, model.items[0]]);
      const kept = model.items.length === 0 ? RING_SLOTS_KEPT_MAX : RING_SLOTS_STEADY_MAX;
      expect(ring.capacity).toBeLessThanOrEqual(Math.max(kept, 4 * model.items.length + 4));
    },
    toString: () => name,
  };
}

function removeFirstOf(items: number[], predicate: (n: number) => boolean): number | undefined {
  const at = items.findIndex(predicate);
  return at < 0 ? undefined : items.splice(at, 1)[0];
}

const COMMANDS = [
  fc.array(fc.nat(50), { maxLength: 40 }).map((values) =>
    step(
      `push ${values}`,
      (items) => void items.push(...values),
      (ring) => {
        for (const value of values) ring.push(value);
      },
    ),
  ),
  fc.nat(40).map((times) =>
    step(
      `shift ${times} times`,
      (items) => Array.from({ length: times }, () => items.shift()),
      (ring) => Array.from({ length: times }, () => ring.shift()),
    ),
  ),
  fc.array(fc.nat(50), { maxLength: 20 }).map((values) =>
    step(
      `unshiftAll ${values}`,
      (items) => void items.unshift(...values),
      (ring) => ring.unshiftAll(values),
    ),
  ),
  fc.nat(50).map((value) =>
    step(
      `removeFirst ${value}`,
      (items) => removeFirstOf(items, (item) => item === value),
      (ring) => ring.removeFirst((item) => item === value),
    ),
  ),
  fc.constant(
    step(
      'clear',
      (items) => items.splice(0),
      (ring) => ring.clear(),
    ),
  ),
];
