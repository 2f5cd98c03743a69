/** The last turns of an actor that is shown are asked of all processes only where they may have changed. */
import { expect, test } from 'vitest';
import { LastTurns, TURNS_KNOWN_MAX, TURNS_SHOWN } from '../../../src/dashboard/last-turns.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { ActorInspection } from '../../../src/observe/actor-inspection.ts';

function start() {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const turns = new LastTurns({ history: async (id) => void asked.push(id) as never }, clock);
  const look = (id: string, since: number | undefined, worker = 1): Promise<unknown> =>
    turns.of({ id, since, worker } as ActorInspection);
  const later = (ms = 1_000): Promise<void> => clock.advance(ms);
  return { clock, asked, look, later };
}

test('they are asked for once while an actor is quiet, and again once it has done something', async () => {
  const { clock, asked, look, later } = start();
  const since = clock.wall();
  await later();
  for (let n = 0; n < 3; n++) {
    await look('desk/a', since);
    await later();
  }
  expect(asked).toHaveLength(1);
  await look('desk/a', clock.wall() - 1);
  expect(asked).toHaveLength(2);
});

test('one that has done something just before the look is asked for again, as is one that has moved or begun anew', async () => {
  const { clock, asked, look, later } = start();
  const since = clock.wall();
  await later(50);
  await look('desk/a', since);
  await look('desk/a', since);
  expect(asked).toHaveLength(2);
  await later();
  await look('desk/a', since);
  expect(asked).toHaveLength(2 + 1);
  await look('desk/a', since);
  await look('desk/a', since, 2);
  await look('desk/a', undefined, 2);
  expect(asked).toHaveLength(2 + 1 + 2);
});

test('those of many actors are not remembered', async () => {
  const { clock, asked, look, later } = start();
  const since = clock.wall();
  await later();
  for (let n = 0; n <= TURNS_KNOWN_MAX; n++) await look(`desk/${n}`, since);
  await look(`desk/${TURNS_KNOWN_MAX}`, since);
  expect(asked).toHaveLength(TURNS_KNOWN_MAX + 1);
  await look('desk/0', since);
  expect(asked).toHaveLength(TURNS_KNOWN_MAX + 2);
});

test('so many of them are asked for as are shown', async () => {
  const lasts: unknown[] = [];
  const turns = new LastTurns({ history: async (_, options) => void lasts.push(options) as never }, new VirtualClock());
  await turns.of({ id: 'desk/a', since: undefined, worker: 1 } as ActorInspection);
  expect(lasts).toEqual([{ last: TURNS_SHOWN }]);
});
