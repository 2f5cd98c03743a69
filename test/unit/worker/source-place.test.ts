import { expect, test } from 'vitest';
import { sourceLine } from '../../../src/worker/source-place.ts';

function inline(map: unknown): string {
  return `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
}

/** Of one line `a();b();`: `a` stands in line 1 of its source, `b` in line 5. */
const MAP = { version: 3, sources: ['odd.ts'], names: [], mappings: 'AAAA,IAIA' };

test('a place in the one line that a loader of TypeScript has made is told as the line of its source', () => {
  expect(sourceLine(inline(MAP), 0, 0)).toBe(1);
  expect(sourceLine(inline(MAP), 0, 4)).toBe(5);
  expect(sourceLine(inline(MAP), 0, 7)).toBe(5);
});

test('without a map that can be read it is the line as it is', () => {
  expect(sourceLine(undefined, 6, 0)).toBe(7);
  expect(sourceLine('', 6, 0)).toBe(7);
  expect(sourceLine('odd.js.map', 6, 0)).toBe(7);
  expect(sourceLine('data:application/json;base64,e30', 6, 0)).toBe(7);
  expect(sourceLine('data:application/json;base64,!!!', 6, 0)).toBe(7);
});
