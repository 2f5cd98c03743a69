/** Random lives of a small family: whatever fails, stops or is killed, in whatever order, nothing hangs and nobody is orphaned. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { CHILDREN_STRATEGIES, DIRECTIVES, RESTART_TYPES } from '../../../src/supervision/supervision-options.ts';
import { defineActor, type Kit, startKit } from './kernel-fixture.ts';

const KEYS = ['a', 'b', 'c'];

interface Family {
  children: (typeof CHILDREN_STRATEGIES)[number];
  onFailure: (typeof DIRECTIVES)[number];
  restarts: (typeof RESTART_TYPES)[number][];
  slowHooks: boolean;
  steps: Step[];
}

type Step =
  | { do: 'boom' | 'slow' | 'stop' | 'kill' | 'leave' | 'boom-later'; to: string }
  | { do: 'spawn'; key: string }
  | { do: 'wait'; ms: number };

const target = fc.constantFrom('parent/p', ...KEYS.map((key) => `child/${key}`));
const family: fc.Arbitrary<Family> = fc.record({
  children: fc.constantFrom(...CHILDREN_STRATEGIES),
  onFailure: fc.constantFrom(...DIRECTIVES),
  restarts: fc.array(fc.constantFrom(...RESTART_TYPES), { minLength: 3, maxLength: 3 }),
  slowHooks: fc.boolean(),
  steps: fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constantFrom(
            'boom' as const,
            'slow' as const,
            'stop' as const,
            'kill' as const,
            'leave' as const,
            'boom-later' as const,
          ),
          to: target,
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('spawn' as const), key: fc.constantFrom(...KEYS) }) },
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 10, 30, 60, 300) }),
      },
    ),
    { maxLength: 25 },
  ),
});

interface Life {
  kit: Kit;
  open: Set<string>;
  faults: string[];
  hooks: Map<string, string>;
}

function membersOf({ children, onFailure, restarts, slowHooks }: Family, life: Life): Record<string, ActorDefinition> {
  const pause = (ms: number): Promise<void> => new Promise((resolve) => life.kit.clock.setTimer(ms, resolve));
  const common = {
    onStart: (ctx: { fence: string; id: string }) => {
      life.hooks.set(ctx.fence, 'started');
      return slowHooks ? pause(5) : undefined;
    },
    onStop: (ctx: { fence: string; id: string }) => {
      if (life.hooks.get(ctx.fence) !== 'started')
        life.faults.push(`${ctx.id} is stopped after ${life.hooks.get(ctx.fence)}`);
      life.hooks.set(ctx.fence, 'stopped');
      return slowHooks ? pause(5) : undefined;
    },
  };
  const receive = {
    boom: () => {
      throw new Error('boom');
    },
    slow: () => pause(20),
    'boom-later': async () => {
      await pause(20);
      throw new Error('boom, later');
    },
    leave: (ctx: { stop(): void }) => ctx.stop(),
    hi: () => 'hi',
  };
  const backoff = { initialMs: 10, jitter: 0 };
  const child = defineActor({ ...common, receive, supervision: { onFailure, backoff, periodMs: 200 } });
  const parent = defineActor({
    ...common,
    receive: {
      ...receive,
      spawn: async (ctx, { key }: { key: string }) => {
        const restart = restarts[KEYS.indexOf(key)] ?? 'transient';
        await ctx.spawn('child', { key, restart, shutdownMs: 50 }).catch(() => undefined);
      },
    },
    supervision: { children, backoff, intensity: 4, periodMs: 200 },
  });
  return { parent, child };
}

function perform({ kit, open }: Life, step: Step, number: number): Promise<void> | undefined {
  const track = (what: string, settled: Promise<unknown>): void => {
    const name = `${number} ${what}`;
    open.add(name);
    const close = (): void => void open.delete(name);
    settled.then(close, close);
  };
  const { system, clock } = kit;
  if (step.do === 'wait') return clock.advance(step.ms);
  if (step.do === 'spawn') track('spawn', system.ask('parent/p', { type: 'spawn', key: step.key }));
  else if (step.do === 'stop') track('stop', system.stop(step.to));
  else if (step.do === 'kill') track('kill', system.kill(step.to));
  else track(step.do, system.ask(step.to, { type: step.do }));
  return undefined;
}

function expectSound({ kit, open, faults }: Life): void {
  const { actors } = kit.process;
  expect([faults, [...open], actors.waiting]).toEqual([[], [], 0]);
  for (const id of actors.ids()) {
    const cell = actors.cellOf(id);
    expect([id, cell?.status]).toEqual([id, 'ready']);
    const parent = cell?.origin.parent;
    if (parent) expect(actors.cellOf(parent.id)).toBe(parent);
    if (parent) expect(parent.extras.children).toSatisfy((children: { has(id: string): boolean }) => children.has(id));
  }
}

describe('any family', () => {
  it('comes to rest: every call settles, nobody hangs between states, no child outlives its parent', async () => {
    const property = fc.asyncProperty(family, async (given) => {
      const life: Life = { open: new Set(), faults: [], hooks: new Map(), kit: undefined as unknown as Kit };
      life.kit = startKit(membersOf(given, life));
      for (const key of KEYS) await Promise.all([perform(life, { do: 'spawn', key }, -1), life.kit.clock.advance(10)]);
      for (const [number, step] of given.steps.entries()) await perform(life, step, number);
      await life.kit.clock.advance(10_000);
      expectSound(life);
      const { system, clock, process } = life.kit;
      expect(
        await Promise.all(
          ['parent/p', 'child/a'].map((id) => system.ask(id, { type: 'hi' })).concat(clock.advance(100) as never),
        ),
      ).toEqual([...['hi', 'hi', undefined]]);
      const down = system.shutdown({ timeoutMs: 500 });
      await clock.advance(600);
      await down;
      expect([process.actors.size, process.kernel.pending.size, clock.timers]).toEqual([0, 0, 0]);
    });
    await fc.assert(property, { numRuns: 200 });
  }, 60_000);
});
