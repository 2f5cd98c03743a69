import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { SimulatedDisk } from '../../../src/simulation/simulated-disk.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';

const RUNS = Number(process.env.TROUPE_BANK_RUNS ?? 8) * 2;

/** Ends with whatever its signal brings, and asks others on the way. */
function worker(durable: boolean): ActorDefinition {
  return defineActor({
    durable,
    receive: {
      async work(ctx, { rest }: { rest: string[] }) {
        const [next, ...others] = rest;
        if (next !== undefined) return ctx.ask(next, { type: 'work', rest: others }, { signal: ctx.signal });
        const { signal } = ctx;
        return new Promise((_resolve, reject) => {
          if (signal.aborted) reject(signal.reason);
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
      ping: (ctx) => ctx.id,
    },
  });
}

const wait = (ctx: { signal: AbortSignal }): Promise<never> =>
  new Promise((_resolve, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));

/** What waits behind a turn that is long, in the mailbox or put aside. */
function busy(durable: boolean): ActorDefinition {
  return defineActor({
    durable,
    state: () => ({ runs: 0, isOpen: false }),
    receive: {
      async hold(ctx) {
        await wait(ctx);
      },
      async work(ctx) {
        ctx.state.runs++;
        await wait(ctx);
      },
      'work-later'(ctx) {
        if (!ctx.state.isOpen) return ctx.stash();
        ctx.state.runs++;
        return undefined;
      },
      open(ctx) {
        ctx.state.isOpen = true;
        ctx.unstashAll();
      },
      runs: (ctx) => ctx.state.runs,
    },
  }) as ActorDefinition;
}

test.each([
  ['light', 'work'],
  ['heavy', 'work'],
  ['light', 'work-later'],
  ['heavy', 'work-later'],
])(
  'an ask that is given up while it waits at an actor elsewhere has no turn, and holds up nobody: %s, %s',
  async (kind, type) => {
    const actors = { light: busy(false), heavy: busy(true) };
    const simulation = await Simulation.start({ seed: 1, workers: 2, actors, disk: new SimulatedDisk() });
    const { system } = simulation;
    const id = `${kind}/a`;
    await simulation.until(system.ask(id, { type: 'runs' }));
    const held = type === 'work' ? system.ask(id, { type: 'hold' }, { timeoutMs: 500 }).catch(() => {}) : undefined;
    const aborts = [1, 2, 3].map(() => new AbortController());
    const codes = aborts.map(({ signal }) =>
      system.ask(id, { type }, { timeoutMs: 60_000, signal }).catch(({ code }: { code: string }) => code),
    );
    await simulation.run(100);
    for (const abort of aborts) abort.abort();
    expect(await simulation.until(Promise.all(codes))).toEqual(Array(3).fill('ASK_ABORTED'));
    if (held) await simulation.until(held);
    else await simulation.until(system.ask(id, { type: 'open' }));
    expect(await simulation.until(system.ask(id, { type: 'runs' }, { timeoutMs: 1_000 }))).toBe(0);
    await simulation.until(system.shutdown());
  },
);

/** Askers all over the system give up, by their deadlines and by their signals, at any moment, while actors move. */
test('nobody hears of a failed handler, nothing restarts and nothing is a dead letter because askers give up', {
  timeout: 600_000,
}, async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = seededRandom(seed);
    const actors = { light: worker(false), heavy: worker(true) };
    const simulation = await Simulation.start({ seed, workers: 3, actors, disk: new SimulatedDisk() });
    const { system } = simulation;
    const wrong: unknown[] = [];
    for (const event of ['actor-restarted', 'actor-failed', 'dead-letter'] as const)
      system.on(event, (what) => void wrong.push([event, what]));
    const any = (): string => `${random() < 0.5 ? 'light' : 'heavy'}/${Math.floor(random() * 4)}`;
    const codes = new Set<string>();
    for (let n = 0; n < 30; n++) {
      // Each asks only those behind it: no ring.
      const path = [...new Set([any(), any(), any()])].sort();
      const abort = new AbortController();
      const ms = 5 + Math.floor(random() * 60);
      const isAborted = random() < 0.5;
      const ask = system.ask(
        path[0] as string,
        { type: 'work', rest: path.slice(1) },
        { timeoutMs: ms, signal: abort.signal },
      );
      const asked = ask.catch(({ code }: { code: string }) => void codes.add(code));
      if (random() < 0.3) void system.move(any(), 1 + Math.floor(random() * 3)).catch(() => {});
      if (isAborted) {
        await simulation.run(Math.floor(random() * ms));
        abort.abort();
      }
      if (random() < 0.5) await simulation.until(asked);
    }
    await simulation.run(500);
    for (const kind of ['light', 'heavy'])
      for (let key = 0; key < 4; key++)
        expect(await simulation.until(system.ask(`${kind}/${key}`, { type: 'ping' }))).toBe(`${kind}/${key}`);
    expect([seed, wrong, [...codes].sort()]).toEqual([seed, [], ['ASK_ABORTED', 'ASK_TIMEOUT']]);
    await simulation.until(system.shutdown());
  }
});
