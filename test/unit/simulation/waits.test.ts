import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { SimulatedDisk } from '../../../src/simulation/simulated-disk.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';
import type { DeadLetter } from '../../../src/vocabulary/events.ts';

const RUNS = Number(process.env.TROUPE_BANK_RUNS ?? 8) * 2;
const KEYS = 5;

/** Each asks or stops the next one, and waits for it; what fails is counted and swallowed. */
function links(codes: Map<string, number>): ActorDefinition {
  const count = (error: { code: string }): void => void codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
  return defineActor({
    receive: {
      async grab(ctx, { path, how }: { path: number[]; how: string }) {
        const [next, ...rest] = path;
        if (next === undefined) return;
        if (how === 'stop' && rest.length === 0) await ctx.ref(`link/${next}`).stop().catch(count);
        else await ctx.ask(`link/${next}`, { type: 'grab', path: rest, how }).catch(count);
      },
      ping: (ctx) => ctx.key,
    },
  });
}

/** Actors on several workers wait for each other's replies and ends, in rings or not, while some of them move. */
test('rings of asks and stops over workers end at once, not at their deadlines', { timeout: 600_000 }, async () => {
  let cycles = 0;
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = seededRandom(seed);
    const codes = new Map<string, number>();
    const actors = { link: links(codes) };
    const simulation = await Simulation.start({ seed, workers: 3, actors, askTimeoutMs: 60_000 });
    const { system, time } = simulation;
    const beganAt = time.now;
    const turns: Promise<unknown>[] = [];
    for (let n = 0; n < 6; n++) {
      const path = Array.from({ length: 1 + Math.floor(random() * 4) }, () => Math.floor(random() * KEYS));
      const to = `link/${Math.floor(random() * KEYS)}`;
      turns.push(system.ask(to, { type: 'grab', path, how: random() < 0.5 ? 'stop' : 'ask' }).catch(() => {}));
      if (random() < 0.3) turns.push(system.move(to, 1 + Math.floor(random() * 3)).catch(() => {}));
    }
    await simulation.until(Promise.all(turns));
    for (let key = 0; key < KEYS; key++)
      expect(await simulation.until(system.ask(`link/${key}`, { type: 'ping' }))).toBe(String(key));
    expect([seed, time.now - beganAt < 5_000, codes.get('ASK_TIMEOUT') ?? 0]).toEqual([seed, true, 0]);
    cycles += codes.get('ASK_CYCLE') ?? 0;
    await simulation.until(system.shutdown());
  }
  expect(cycles).toBeGreaterThan(RUNS / 2);
});

/** Everybody takes leave of everybody else: of those that were here, that have gone, and that never were. */
test.each(['volatile', 'durable', 'mixed'])(
  'a shutdown in which %s actors take leave of each other ends, and brings nobody back',
  {
    timeout: 600_000,
  },
  async (sort) => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const stops = new Map<string, number>();
      const heard = new Map<string, number>();
      const count = (of: Map<string, number>, key: string): void => void of.set(key, (of.get(key) ?? 0) + 1);
      const person = (durable: boolean): ActorDefinition =>
        defineActor({
          durable,
          receive: { hello: (ctx) => ctx.id, farewell: (ctx) => count(heard, ctx.id) },
          onStop(ctx) {
            count(stops, ctx.id);
            for (const kind of ['ann', 'bob'])
              for (let key = 0; key < 4; key++) ctx.tell(`${kind}/${key}`, { type: 'farewell' });
          },
        });
      const actors = { ann: person(sort !== 'volatile'), bob: person(sort === 'durable') };
      const disk = new SimulatedDisk();
      const simulation = await Simulation.start({ seed, workers: 3, actors, disk });
      const { system, time } = simulation;
      let dead = 0;
      system.on('dead-letter', ({ reason }: DeadLetter) => {
        if (reason === 'SHUTTING_DOWN') dead++;
      });
      for (const id of ['ann/0', 'ann/1', 'bob/0', 'bob/1']) await simulation.until(system.ask(id, { type: 'hello' }));
      const beganAt = time.now;
      await simulation.until(system.shutdown());
      expect([seed, time.now - beganAt < 9_000]).toEqual([seed, true]);
      // Those that the last words brought to life have an end of their own, but for one that was still being read from disk.
      const ends = [...stops.values()];
      expect([seed, ends.every((times) => times === 1), ends.length > 4]).toEqual([seed, true, true]);
      const said = ends.length * 8;
      const handled = [...heard.values()].reduce((sum, times) => sum + times, 0);
      // What durable actors told stays on disk. All else was handled, or the master heard of its end as a dead letter.
      if (sort === 'volatile') expect([seed, handled + dead]).toEqual([seed, said]);
    }
  },
);
