import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';

const LEASE = 1_000;
let turns: [id: string, at: number][] = [];
let simulation: Simulation;
const counter = defineActor({
  state: () => ({ count: 0 }),
  receive: {
    add(ctx) {
      ctx.state.count++;
      turns.push([ctx.id, simulation.time.now]);
    },
    get: (ctx) => ctx.state.count,
    pass: (ctx, { to }: { type: string; to: string }) => ctx.ask(to, { type: 'get' }),
  },
});
const IDS = Array.from({ length: 20 }, (_, n) => `counter/${n}`);

/** Until which time the master has told its processes to serve. */
function renew(ms = LEASE): number {
  const until = simulation.clock.now() + ms;
  simulation.master.serve(until);
  return until;
}

function tellAll(): void {
  for (const id of IDS) simulation.system.tell(id, { type: 'add' });
}

async function failure(asked: Promise<unknown>): Promise<string> {
  const error = (await simulation.until(asked.catch((thrown) => thrown))) as { code: string; fate: string };
  return `${error.code}/${error.fate}`;
}

test('a machine that hears of no renewal stops by itself, in every process, and goes on once it does', async () => {
  turns = [];
  simulation = await Simulation.start({ seed: 7, workers: 3, actors: { counter }, isLeased: true });
  tellAll();
  await simulation.run(100);
  expect(turns).toEqual([]);
  let until = renew();
  await simulation.run(100);
  expect(turns).toHaveLength(IDS.length);

  // A master that hangs, and one whose word is late, stop service; neither has to say so.
  simulation.freezeMaster();
  await simulation.run(LEASE * 2);
  simulation.thawMaster();
  tellAll();
  expect(await failure(simulation.system.ask('counter/1', { type: 'get' }))).toBe('ACTOR_UNAVAILABLE/not-executed');
  await simulation.run(100);
  expect(turns).toHaveLength(IDS.length);
  expect(turns.every(([, at]) => at < until)).toBe(true);

  // A worker that is forked now hears of the deadline with its welcome.
  until = renew(60_000);
  simulation.crash(1);
  await simulation.run(3_000);
  tellAll();
  await simulation.run(100);
  const lost = new Set(IDS).size * 3 - turns.length;
  expect(lost).toBeLessThan(IDS.length);
  for (const id of IDS) expect(await simulation.until(simulation.system.ask(id, { type: 'get' }))).toBeGreaterThan(0);

  // One whose orders do not arrive stops alone: what others ask of it fails at its own clock.
  renew(LEASE);
  await simulation.run(100);
  simulation.stallOrders(2);
  await simulation.run(LEASE);
  renew(60_000);
  await simulation.run(100);
  const before = turns.length;
  tellAll();
  await simulation.run(200);
  const served = new Set(turns.slice(before).map(([id]) => id));
  const places = await Promise.all(IDS.map((id) => simulation.until(simulation.system.where(id))));
  expect(IDS.filter((_, at) => places[at]?.worker === 2 && served.has(IDS[at] as string))).toEqual([]);
  expect(served.size).toBe(places.filter(({ worker }) => worker !== 2).length);
  const [stopped] = IDS.filter((_, at) => places[at]?.worker === 2);
  expect(await failure(simulation.system.ask(stopped as string, { type: 'get' }))).toBe(
    'ACTOR_UNAVAILABLE/not-executed',
  );
  simulation.unstallOrders(2);
  await simulation.run(200);
  expect(turns.length - before).toBe(IDS.length);
  await simulation.until(simulation.system.shutdown());
});
