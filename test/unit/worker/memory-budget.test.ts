import { expect, test } from 'vitest';
import {
  durableActorsOf,
  MEMORY_BYTES_MIN,
  memorySupply,
  queueBytesOf,
  workersInMemory,
} from '../../../src/worker/memory-budget.ts';

const GB = 1024 ** 3;

test('queues may hold a quarter of the heap, or of a part of the container where that is less', () => {
  expect(queueBytesOf({ heapBytesMax: 2 * GB, sharedBytes: 64 * GB }, 5)).toBe(GB / 2);
  expect(queueBytesOf({ heapBytesMax: 2 * GB, sharedBytes: 2 * GB }, 4)).toBe(GB / 8);
  expect(queueBytesOf({ heapBytesMax: 2 * GB, sharedBytes: 1_000_000 }, 4)).toBe(MEMORY_BYTES_MIN);
});

test('durable actors in memory: half of what the process has, 8 KiB each', () => {
  expect(durableActorsOf({ heapBytesMax: 2 * GB, sharedBytes: 64 * GB }, 5)).toBe(131_072);
  expect(durableActorsOf({ heapBytesMax: 2 * GB, sharedBytes: GB / 4 }, 2)).toBe(8_192);
  expect(durableActorsOf({ heapBytesMax: 2 * GB, sharedBytes: 1_000 }, 2)).toBe(1);
});

test('workers by default: as many as find room beside the master, at least one', () => {
  expect([100 * 1024 ** 2, GB / 4, GB / 2, 16 * GB].map(workersInMemory)).toEqual([1, 1, 3, 127]);
});

test('the supply of this process is a heap and a machine or container that are there', () => {
  const { heapBytesMax, sharedBytes } = memorySupply();
  expect([heapBytesMax > 16 * 1024 ** 2, sharedBytes > 16 * 1024 ** 2, Number.isSafeInteger(sharedBytes)]).toEqual([
    true,
    true,
    true,
  ]);
});
