/** A move of what does not come to a stand: how long each try waits for its turns. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { ActorBusy, type HandoffService, type QuiesceTimeout } from '../../../src/master/handoff-service.ts';
import { LiveMoves, QUIESCE_MS_MAX, QUIESCE_MS_MIN, RETRY_MS } from '../../../src/master/live-moves.ts';

test('a try waits twice as long as the one before, from the least to the most, and the last one kills', async () => {
  const clock = new VirtualClock();
  const tries: QuiesceTimeout[] = [];
  const handoffs = {
    moveActor: async (_id: string, _worker: number, timeout: QuiesceTimeout) => {
      tries.push(timeout);
      await new Promise<void>((resolve) => void clock.setTimer(timeout.quiesceMs, resolve));
      throw new ActorBusy('ACTOR_UNAVAILABLE', 'its turn goes on');
    },
  } as unknown as HandoffService;
  let fault: unknown;
  const untilMs = clock.now() + 10 * QUIESCE_MS_MAX;
  const moved = new LiveMoves(clock, handoffs).moveActor('counter/a', 2, { untilMs, isForced: true });
  moved.catch((error) => (fault = error));
  await clock.advance(12 * QUIESCE_MS_MAX);
  expect(fault).toBeInstanceOf(ActorBusy);
  const expected: number[] = [];
  for (let ms = QUIESCE_MS_MIN; expected.length < tries.length; ms = Math.min(2 * ms, QUIESCE_MS_MAX))
    expected.push(ms);
  expect(tries.map(({ quiesceMs }) => quiesceMs)).toEqual(expected);
  expect(tries.filter(({ quiesceMs }) => quiesceMs === QUIESCE_MS_MAX).length).toBeGreaterThan(3);
  expect(tries.map(({ isLast }) => isLast)).toEqual(tries.map((_, at) => at === tries.length - 1));
  expect(tries.length).toBeLessThan((10 * QUIESCE_MS_MAX) / (QUIESCE_MS_MAX + RETRY_MS) + 10);
});
