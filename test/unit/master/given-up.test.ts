/** What the master waits for and no longer: a worker that is to end, and the program's word where no worker is left. */
import { expect, test } from 'vitest';
import { GIVEN_UP_MS } from '../../../src/master/master.ts';
import { RETIRE_MS_MAX } from '../../../src/worker-pool/worker-supervisor.ts';
import { BACKOFF_MS, INTENSITY, request, startTestSystem } from './system.ts';

test(`a worker that is replaced is told to end after ${RETIRE_MS_MAX} ms, and killed after as many more`, async () => {
  const { clock, host, self } = await startTestSystem();
  const worker = host.worker(1);
  worker.behave.ignoresExit = true;
  const restarted = request(self, { kind: 'restart-worker', index: 1 });
  for (let ms = 0; ms < RETIRE_MS_MAX && worker.all('retire').length === 0; ms++) await clock.advance(1);
  expect(worker.all('retire')).toHaveLength(1);
  const beganAt = clock.now();
  while (worker.all('exit').length < 2 && clock.now() < beganAt + RETIRE_MS_MAX * 2) await clock.advance(100);
  // The first word is node:cluster's, after which it may end by itself.
  expect(clock.now() - beganAt).toBeGreaterThanOrEqual(RETIRE_MS_MAX - 200);
  expect(clock.now() - beganAt).toBeLessThanOrEqual(RETIRE_MS_MAX + 200);
  expect(worker.kills).toEqual([]);
  await clock.advance(RETIRE_MS_MAX - 500);
  expect([worker.kills, worker.isDead]).toEqual([[], false]);
  await clock.advance(1_000);
  expect([worker.kills, worker.isDead]).toEqual([['SIGKILL'], true]);
  await clock.advance(1_000);
  expect([restarted.isThere(), restarted.error()]).toEqual([true, undefined]);
});

test(`where the last worker is given up, the program has ${GIVEN_UP_MS} ms to do something about it`, async () => {
  let told = 0;
  const { clock, host } = await startTestSystem({
    groups: [{ role: 'worker', count: 1 }],
    allGivenUp: () => told++,
  });
  for (let n = 0; n <= INTENSITY; n++) {
    host.worker(1).exit();
    await clock.advance(BACKOFF_MS * 4);
  }
  expect(host.living()).toEqual([]);
  await clock.advance(GIVEN_UP_MS - BACKOFF_MS * 4 - 1);
  expect(told).toBe(0);
  await clock.advance(2);
  expect(told).toBe(1);
});

test('a worker that is added in that time is enough to go on', async () => {
  let told = 0;
  const { clock, host, self } = await startTestSystem({
    groups: [{ role: 'worker', count: 1 }],
    allGivenUp: () => told++,
  });
  for (let n = 0; n <= INTENSITY; n++) {
    host.worker(1).exit();
    await clock.advance(BACKOFF_MS * 4);
  }
  const added = request(self, { kind: 'add-worker' });
  await clock.advance(GIVEN_UP_MS * 2);
  expect(added.error()).toBeUndefined();
  expect([told, host.living().length]).toEqual([0, 1]);
});
