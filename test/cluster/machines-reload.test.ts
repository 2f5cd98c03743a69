/** New code comes to a system of several machines one machine after the other, on a real PostgreSQL, while all send to its actors. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LoadedGround } from '../machines/loaded-ground.ts';
import { idsOf } from '../machines/soak.ts';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { sleep } from './harness.ts';

const LEDGERS = idsOf('ledger', 3, 2);
const TALLIES = idsOf('tally', 4, 1);

interface Worker {
  index: number;
  pid: number;
}

describe.skipIf(lackOfPostgres() !== undefined)('a reload of a system of several machines', () => {
  let ground: LoadedGround;

  beforeAll(async () => {
    ground = await LoadedGround.make({ leaseMs: 3_000, ledgers: LEDGERS, tallies: TALLIES });
  }, 120_000);
  afterAll(() => ground?.end(), 30_000);

  test('replaces the workers of that machine, whose actors stay there with all they had, and touches no other', async () => {
    const { rig } = ground;
    const workersOf = async (at: number): Promise<Worker[]> => (await rig.call(rig.machine(at), 'workers')) as Worker[];
    const pidsOf = async (at: number): Promise<number[]> => (await workersOf(at)).map(({ pid }) => pid);
    const machines = async (): Promise<string[]> =>
      Promise.all([...TALLIES, ...LEDGERS].map(async (id) => (await ground.whereIs(rig.machine(1), id)).machine));
    const before = await machines();
    for (const number of [1, 2]) {
      const [these, others] = [await pidsOf(number), await pidsOf(3 - number)];
      await rig.call(rig.machine(number), 'reload');
      const now = await pidsOf(number);
      expect(now).toHaveLength(these.length);
      for (const pid of now) expect(these).not.toContain(pid);
      expect(await pidsOf(3 - number)).toEqual(others);
      await sleep(200);
    }
    expect(await machines()).toEqual(before);
    await ground.judge();
  }, 120_000);
});
