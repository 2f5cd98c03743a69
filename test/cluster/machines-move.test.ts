/** Actors that are moved to another machine, on a real PostgreSQL: while all send to them, and where that cannot be. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PARTITIONS } from '../../src/machines/partition-table.ts';
import { shardOf } from '../../src/placement/shard.ts';
import { LoadedGround } from '../machines/loaded-ground.ts';
import type { Machine, Rig } from '../machines/rig.ts';
import { idsOf } from '../machines/soak.ts';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { type Fault, sleep } from './harness.ts';

const LEASE = 3_000;
const LEDGERS = idsOf('ledger', 3, 2);
const TALLIES = idsOf('tally', 4, 1);

function idIn(partition: number): string {
  for (let n = 0; ; n++) if (shardOf(`tally/${n}`) === partition) return `tally/${n}`;
}

describe.skipIf(lackOfPostgres() !== undefined)('an actor that is moved to another machine', () => {
  let ground: LoadedGround;
  let rig: Rig;

  const move = (at: Machine, id: string, target: object | number): Promise<unknown> => rig.call(at, 'move', id, target);
  const refusalOf = (at: Machine, id: string, target: object | number): Promise<Fault> =>
    move(at, id, target).then(
      () => ({ code: 'none' }) as Fault,
      (error: Fault) => error,
    );
  const other = (machine: Machine): Machine => rig.machine(3 - machine.number);

  beforeAll(async () => {
    ground = await LoadedGround.make({ leaseMs: LEASE, ledgers: LEDGERS, tallies: TALLIES });
    rig = ground.rig;
  }, 120_000);
  afterAll(() => ground?.end(), 30_000);

  test('is there with all it had, and no message is lost, swapped or handled twice', async () => {
    for (let round = 0; round < 2; round++) {
      for (const id of [...TALLIES, ...LEDGERS.slice(0, 2)]) {
        const to = other(await ground.machineOf(id));
        const by = rig.machine(1 + (round % 2));
        await move(by, id, { machine: to.id });
        for (const at of rig.machines) expect((await ground.whereIs(at, id)).machine).toBe(to.id);
      }
    }
    await ground.judge();
  }, 120_000);

  test('stays there while machines renew and balance what they have, and goes to the worker that is named', async () => {
    // A machine with more than its share gives its last partitions away: one that is not kept would be the first to go back.
    const id = idIn(PARTITIONS - 1);
    const there = other(await ground.machineOf(id));
    for (const worker of [1, 2]) {
      await move(rig.machine(1), id, { machine: there.id, worker });
      expect(await ground.whereIs(rig.machine(1), id)).toMatchObject({ machine: there.id, worker });
    }
    // Where it is already it stays.
    await move(rig.machine(2), id, { machine: there.id });
    await sleep(LEASE * 1.2);
    for (const at of rig.machines) expect((await ground.whereIs(at, id)).machine).toBe(there.id);
  }, 60_000);

  test('is refused in words where it cannot be, and nothing moves', async () => {
    const [id] = TALLIES as [string];
    const here = await ground.machineOf(id);
    const there = other(here);
    const unknown = await refusalOf(here, id, { machine: 'nowhere-1' });
    expect(unknown).toMatchObject({ code: 'NO_WORKER', message: expect.stringContaining("'nowhere-1' is not there") });
    for (const machine of rig.machines) expect(unknown.message).toContain(machine.id);
    const noWorker = await refusalOf(here, id, { machine: there.id, worker: 9 });
    expect(noWorker).toMatchObject({ code: 'NO_WORKER', message: expect.stringContaining('worker 9') });
    for (const bad of [{}, { machine: 1 }, { machine: there.id, worker: 0 }, { machine: there.id, shard: 1 }])
      expect(await refusalOf(here, id, bad)).toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(await refusalOf(here, 'nothing/1', { machine: there.id })).toMatchObject({ code: 'UNKNOWN_KIND' });
    expect((await ground.machineOf(id)).id).toBe(here.id);
  }, 60_000);

  test('whose machine is killed meanwhile goes on at the other one', async () => {
    const two = rig.machine(2);
    const one = rig.machine(1);
    const [, id] = LEDGERS as [string, string];
    await move(one, id, { machine: two.id });
    const moving = refusalOf(one, id, { machine: one.id });
    await rig.kill(two);
    // It may have been there by then, or was claimed, and is asked for of its new owner.
    expect((await moving).code).toBe('none');
    expect(await ground.ask(id, { type: 'get' })).toMatchObject({ breaches: [] });
    const gone = await refusalOf(one, id, { machine: two.id });
    expect(gone.code).toBe('NO_WORKER');
    expect(gone.message).toContain(`${two.id}`);
  }, 60_000);
});
