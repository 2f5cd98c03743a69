/** Places that machines tell each other: how many may wait for them, and what is no answer. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import {
  FollowedPlaces,
  OwnPlaces,
  PLACES_PAUSE_MS,
  PLACES_WAITING_MAX,
} from '../../../src/machine-routes/told-places.ts';
import type { ForeignMachine } from '../../../src/wire/control.ts';

test('one machine more than may wait for news is refused, and there is room again once they have an answer', async () => {
  const clock = new VirtualClock();
  const places = new OwnPlaces(clock, () => []);
  const answers = Array.from({ length: PLACES_WAITING_MAX }, () => places.newerThan(0));
  await expect(places.newerThan(0)).rejects.toMatchObject({ code: 'OVERLOADED', fate: 'not-executed' });
  await clock.advance(60_000);
  expect(await Promise.all(answers)).toEqual(answers.map(() => undefined));
  const again = places.newerThan(0);
  places.close();
  expect(await again).toBeUndefined();
});

test.each([
  ['places', { version: 1, workers: [[1, 7]], columns: { worker: [1, 0, -1] } }, 1],
  ['nothing', undefined, 0],
  ['a text for a host', { version: 1, workers: [], columns: { worker: ['1'] } }, 0],
  ['a part of a host', { version: 1, workers: [], columns: { worker: [0.5] } }, 0],
  ['no columns', { version: 1, workers: [] }, 0],
  ['a worker without its incarnation', { version: 1, workers: [[1]], columns: {} }, 0],
])('of what a machine answers, %s is told on only where it has sense', async (_, answer, count) => {
  const told: unknown[] = [];
  const machine: ForeignMachine = { index: 16_384, machine: 'b', address: '127.0.0.1:1', workers: [] };
  const followed = new FollowedPlaces({
    ...{ clock: new VirtualClock(), others: () => [machine], isLinked: () => true },
    ...{ call: async () => answer, told: (_machine, places) => void told.push(places) },
  });
  followed.follow(machine.index);
  await new Promise(setImmediate);
  followed.close();
  expect(told).toHaveLength(count);
});

test('a machine that answers at once is asked again after a pause, not at once', async () => {
  const clock = new VirtualClock();
  const machine: ForeignMachine = { index: 16_384, machine: 'b', address: '127.0.0.1:1', workers: [] };
  let version = 0;
  const followed = new FollowedPlaces({
    ...{ clock, others: () => [machine], isLinked: () => true, told: () => {} },
    call: async () => ({ version: ++version, workers: [[1, 7]], columns: {} }),
  });
  followed.follow(machine.index);
  await clock.advance(10 * PLACES_PAUSE_MS);
  expect(version).toBe(11);
  followed.close();
  await clock.advance(10 * PLACES_PAUSE_MS);
  expect(version).toBe(11);
});
