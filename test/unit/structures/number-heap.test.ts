import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberHeap } from '../../../src/structures/number-heap.ts';

function drain(heap: NumberHeap): number[] {
  const all: number[] = [];
  for (let next = heap.pop(); next !== undefined; next = heap.pop()) all.push(next);
  return all;
}

const ascending = (a: number, b: number): number => a - b;
const numbers = fc.array(fc.integer());

describe('a heap of numbers', () => {
  it('is empty when new', () => {
    const heap = new NumberHeap();
    expect([heap.length, heap.peek(), heap.pop()]).toEqual([0, undefined, undefined]);
  });

  it('gives what it began with and what was pushed, smallest first', () => {
    return fc.assert(
      fc.property(numbers, numbers, (first, pushed) => {
        const heap = new NumberHeap(first);
        for (const value of pushed) heap.push(value);
        expect(heap.length).toBe(first.length + pushed.length);
        expect(drain(heap)).toEqual([...first, ...pushed].sort(ascending));
      }),
    );
  });

  it('gives the smallest of what is left, pushes and pops in any order', () => {
    return fc.assert(
      fc.property(fc.array(fc.option(fc.integer())), (steps) => {
        const heap = new NumberHeap();
        const model: number[] = [];
        for (const value of steps) {
          if (value === null) expect(heap.pop()).toBe(model.sort(ascending).shift());
          else heap.push(model[model.push(value) - 1] as number);
        }
        expect(drain(heap)).toEqual(model.sort(ascending));
      }),
    );
  });
});
