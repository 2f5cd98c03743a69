/**
 * Live hand-off on real processes: what moves is told, asked and published to all the time, by actors that move too, by
 * every main and by the master. What happened is written down outside of the workers.
 */
import type { System } from 'troupe';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { pidOf, removeDiaries, sleep, startSystem, stopSystems, TIRELESS } from './harness.ts';
import { STREAM_MAIN, Streams } from './streams.ts';

afterEach(stopSystems);
afterAll(removeDiaries);

const CLEAN = { doubles: [], swaps: [], lost: [], unsettled: 0, falseFates: [], failedAsks: {} };

async function begin(workers: number): Promise<{ system: System; streams: Streams }> {
  const system = await startSystem({ workers, main: STREAM_MAIN, supervision: TIRELESS });
  const streams = new Streams(system);
  await streams.start({ publishes: false });
  return { system, streams };
}

describe('under streams from everywhere', () => {
  test('receivers and senders are moved: nothing lost, doubled or swapped, no ask fails', async () => {
    const { system, streams } = await begin(3);
    let moves = 0;
    for (const end = Date.now() + 4_000; Date.now() < end; ) {
      await Promise.all(
        streams.actors.map(async (id, n) => {
          await system.move(id, 1 + ((moves + n) % 3));
          expect((await system.where(id)).worker).toBe(1 + ((moves + n) % 3));
        }),
      );
      moves++;
    }
    const report = await streams.end();
    console.log(`${moves * streams.actors.length} moves, ${report.sent} sent, ${report.handled} handled`);
    expect(report).toMatchObject(CLEAN);
    expect(moves).toBeGreaterThan(10);
    expect(report.handled).toBeGreaterThan(10_000);
    // The state went along each time: what the sinks counted is what was written down.
    let counted = 0;
    for (const id of streams.sinks) {
      const counts = await system.ask<Map<string, number>>(id, { type: 'counts' });
      for (const count of counts.values()) counted += count;
    }
    expect(counted).toBe(report.handled);
  }, 60_000);

  test('workers are added, removed and restarted: the same', async () => {
    const { system, streams } = await begin(3);
    const { pid } = system.workers()[0] as { pid: number };
    const added = await system.addWorker();
    await system.restartWorker(2);
    await system.removeWorker(1);
    await system.restartWorker(added);
    await system.addWorker();
    await sleep(300);
    await system.removeWorker(3);
    expect(system.workers().map(({ index }) => index)).toEqual([2, 4, 5]);
    expect(system.workers().map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);
    expect(() => process.kill(pid, 0)).toThrow();
    const report = await streams.end();
    console.log(`${report.sent} sent, ${report.handled} handled`);
    expect(report).toMatchObject(CLEAN);
  }, 60_000);

  test('everything is reloaded: the same', async () => {
    const { system, streams } = await begin(4);
    const before = system.workers().map(({ pid }) => pid);
    await system.reload();
    const report = await streams.end();
    console.log(`${report.sent} sent, ${report.handled} handled`);
    expect(report).toMatchObject(CLEAN);
    expect(
      system
        .workers()
        .map(({ pid }) => pid)
        .filter((pid) => before.includes(pid)),
    ).toEqual([]);
    expect(pidOf(system, 1)).toBeGreaterThan(0);
  }, 60_000);
});
