/** Places that the master gave are remembered up to a number: beyond it all are forgotten, since it is asked again. */
import { expect, test } from 'vitest';
import { LOCATED_KEPT, LocatedPlaces } from '../../../src/routing/located-places.ts';

test(`${LOCATED_KEPT} places are remembered, and the one beyond them`, () => {
  const places = new LocatedPlaces();
  for (let n = 0; n < LOCATED_KEPT; n++) places.set(`room/${n}`, 1 + (n % 3));
  expect([places.get('room/0'), places.has(`room/${LOCATED_KEPT - 1}`)]).toEqual([1, true]);
  places.set('room/one-more', 2);
  expect([places.get('room/one-more'), places.get('room/0')]).toEqual([2, undefined]);
});
