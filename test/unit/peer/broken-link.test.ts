/** Links that break between processes that live: what was written is read, what was not is sent again on the next link. */
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';
import type { TroupeError } from '../../../src/vocabulary/errors.ts';

const IDS = Array.from({ length: 6 }, (_, n) => `player/${n}`);
const PROCESSES = ['~0.1', '~1.1', '~2.1', '~3.1'];

interface Round {
  handled: Map<string, number[]>;
  outcomes: string[];
  ended: string[];
  simulation: Simulation;
}

function actorsOf({ handled, ended }: Omit<Round, 'simulation'>): Record<string, ActorDefinition> {
  const note = (key: string, n: number): void => void handled.set(key, [...(handled.get(key) ?? []), n]);
  const player = defineActor({
    onTerminated: (_ctx, { id }) => void ended.push(id),
    receive: {
      note: (ctx, { from, n }: { from: string; n: number }) => note(`${from}>${ctx.id}`, n),
      relay: (ctx, { to, n }: { to: string; n: number }) => void ctx.tell(to, { type: 'note', from: ctx.id, n }),
      watch: (ctx, { id }: { id: string }) => void ctx.watch(id),
      get: () => 'here',
    },
  });
  return { player };
}

function cutOne({ network, random }: Simulation): void {
  const one = Math.floor(random() * PROCESSES.length);
  const other = (one + 1 + Math.floor(random() * (PROCESSES.length - 1))) % PROCESSES.length;
  network.cut(PROCESSES[one] as string, PROCESSES[other] as string);
}

async function play(seed: number): Promise<Round> {
  const round = { handled: new Map<string, number[]>(), outcomes: [] as string[], ended: [] as string[] };
  const actors = actorsOf(round);
  const simulation = await Simulation.start({ seed, workers: 3, actors, linkMs: 3 });
  const { system, random } = simulation;
  for (let n = 0; n < 150; n++) {
    for (const id of IDS) system.tell(id, { type: 'note', from: 'main', n } as never);
    const [from, to] = [IDS[n % 6] as string, IDS[(n * 5 + 1) % 6] as string];
    system.tell(from, { type: 'relay', to, n } as never);
    const settles = (outcome: string): number => round.outcomes.push(outcome);
    void system.ask(to, { type: 'get' }).then(
      () => settles('reply'),
      ({ code, fate }: TroupeError) => settles(`${code}/${fate}`),
    );
    if (random() < 0.2) cutOne(simulation);
    await simulation.run(random() * 4);
  }
  await simulation.run(500);
  return { ...round, simulation };
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'nothing is lost, doubled or swapped, every ask settles, and the end is quiet (seed %i)',
  async (seed) => {
    const { handled, outcomes, simulation } = await play(seed);
    const all = Array.from({ length: 150 }, (_, n) => n);
    for (const id of IDS) expect(handled.get(`main>${id}`)).toEqual(all);
    for (let n = 0; n < 6; n++) {
      const [from, to] = [IDS[n] as string, IDS[(n * 5 + 1) % 6] as string];
      expect(handled.get(`${from}>${to}`)).toEqual(all.filter((one) => one % 6 === n));
    }
    expect(outcomes.length).toBe(150);
    expect(outcomes.filter((outcome) => outcome !== 'reply' && outcome !== 'ACTOR_UNAVAILABLE/unknown')).toEqual([]);
    const before = simulation.time.now;
    await simulation.until(simulation.system.shutdown({ timeoutMs: 5_000 }));
    expect(simulation.time.now - before).toBeLessThan(1_000);
  },
);

test('a watcher is told of an end that came while the link was broken, and a listener of what was published after', async () => {
  const round = { handled: new Map<string, number[]>(), outcomes: [], ended: [] as string[] };
  const simulation = await Simulation.start({ seed: 5, workers: 3, actors: actorsOf(round) });
  const { system } = simulation;
  const heard: unknown[] = [];
  await simulation.until(system.subscribe('news', (message) => void heard.push(message)));
  const [watcher, ...targets] = IDS as [string, ...string[]];
  for (const id of targets) await simulation.until(system.ask(id, { type: 'get' }));
  for (const id of targets) await simulation.until(system.ask(watcher, { type: 'watch', id } as never));
  await simulation.run(50);
  for (const one of PROCESSES) for (const other of PROCESSES) if (one < other) simulation.network.cut(one, other);
  await simulation.run(10);
  for (const process of simulation.workers()) for (const id of targets) process.process?.actors.endAtOnce(id);
  expect(round.ended.length).toBeLessThan(targets.length);
  await simulation.run(300);
  expect(round.ended.sort()).toEqual(targets);
  const reached = await simulation.until(system.ask(watcher, { type: 'get' }));
  simulation.workers()[0]?.process?.system.publish('news', { type: 'hello' });
  await simulation.run(50);
  expect([reached, heard]).toEqual(['here', [{ type: 'hello' }]]);
});
