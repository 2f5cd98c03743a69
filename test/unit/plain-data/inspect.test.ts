/** A value at the end of an error's text: short, on one line, whatever it is. */
import { expect, test } from 'vitest';
import { INSPECTED_MAX, inspect, sortOf } from '../../../src/plain-data/inspect.ts';

class Wide {}
Object.defineProperty(Wide, 'name', { value: 'x'.repeat(10 * INSPECTED_MAX) });
const unshown = { [Symbol.for('nodejs.util.inspect.custom')]: () => 'x'.repeat(10 * INSPECTED_MAX) };
const throwing = {
  [Symbol.for('nodejs.util.inspect.custom')]: () => {
    throw new Error('no');
  },
};

test.each([
  ['a text', 'x'.repeat(10 * INSPECTED_MAX)],
  ['a list', Array(1_000).fill('x'.repeat(50))],
  ['many fields', Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`field-${n}`, n]))],
  ['an error with its stack', new Error('x')],
  ['one that shows itself', unshown],
])('%s is cut', (_, value) => {
  const text = inspect(value);
  expect([text.length <= INSPECTED_MAX + 1, text.endsWith('…'), text.includes('\n')]).toEqual([true, true, false]);
});

test('a list of more than Node.js puts on a line is on one', () => {
  expect(inspect([1, 2, 3, 4, 5, 6, 7, 8])).toBe('[ 1, 2, 3, 4, 5, 6, 7, 8 ]');
});

test('one that cannot be shown is said to be so, and the sort of a value says nothing of what is in it', () => {
  expect(inspect(throwing)).toBe('a object that cannot be shown');
  expect(sortOf({ secret: 1 })).toBe('an object');
  expect(sortOf(new Wide()).length).toBe('an object of class '.length + INSPECTED_MAX);
});
