import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { foremost } from '../../../src/inspection/foremost.ts';

test('the foremost of many are those that a sort would put first, whatever their order', () => {
  const random = seededRandom(7);
  for (let run = 0; run < 200; run++) {
    const items = Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 40));
    const limit = Math.floor(random() * 20);
    const compare = (one: number, other: number): number => other - one;
    expect(foremost(items, limit, compare)).toEqual([...items].sort(compare).slice(0, limit));
  }
});
