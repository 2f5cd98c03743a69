/** A drain whose places do not move ends: the worker stays, and serves again. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { DRAIN_GRACE_MS, RollingRestart, type RollingRestartParts } from '../../../src/master/rolling-restart.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';

const DRAIN_MS = 1_000;

test(`${DRAIN_GRACE_MS} ms past its deadline, whatever the reason of the moves is`, async () => {
  const [clock, calls] = [new VirtualClock(), [] as string[]];
  const worker = { index: 1, life: { state: 'ready' }, process: {}, role: 'worker', isLeaving: false };
  const note = (call: string) => () => void calls.push(call);
  const parts = {
    clock,
    drainMs: DRAIN_MS,
    isOver: () => false,
    isSilent: async () => true,
    stay: note('stay'),
    handoffs: { isAwaited: () => false },
    supervisor: { get: () => worker, drain: note('drain'), undrain: note('undrain'), retire: note('retire') },
    placement: {
      hosts: { has: () => true, leave: note('leave') },
      canDoWithout: () => true,
      unitsOn: () => [
        { unit: '5', to: 2 },
        { unit: '6', to: 3 },
      ],
    },
    moves: { move: () => Promise.reject(new TroupeError('ACTOR_UNAVAILABLE', 'it is busy')) },
  };
  let fault: unknown;
  const removed = new RollingRestart(parts as unknown as RollingRestartParts)
    .remove(1)
    .catch((error) => (fault = error));
  await clock.advance(DRAIN_MS + DRAIN_GRACE_MS - 50);
  expect([fault, calls, worker.isLeaving]).toEqual([undefined, ['drain', 'leave'], true]);
  await clock.advance(100);
  await removed;
  expect(fault).toMatchObject({
    code: 'ACTOR_UNAVAILABLE',
    message: 'the drain of worker 1 has passed its deadline; 2 places did not move',
  });
  expect([calls.slice(2), worker.isLeaving]).toEqual([['undrain', 'stay'], false]);
});
