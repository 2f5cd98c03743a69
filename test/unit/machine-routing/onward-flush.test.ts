/** What a flush of another machine waits for: mail that this one has not passed on yet, and that newer mail of its sender would come before. */
import { expect, test } from 'vitest';
import { flushOn, type OnwardParts } from '../../../src/machine-routing/onward-flush.ts';
import type { FlushDepth } from '../../../src/peer/link-flushes.ts';
import { SHARDS, shardOf } from '../../../src/placement/shard.ts';
import { message } from '../peer/link-fixture.ts';
import { newRouterKit } from '../routing/router-fixture.ts';

const ID = 'counter/a';
const OTHER = Array.from({ length: SHARDS }, (_, n) => `counter/${n}`).find((id) => shardOf(id) !== shardOf(ID)) ?? '';

test.each([
  // The mover of a partition asks so, and is asked: neither may wait for the other's partitions to have moved.
  ['link', true],
  ['processes', true],
  // Their mail would come to the actor, or go along with it, past what waits here.
  ['onward', false],
  ['beyond', false],
] as const)(
  'of depth %s: answered at once, though mail waits for an actor that is about to leave: %s',
  async (depth: FlushDepth, isAtOnce) => {
    const { router, kernel, clock } = newRouterKit();
    const none = { all: () => [], machines: () => [], flush: async () => {}, released: async () => {} };
    const parts = { kernel, router, peers: none, machines: none, flushes: none, handOvers: none };
    router.holdPartitions(new Set([shardOf(ID)]), new Set());
    router.passOn(message(ID, 1));
    let isAnswered = false;
    void flushOn(parts as unknown as OnwardParts, depth).then(() => (isAnswered = true));
    await clock.advance(1);
    expect(isAnswered).toBe(isAtOnce);
    // Another one leaves as well.
    router.holdPartitions(new Set([shardOf(ID), shardOf(OTHER)]), new Set());
    router.releaseUnhosted();
    await clock.advance(1);
    expect(isAnswered).toBe(isAtOnce);
    router.holdPartitions(new Set([shardOf(OTHER)]), new Set());
    router.releaseUnhosted();
    await clock.advance(1);
    expect(isAnswered).toBe(true);
  },
);
