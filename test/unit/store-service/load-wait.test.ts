import { beforeEach, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { LOAD_POLL_MICROS, LoadWait } from '../../../src/store-service/load-wait.ts';
import { RemoteStore } from '../../../src/store-service/remote-store.ts';
import { BatchJoiner, STORE_PEER } from '../../../src/store-service/store-frames.ts';
import { Poller } from '../../../src/wire/poller.ts';
import type { Clock } from '../../../src/vocabulary/clock.ts';
import type { Link } from '../../../src/wire/link.ts';

let ms: number;
let deferred: (() => void)[];
let wait: LoadWait;

/** Trips round the loop, of 10 microseconds each, until it may sleep. */
function trips(most = 1_000): number {
  let count = 0;
  for (; deferred.length > 0 && count < most; count++) {
    ms += 0.01;
    for (const run of deferred.splice(0)) run();
  }
  return count;
}

beforeEach(() => {
  ms = 1_000;
  deferred = [];
  const clock = { now: () => ms, defer: (run: () => void) => void deferred.push(run) } as unknown as Clock;
  wait = new LoadWait(clock, new Poller(clock, LOAD_POLL_MICROS, { waitedMs: () => 0, idleMs: () => 0 }));
});

it('keeps the process awake from the request of a record until it is there, and for nothing else', () => {
  wait.written();
  expect(trips()).toBe(0);
  wait.asked();
  wait.asked();
  wait.written();
  expect(trips(3)).toBe(3);
  wait.answered();
  expect(trips(3)).toBe(3);
  wait.answered();
  expect(trips()).toBe(1);
  wait.written();
  expect(trips()).toBe(0);
});

it('lets it sleep where a record takes long', () => {
  wait.asked();
  wait.written();
  expect(trips()).toBeLessThanOrEqual(LOAD_POLL_MICROS / 10 + 1);
});

it('asks for a record at once where nothing else is asked, and else with the rest of the turn', async () => {
  const clock = new VirtualClock();
  const requests: number[] = [];
  const joiner = new BatchJoiner();
  const link = {
    peer: STORE_PEER,
    blocked: false,
    write: (bytes: Uint8Array) => requests.push(joiner.push(bytes.subarray(4))?.length ?? 0) > 0,
  } as unknown as Link;
  const store = new RemoteStore(() => Promise.resolve(link), clock);
  void store.head('bank/first');
  await clock.settle();
  const answer = (number: number): boolean => store.onFrame(new Uint8Array([0, 1, number, 0, 0, 0]));
  answer(1);
  requests.length = 0;
  void store.load('bank/a');
  expect(requests).toHaveLength(1);
  void store.load('bank/b');
  void store.load('bank/c');
  expect(requests).toHaveLength(1);
  await clock.settle();
  expect(requests).toEqual([requests[0], (requests[0] as number) * 2]);
  for (const number of [2, 3, 4]) answer(number);
  // What is no record waits for its turn to end.
  void store.head('bank/d');
  expect(requests).toHaveLength(2);
  await clock.settle();
  expect(requests).toHaveLength(3);
});
