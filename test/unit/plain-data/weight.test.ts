import { expect, test } from 'vitest';
import { inspectPlain } from '../../../src/plain-data/plain-data.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';
import {
  HEAVY_BYTES_MIN,
  type Heavy,
  PARTS_LOOKED_AT,
  PARTS_LOOKED_AT_MAX,
  Scales,
  weighMessage,
} from '../../../src/plain-data/weight.ts';

const KB = 1024;
const text = (length: number): string => 'x'.repeat(length);

test('a message weighs about what it holds, wherever that is', () => {
  const blob = Buffer.alloc(64 * KB);
  const heavy: [string, unknown, number][] = [
    ['a text', { type: 'a', body: text(64 * KB) }, 64 * KB],
    ['bytes', { type: 'a', body: blob }, 64 * KB],
    ['a view of fewer bytes', { type: 'a', body: blob.subarray(0, 2 * KB) }, 2 * KB],
    ['deep inside', { type: 'a', one: { two: [{ three: new Map([['k', blob]]) }] } }, 64 * KB],
    ['behind a long list', { type: 'a', points: Array.from({ length: 100_000 }, (_, n) => n), blob }, 864 * KB],
    ['a list of texts', { type: 'a', rows: Array.from({ length: 10_000 }, () => text(100)) }, 1_160 * KB],
    ['a list of objects', { type: 'a', rows: Array.from({ length: 10_000 }, (_, id) => ({ id })) }, 390 * KB],
    ['a set', { type: 'a', rows: new Set(Array.from({ length: 1_000 }, (_, n) => text(900) + n)) }, 900 * KB],
    ['a dictionary', { type: 'a', rows: dictionary(5_000, 200) }, 1_080 * KB],
    ['a message with many keys', { ...dictionary(5_000, 200), type: 'a' }, 1_080 * KB],
    ['an error', { type: 'a', error: Object.assign(new Error(text(10 * KB)), { stack: '' }) }, 10 * KB],
  ];
  for (const [what, message, about] of heavy) {
    const bytes = weighMessage(message);
    expect([what, bytes > about * 0.8, bytes < about * 1.3, Math.round(bytes / KB)]).toEqual([
      what,
      true,
      true,
      Math.round(bytes / KB),
    ]);
  }
});

function dictionary(keys: number, bytes: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: keys }, (_, n) => [`key-${n}`, text(bytes)]));
}

test('what most programs send is light; getters that throw, proxies and cycles end the look', () => {
  const cycle: Record<string, unknown> = { type: 'a' };
  cycle.self = cycle;
  const odd = [
    { type: 'a', by: 1 },
    { type: 'a', id: 'order/7', at: new Date(), items: [1, 2, 3], note: null },
    {
      type: 'a',
      get bad() {
        throw new Error('no');
      },
    },
    new Proxy(
      { type: 'a' },
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    ),
  ];
  for (const message of odd) expect(weighMessage(message)).toBeLessThan(HEAVY_BYTES_MIN);
  expect(weighMessage(cycle)).toBeLessThan(10 * 1024 * 1024);
});

test('an inspection, which sees every part, comes to about the same weight', () => {
  for (const message of [
    { type: 'a', body: text(64 * KB) },
    { type: 'a', rows: Array.from({ length: PARTS_LOOKED_AT }, () => text(100)) },
    { type: 'a', body: Buffer.alloc(5 * KB) },
  ]) {
    const ratio = inspectPlain(message).weight / weighMessage(message);
    expect([ratio > 0.8, ratio < 1.25]).toEqual([true, true]);
  }
});

test('light kinds are weighed now and then, and every message from a heavy one on', () => {
  const scales = new Scales();
  const weighed = (isHeavy: boolean, count: number): number => {
    let due = 0;
    for (let n = 0; n < count; n++) {
      if (!scales.isDue()) continue;
      due++;
      scales.found(isHeavy);
    }
    return due;
  };
  expect(weighed(false, 6_400)).toBeLessThanOrEqual(100);
  expect(weighed(true, 6_400)).toBeGreaterThan(6_300);
  expect(weighed(false, 4_096)).toBe(4_096);
  expect(weighed(false, 640)).toBeLessThanOrEqual(11);
});

test('a message told to many takes its memory once, from the first that holds it to the last', () => {
  const memory = new QueueMemory(1_000_000);
  const message = { type: 'a', body: text(100 * KB) };
  const items = [1, 2, 3].map((): { heavy: Heavy | undefined } => ({ heavy: undefined }));
  for (const item of items) {
    memory.weigh(item, message);
    memory.hold(item);
  }
  const once = memory.bytes;
  expect([once > 100 * KB, once < 110 * KB]).toEqual([true, true]);
  for (const item of items.slice(1)) memory.release(item);
  expect(memory.bytes).toBe(once);
  memory.release(items[0] as { heavy: Heavy | undefined });
  expect(memory.bytes).toBe(0);
});

test('of a message with very many parts not all are looked at', () => {
  let looks = 0;
  const part = (): object =>
    new Proxy(
      {},
      {
        ownKeys: () => {
          looks++;
          return [];
        },
      },
    );
  // Lists of lists: each of them is short, and there are more of them than may be looked at.
  const rows = Array.from({ length: 64 }, () => Array.from({ length: 64 }, () => Array.from({ length: 64 }, part)));
  weighMessage({ type: 'a', rows });
  expect(looks).toBeLessThanOrEqual(PARTS_LOOKED_AT_MAX);
});
