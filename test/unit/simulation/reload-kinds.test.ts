/**
 * A reload that brings other kinds, under traffic, over many schedules: whatever process has taken the change up already, an
 * id has one incarnation, its senders are heard in order, and nothing is lost or doubled.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';

type Placement = { role?: string; strategy?: 'hash' | 'least-loaded' | 'local' };

const IDS = Array.from({ length: 6 }, (_, n) => `job/${n}`);
const SENDERS = Array.from({ length: 4 }, (_, n) => `sender/${n}`);
const GROUPS = [
  { role: 'web', count: 2 },
  { role: 'mail', count: 1 },
];

/** What has been handled: `job ← sender` → numbers. */
let heard: Map<string, number[]>;
/** Live incarnations by id, each with the process where it lives. */
let living: Map<string, Set<number>>;
let simulation: Simulation | undefined;

afterEach(async () => {
  simulation?.crashAll();
  simulation = undefined;
});

const job = (placement: Placement): ActorDefinition =>
  defineActor({
    placement,
    state: () => ({ count: 0 }),
    receive: {
      async note(ctx, { from, n }: { from: string; n: number }) {
        const where = (await ctx.where(ctx.id)) as { worker: number };
        const homes = living.get(ctx.id) ?? new Set();
        living.set(ctx.id, homes.add(where.worker));
        ctx.state.count++;
        const key = `${ctx.id} ← ${from}`;
        heard.set(key, [...(heard.get(key) ?? []), n]);
        homes.delete(where.worker);
        return ctx.state.count;
      },
      count: (ctx) => ctx.state.count,
      home: async (ctx) => ((await ctx.where(ctx.id)) as { worker: number }).worker,
    },
  }) as ActorDefinition;

const sender = defineActor({
  state: () => ({ n: 0, isOver: false }),
  receive: {
    begin(ctx) {
      for (const id of IDS) ctx.tell(id, { type: 'note', from: ctx.id, n: ctx.state.n });
      ctx.state.n++;
      if (!ctx.state.isOver) ctx.after(20, { type: 'begin' });
    },
    end(ctx) {
      ctx.state.isOver = true;
    },
    sent: (ctx) => ctx.state.n,
    pass: (ctx, { to, message }: { to: string; message: { type: string } }) => ctx.ask(to, message),
  },
}) as ActorDefinition;

async function start(seed: number, actors: Record<string, ActorDefinition>): Promise<Simulation> {
  heard = new Map();
  living = new Map();
  simulation = await Simulation.start({ seed, workers: GROUPS, actors, linkMs: 3 });
  return simulation;
}

function ask<T>(of: Simulation, id: string, message: { type: string }): Promise<T> {
  return of.until(of.system.ask(id, message, { timeoutMs: 20_000 }) as Promise<T>);
}

async function stopSending(of: Simulation): Promise<number[]> {
  for (const id of SENDERS) await ask(of, id, { type: 'end' });
  await of.run(200);
  const sent: number[] = [];
  for (const id of SENDERS) sent.push(await ask<number>(of, id, { type: 'sent' }));
  return sent;
}

const ways: [name: string, before: Placement, after: Placement][] = [
  ['another role', {}, { role: 'mail' }],
  ['one role instead of another', { role: 'web' }, { role: 'mail' }],
  ['any role', { role: 'mail' }, {}],
  ['least-loaded instead of hash', {}, { strategy: 'least-loaded' }],
  ['local instead of hash, and another role', {}, { strategy: 'local', role: 'mail' }],
  ['hash instead of least-loaded', { strategy: 'least-loaded' }, {}],
  ['hash instead of local, and another role', { strategy: 'local' }, { role: 'web' }],
  [
    'local instead of least-loaded, and another role',
    { strategy: 'least-loaded', role: 'web' },
    { strategy: 'local', role: 'mail' },
  ],
];

describe.each(ways)('a kind gets %s', (_name, before, after) => {
  test.each([1, 2, 3])(
    'schedule %i',
    async (seed) => {
      const sim = await start(seed, { job: job(before), sender });
      for (const id of SENDERS) sim.system.tell(id, { type: 'begin' });
      await sim.run(20);
      sim.deploy({ job: job(after), sender });
      await sim.until(sim.system.reload(), 15_000);
      await sim.run(50);
      const sent = await stopSending(sim);
      for (const id of IDS) {
        for (const [at, from] of SENDERS.entries()) {
          const numbers = Array.from({ length: sent[at] as number }, (_, n) => n);
          expect(heard.get(`${id} ← ${from}`), `${id} ← ${from}`).toEqual(numbers);
        }
        const total = sent.reduce((sum, n) => sum + n, 0);
        expect(await ask(sim, id, { type: 'count' })).toBe(total);
        const seen = [await ask<number>(sim, id, { type: 'home' })];
        const message = { type: 'home' };
        for (const from of SENDERS) seen.push(await ask<number>(sim, from, { type: 'pass', to: id, message } as never));
        expect(new Set(seen).size, `${id} lives on ${seen}`).toBe(1);
        const role = sim.system.workers().find(({ index }) => index === seen[0])?.role;
        if (after.role) expect(role, `the host of ${id}`).toBe(after.role);
      }
    },
    60_000,
  );
});
