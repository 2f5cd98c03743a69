import { describe, expect, it } from 'vitest';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { type MemoryDisk, MemoryStore } from '../../../src/store/memory-store.ts';
import { defineActor, startKit } from './kernel-fixture.ts';

const receive = {
  get: (ctx: { state: unknown }) => ctx.state,
  set: (ctx: { state: unknown }, { to }: { to: unknown }) => {
    ctx.state = to;
  },
};

function actorsOf(first: unknown): Record<string, ActorDefinition> {
  return {
    plain: defineActor({ state: () => first, receive }) as ActorDefinition,
    later: defineActor({ state: async () => first, receive }) as ActorDefinition,
    kept: defineActor({ durable: true, state: () => first, receive }) as ActorDefinition,
  };
}

describe('a first state', () => {
  it.each([null, 0, '', false, [], { a: null }])('is what its function gives: %j', async (first) => {
    const { system } = startKit(actorsOf(first));
    for (const kind of ['plain', 'later', 'kept'])
      expect(await system.ask(`${kind}/1`, { type: 'get' })).toEqual(first);
  });

  it('is an empty object where its function gives nothing, or there is none', async () => {
    const { system } = startKit({ ...actorsOf(undefined), none: defineActor({ receive }) as ActorDefinition });
    for (const kind of ['plain', 'later', 'kept', 'none'])
      expect(await system.ask(`${kind}/1`, { type: 'get' })).toEqual({});
  });

  it.each([null, 0])('of a durable actor is not taken for a missing one after a new start: %j', async (to) => {
    const disk: MemoryDisk = new Map();
    const first = startKit(actorsOf({ first: true }), {}, new MemoryStore(disk), { startedAt: 1_001 });
    await first.system.ask('kept/1', { type: 'set', to });
    const second = startKit(actorsOf({ first: true }), {}, new MemoryStore(disk), { startedAt: 1_002 });
    expect(await second.system.ask('kept/1', { type: 'get' })).toBe(to);
  });
});
