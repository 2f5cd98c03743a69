/**
 * Random programs of a few actors against a naive model of what is promised: order for each pair, nothing twice, no
 * loss in silence, every ask settled once.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { defineActor, type Kit, startKit } from './kernel-fixture.ts';

const KEYS = ['a', 'b', 'c'];

type Step =
  | { do: 'tell' | 'ask'; to: string; how: 'note' | 'slow' | 'boom' | 'stash' | 'leave' | 'odd' }
  | { do: 'relay' | 'relay-ask'; from: string; to: string; times: number }
  | { do: 'unstash' | 'stop' | 'kill'; to: string }
  | { do: 'wait'; ms: number }
  | { do: 'turn' };

const key = fc.constantFrom(...KEYS);
const how = fc.constantFrom('note', 'note', 'slow', 'boom', 'stash', 'leave', 'odd') as fc.Arbitrary<'note'>;
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('tell' as const, 'ask' as const), to: key, how }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ do: fc.constantFrom('relay' as const, 'relay-ask' as const), from: key, to: key },
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('unstash' as const, 'stop' as const, 'kill' as const), to: key }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 20, 60, 400) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
);

interface Sent {
  number: number;
  from: string;
  to: string;
}

/** One run: what was sent, what was handled and how asks were settled. */
class Run {
  readonly sent: Sent[] = [];
  readonly handled: Sent[] = [];
  readonly settled = new Map<number, number>();
  readonly asks: number[] = [];
  readonly failures: string[] = [];
  readonly kit: Kit;
  /** Incarnations with an async turn under way; a killed one's goes on by itself, but is none any more. */
  readonly #inTurn = new Set<string>();

  constructor() {
    this.kit = startKit({ node: this.#node() });
  }

  send(from: string, to: string): number {
    const number = this.sent.length;
    this.sent.push({ number, from, to });
    return number;
  }

  asked(number: number, reply: Promise<unknown>): Promise<unknown> {
    this.asks.push(number);
    const settle = (): void => void this.settled.set(number, (this.settled.get(number) ?? 0) + 1);
    reply.then(settle, settle);
    return reply.catch(() => undefined);
  }

  perform(step: Step): Promise<void> | undefined {
    const { system, clock } = this.kit;
    switch (step.do) {
      case 'tell':
        system.tell(`node/${step.to}`, { type: step.how, number: this.send('main', step.to) });
        return undefined;
      case 'ask': {
        const number = this.send('main', step.to);
        void this.asked(number, system.ask(`node/${step.to}`, { type: step.how, number }, { timeoutMs: 300 }));
        return undefined;
      }
      case 'relay':
      case 'relay-ask': {
        const number = this.send('main', step.from);
        system.tell(`node/${step.from}`, { type: step.do, number, to: step.to, times: step.times });
        return undefined;
      }
      case 'unstash':
        system.tell(`node/${step.to}`, { type: 'unstash', number: this.send('main', step.to) });
        return undefined;
      case 'stop':
        void system.stop(`node/${step.to}`);
        return undefined;
      case 'kill':
        void system.kill(`node/${step.to}`);
        return undefined;
      case 'wait':
        return clock.advance(step.ms);
      case 'turn':
        return clock.settle();
    }
  }

  /** Lets all end that is under way, and then all actors. */
  async finish(): Promise<void> {
    const { system, clock } = this.kit;
    await clock.advance(20_000);
    for (const to of KEYS) system.tell(`node/${to}`, { type: 'unstash', number: this.send('main', to) });
    await clock.advance(20_000);
    const down = system.shutdown({ timeoutMs: 1_000 });
    await clock.advance(2_000);
    await down;
  }

  #begin(fence: string, number: number): void {
    if (this.#inTurn.has(fence)) this.failures.push(`two turns at once, the second for ${number}`);
    this.handled.push(this.sent[number] as Sent);
  }

  #node(): ActorDefinition {
    const run = this;
    const note = (ctx: { fence: string }, { number }: { number: number }): number => {
      run.#begin(ctx.fence, number);
      return number;
    };
    return defineActor({
      state: () => ({ open: false }),
      receive: {
        note,
        async slow(ctx, message: { number: number }) {
          note(ctx, message);
          const { fence } = ctx;
          run.#inTurn.add(fence);
          await new Promise<void>((resolve) => run.kit.clock.setTimer(30, resolve));
          run.#inTurn.delete(fence);
        },
        boom(ctx, message: { number: number }) {
          note(ctx, message);
          throw new Error('boom');
        },
        stash(ctx, message: { number: number }) {
          if (ctx.state.open) note(ctx, message);
          else ctx.stash();
        },
        unstash(ctx, message: { number: number }) {
          note(ctx, message);
          ctx.state.open = true;
          ctx.unstashAll();
        },
        leave(ctx, message: { number: number }) {
          note(ctx, message);
          ctx.stop();
        },
        relay(ctx, message: { number: number; to: string; times: number }) {
          note(ctx, message);
          for (let n = 0; n < message.times; n++) {
            ctx.tell(`node/${message.to}`, { type: 'note', number: run.send(ctx.key, message.to) });
          }
        },
        async 'relay-ask'(ctx, message: { number: number; to: string; times: number }) {
          note(ctx, message);
          const asks = Array.from({ length: message.times }, () => {
            const number = run.send(ctx.key, message.to);
            return run.asked(number, ctx.ask(`node/${message.to}`, { type: 'note', number }));
          });
          await Promise.all(asks);
        },
      },
      supervision: { intensity: 3, periodMs: 200, backoff: { initialMs: 10 } },
    });
  }
}

function expectPromises(run: Run): void {
  const { handled, sent, asks, settled, kit } = run;
  expect(run.failures).toEqual([]);
  const numbers = handled.map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const number of asks) expect(settled.get(number)).toBe(1);
  const accounted = new Set([...numbers, ...asks]);
  for (const { message } of kit.system.deadLetters()) accounted.add((message as unknown as { number: number }).number);
  expect(sent.filter(({ number }) => !accounted.has(number))).toEqual([]);
  expect([kit.process.actors.size, kit.process.kernel.pending.size, kit.process.actors.waiting]).toEqual([0, 0, 0]);
}

/** Stashed mail comes back later than it was sent, so that programs of order have none. */
function expectOrder({ handled }: Run): void {
  const last = new Map<string, number>();
  for (const { number, from, to } of handled) {
    const pair = `${from}>${to}`;
    expect(number).toBeGreaterThan(last.get(pair) ?? -1);
    last.set(pair, number);
  }
}

async function runProgram(steps: readonly Step[]): Promise<Run> {
  const run = new Run();
  for (const step of steps) await run.perform(step);
  await run.finish();
  return run;
}

const RUNS = { numRuns: 150, endOnFailure: false };

describe('any program', () => {
  it('has every message handled once, or refused with a reason; every ask settled once; nothing left over', async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      expectPromises(await runProgram(steps));
    });
    await fc.assert(property, RUNS);
  }, 60_000);

  it('keeps the order of each sender to each receiver, through restarts, stops and kills', async () => {
    const unstashed = step.filter((each) => !('how' in each && each.how === 'stash'));
    const property = fc.asyncProperty(fc.array(unstashed, { maxLength: 30 }), async (steps) => {
      const run = await runProgram(steps);
      expectOrder(run);
      expectPromises(run);
    });
    await fc.assert(property, RUNS);
  }, 60_000);
});
