import { expect, test } from 'vitest';
import { SampledMessages, LAST_ARRIVALS } from '../../../src/observe/sampled-messages.ts';

test('each one is found once, in any order, however many wait', () => {
  const arrivals = new SampledMessages();
  const all = Array.from({ length: LAST_ARRIVALS * 3 }, (_, at) => ({ envelope: {}, at, weight: 1 }));
  for (const one of all) arrivals.add(one);
  expect(arrivals.take({})).toBeUndefined();
  expect([arrivals.has({}), arrivals.has(all[0]?.envelope ?? {}), arrivals.has(all.at(-1)?.envelope ?? {})]).toEqual([
    false,
    true,
    true,
  ]);
  const shuffled = [...all].sort((one, other) => ((one.at * 7) % 24) - ((other.at * 7) % 24));
  for (const one of shuffled) expect(arrivals.take(one.envelope)).toBe(one);
  for (const one of all) expect(arrivals.has(one.envelope)).toBe(false);
  for (const one of all) expect(arrivals.take(one.envelope)).toBeUndefined();
});
