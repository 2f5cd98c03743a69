/**
 * Live hand-off on real processes: what moves is told, asked and published to all the time, by actors that move too, by
 * every main and by the master. What happened is written down outside of the workers.
 * SEED repeats the steps of the last test, STREAM_SECONDS makes it longer.
 */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from 'troupe/testkit';
import { faultOf, removeDiaries, sleep, stopSystems, whenAllReady } from './harness.ts';
import { CLEAN, closeStreams, Streams } from './streams.ts';

afterEach(() => {
  closeStreams();
  return stopSystems();
});
afterAll(removeDiaries);

const SEED = Number(process.env.SEED ?? 20_260);
const SECONDS = Number(process.env.STREAM_SECONDS ?? 5);

describe('under streams from everywhere', () => {
  test('receivers and senders are moved: nothing lost, doubled or swapped, no ask fails', async () => {
    const streams = await Streams.start(3, { everyMs: 12 });
    const { system, actors, sinks } = streams;
    let moves = 0;
    for (const end = Date.now() + 2_000; Date.now() < end || moves < 8; moves++) {
      await Promise.all(
        actors.map(async (id, n) => {
          const worker = 1 + ((moves + n) % 3);
          await system.move(id, worker);
          expect((await system.where(id)).worker).toBe(worker);
        }),
      );
    }
    const report = await streams.end();
    console.log(`${moves * actors.length} moves, ${report.sent} sent, ${report.handled} handled`);
    expect(report).toMatchObject(CLEAN);
    expect(moves).toBeGreaterThan(2);
    expect(report.handled).toBeGreaterThan(5_000);
    // The state went along each time: what the sinks counted is what was written down.
    let counted = 0;
    for (const id of sinks) {
      const counts = await system.ask<Map<string, number>>(id, { type: 'counts' });
      for (const count of counts.values()) counted += count;
    }
    expect(counted).toBe(report.handled);
  }, 60_000);

  test('workers are added, removed and restarted: the same', async () => {
    const streams = await Streams.start(3);
    const { system } = streams;
    const { pid } = system.workers()[0] as { pid: number };
    const added = await system.addWorker();
    await system.restartWorker(2);
    await system.removeWorker(1);
    await system.restartWorker(added);
    await system.addWorker();
    await sleep(300);
    await system.removeWorker(3);
    expect(system.workers().map(({ index, state }) => [index, state])).toEqual([2, 4, 5].map((n) => [n, 'ready']));
    expect(() => process.kill(pid, 0)).toThrow();
    const report = await streams.end();
    console.log(`${report.sent} sent, ${report.handled} handled`);
    expect(report).toMatchObject(CLEAN);
  }, 60_000);

  test('everything is reloaded: the same', async () => {
    const streams = await Streams.start(3);
    const { system } = streams;
    const before = system.workers().map(({ pid }) => pid);
    await system.reload();
    const report = await streams.end();
    console.log(`${report.sent} sent, ${report.handled} handled`);
    expect(report).toMatchObject(CLEAN);
    expect(system.workers().filter(({ pid }) => before.includes(pid))).toEqual([]);
  }, 60_000);

  test(
    'all of that, while workers are killed and frozen: order, no doubles, and lost is only what died with a process',
    async () => {
      console.log(`SEED=${SEED}`);
      const streams = await Streams.start(4, { hangMs: 2_000, sources: 4, everyMs: 20 });
      const done = await disturb(streams, SEED, SECONDS * 1_000);
      await whenAllReady(streams.system).catch((error: Error) => {
        const states = streams.system
          .workers()
          .map(({ index, incarnation, state }) => `${index}.${incarnation} ${state}`);
        throw new Error(`${error.message}; got ${states.join(', ')}`);
      });
      const { doubles, swaps, lost, unsettled, falseFates, ...rest } = await streams.end(false);
      console.log(JSON.stringify({ ...done, ...rest }));
      const faults = { doubles, swaps, lost, unsettled, falseFates };
      expect(faults).toEqual({ doubles: [], swaps: [], lost: [], unsettled: [], falseFates: [] });
      expect(rest.handled).toBeGreaterThan(5_000);
    },
    SECONDS * 1_000 + 300_000,
  );
});

/** Random steps until the time is over. What a step is refused with is counted: of workers that die there is much. */
async function disturb(streams: Streams, seed: number, forMs: number): Promise<Record<string, number>> {
  const { system, actors } = streams;
  const random = seededRandom(seed);
  const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const counts: Record<string, number> = {};
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);
  const run = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    count(what);
    const began = Date.now();
    const fault = await faultOf(work()).catch(() => undefined);
    if (fault) count(`${what}: ${fault.code}`);
    const seconds = Math.round((Date.now() - began) / 1_000);
    if (seconds >= 10) console.log(`${what} took ${seconds} s, ${fault?.message ?? 'and was done'}`);
  };
  const open = new Set<Promise<void>>();
  const worker = (): number => any(system.workers()).index;
  // Those wait for each other anyway.
  let isRolling = false;
  const roll = (what: string, work: () => Promise<unknown>): Promise<void> | undefined => {
    if (isRolling) return undefined;
    isRolling = true;
    return run(what, work).finally(() => {
      isRolling = false;
    });
  };
  const steps: [number, () => Promise<void> | undefined | void][] = [
    [60, () => run('move', () => system.move(any(actors), worker()))],
    [8, () => roll('restart', () => system.restartWorker(worker()))],
    [3, () => (system.workers().length < 6 ? run('add', () => system.addWorker()) : undefined)],
    [6, () => (system.workers().length > 3 ? roll('remove', () => system.removeWorker(worker())) : undefined)],
    [1, () => roll('reload', () => system.reload())],
    [4, () => streams.kill(worker(), count)],
    [1, () => streams.freeze(worker(), count)],
  ];
  const all = steps.reduce((sum, [weight]) => sum + weight, 0);
  for (const end = Date.now() + forMs; Date.now() < end; ) {
    let ticket = random() * all;
    const [, step] = steps.find(([weight]) => (ticket -= weight) < 0) as (typeof steps)[number];
    const running = step();
    if (running) {
      open.add(running);
      void running.finally(() => open.delete(running));
    }
    await sleep(random() * 60);
    while (open.size > 8) await Promise.race(open);
  }
  await Promise.all(open);
  return counts;
}
