/** A record may say that its actor is wanted at once though nothing is left to do: its next time must not be lost for that. */
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { StoredRecord } from '../../../src/store/store.ts';
import { SimulatedDisk } from '../../../src/simulation/simulated-disk.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';

const REMIND_MS = 20_000;

test.each(['its host dies', 'it moves'])(
  'a reminder fires in time though the record wants its actor at once, which has nothing to do and leaves memory (%s)',
  async (what) => {
    const fired: number[] = [];
    const sleeper = defineActor({
      durable: true,
      passivateAfterMs: 500,
      receive: {
        plan: (ctx, { atMs }: { atMs: number }) => ctx.remind('r', { atMs }, { type: 'ring' }),
        ring: (ctx) => void fired.push(ctx.now()),
      },
    });
    const disk = new SimulatedDisk();
    const simulation = await Simulation.start({ seed: 3, workers: 2, actors: { sleeper }, disk });
    const { system, clock } = simulation;
    const atMs = clock.wall() + REMIND_MS;
    await simulation.until(system.ask('sleeper/a', { type: 'plan', atMs }));
    await simulation.run(2_000);
    expect((await simulation.until(system.where('sleeper/a'))).active).toBe(false);
    // As an incarnation leaves it that moved between its commit and the word that its mail has arrived.
    const record = disk.records.get('sleeper/a') as StoredRecord;
    expect(record.wakeAt).toBe(atMs);
    disk.records.set('sleeper/a', { ...record, wakeAt: 0 });
    const { worker } = await simulation.until(system.where('sleeper/a'));
    // Its next host looks for what is wanted.
    if (what === 'it moves') await simulation.until(system.move('sleeper/a', 3 - worker));
    else simulation.crash(worker);
    await simulation.run(REMIND_MS / 2);
    expect(disk.records.get('sleeper/a')?.wakeAt).toBe(atMs);
    await simulation.run(REMIND_MS);
    expect(fired).toHaveLength(1);
    expect(Math.abs((fired[0] as number) - atMs)).toBeLessThan(1_000);
  },
);
