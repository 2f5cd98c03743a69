/** A process that lives and does not answer: how long the master waits for its word. */
import { expect, test } from 'vitest';
import { SILENCE_MS } from '../../../src/master/master.ts';
import { READ_TO_END_MS } from '../../../src/master/requests.ts';
import { request, startTestSystem } from './system.ts';

test(`whether it has read a lost machine to the end: ${READ_TO_END_MS} ms, then it may have mail of it still`, async () => {
  const { clock, host, self } = await startTestSystem();
  host.worker(1).behave.ignores = (what) => typeof what === 'object' && 'readToEnd' in what;
  const read = request(self, { kind: 'read-to-end', machine: 'lost', address: '' });
  await clock.advance(READ_TO_END_MS - 10);
  expect(read.isThere()).toBe(false);
  await clock.advance(20);
  expect(read.error()).toMatchObject({ code: 'ACTOR_UNAVAILABLE' });
});

test(`whether it is silent, as it is drained: after ${SILENCE_MS} ms it is asked again`, async () => {
  const { clock, host, self } = await startTestSystem();
  const worker = host.worker(1);
  const askedAt: number[] = [];
  worker.behave.ignores = (what) => {
    if (what === 'idle') askedAt.push(clock.now());
    return what === 'idle' && askedAt.length === 1;
  };
  const removed = request(self, { kind: 'remove-worker', index: 1 });
  for (let ms = 0; ms < 1_000 && askedAt.length === 0; ms += 10) await clock.advance(10);
  await clock.advance(SILENCE_MS - 20);
  expect([askedAt.length, removed.isThere()]).toEqual([1, false]);
  await clock.advance(200);
  expect(askedAt.length).toBeGreaterThan(1);
  await clock.advance(1_000);
  expect([removed.isThere(), removed.error()]).toEqual([true, undefined]);
});
