import { expect, test } from 'vitest';
import { grouped } from '../../../src/structures/grouped.ts';

test('items are with those like them, in their order, also those that are like none', () => {
  const of = (n: number): string | undefined => (n === 0 ? undefined : n % 2 === 0 ? 'even' : 'odd');
  expect([...grouped([3, 2, 0, 5, 0, 4], of)]).toEqual([
    ['odd', [3, 5]],
    ['even', [2, 4]],
    [undefined, [0, 0]],
  ]);
});
