/** Actors that are moved to another machine, on a real PostgreSQL: while all send to them, and where that cannot be. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PARTITIONS } from '../../src/machines/partition-table.ts';
import { shardOf } from '../../src/placement/shard.ts';
import { judgeDiary } from '../machines/diary.ts';
import { type Machine, Rig } from '../machines/rig.ts';
import { idsOf } from '../machines/soak.ts';
import { makeWitness, testimony } from '../machines/witness.ts';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { type Fault, sleep, until } from './harness.ts';

const LEASE = 3_000;
const LEDGERS = idsOf('ledger', 3, 2);
const TALLIES = idsOf('tally', 4, 1);
const OPENING = 1_000;

function idIn(partition: number): string {
  for (let n = 0; ; n++) if (shardOf(`tally/${n}`) === partition) return `tally/${n}`;
}

interface Place {
  machine: string;
  worker: number;
}

describe.skipIf(lackOfPostgres() !== undefined)('an actor that is moved to another machine', () => {
  let rig: Rig;
  const said: Record<string, unknown>[] = [];
  let isLoaded = false;

  const whereIs = async (at: Machine, id: string): Promise<Place> => (await rig.call(at, 'where', id)) as Place;
  const ask = (id: string, message: object): Promise<unknown> =>
    rig.call(rig.machine(1), 'ask', id, message, { timeoutMs: 20_000 });
  const move = (at: Machine, id: string, target: object | number): Promise<unknown> => rig.call(at, 'move', id, target);
  const refusalOf = (at: Machine, id: string, target: object | number): Promise<Fault> =>
    move(at, id, target).then(
      () => ({ code: 'none' }) as Fault,
      (error: Fault) => error,
    );
  const other = (machine: Machine): Machine => rig.machine(3 - machine.number);
  const machineOf = async (id: string): Promise<Machine> => {
    const { machine } = await whereIs(rig.machine(1), id);
    return rig.machines.find((one) => one.id === machine) as Machine;
  };
  const noted = (): string[] => readFileSync(rig.diary, 'utf8').split('\n').filter(Boolean);

  beforeAll(async () => {
    rig = await Rig.make({
      ...{ machines: 2, leaseMs: LEASE, said: (_, message) => said.push(message) },
      driverOf: ({ name }) =>
        isLoaded ? { name, start: name, ledgers: LEDGERS, tallies: TALLIES, pauseMs: 15 } : undefined,
    });
    isLoaded = true;
    await rig.start(rig.machine(1));
    await makeWitness(rig.server);
    await rig.start(rig.machine(2));
    await until('both have some', async () => {
      const hosts = await Promise.all([...LEDGERS, ...TALLIES].map((id) => whereIs(rig.machine(1), id)));
      return new Set(hosts.map(({ machine }) => machine)).size === 2;
    });
  }, 120_000);
  afterAll(() => rig?.end(), 30_000);

  test('is there with all it had, and no message is lost, swapped or handled twice', async () => {
    for (let round = 0; round < 2; round++) {
      for (const id of [...TALLIES, ...LEDGERS.slice(0, 2)]) {
        const to = other(await machineOf(id));
        const by = rig.machine(1 + (round % 2));
        await move(by, id, { machine: to.id });
        for (const at of rig.machines) expect((await whereIs(at, id)).machine).toBe(to.id);
      }
    }
    for (const machine of rig.machines) await rig.call(machine, 'end-load');
    await sleep(500);

    const fates = said.flatMap(({ add, fate }): [string, string][] =>
      add === undefined ? [] : [[String(add), String(fate)]],
    );
    expect(fates.length).toBeGreaterThan(20);
    // On ground that is busy with much else a lease may pass: what is asked by then is not carried out, and says so.
    for (const [, fate] of fates) expect(['replied', 'not-executed']).toContain(fate);
    expect(judgeDiary(noted(), new Map(fates))).toEqual({ breaches: [], swapped: [] });
    // What each process told each actor: all of it, from the first on.
    const numbers = new Map<string, number[]>();
    for (const line of noted()) {
      const [what, id, , from = '', n] = line.split(' ');
      if (what !== 'note' || from.includes('/')) continue;
      const key = `${id} ${from}`;
      numbers.set(key, [...(numbers.get(key) ?? []), Number(n)]);
    }
    const counts = [...numbers.values()].map((all) => all.length);
    expect(numbers.size).toBe(TALLIES.length * 2);
    expect(Math.min(...counts)).toBeGreaterThan(20);
    for (const all of numbers.values()) expect(all).toEqual(Array.from({ length: all.length }, (_, at) => at + 1));
    // Nothing is kept of these, and no life of theirs has ended: each remembers what it was asked.
    for (const id of TALLIES) {
      const asked = noted().filter((line) => line.startsWith(`add ${id} `)).length;
      expect(await ask(id, { type: 'add', attempt: 'last' })).toBeGreaterThan(asked);
    }
    // Each order was carried out once.
    expect(said.filter(({ breach }) => breach !== undefined)).toEqual([]);
    const books = (await Promise.all(LEDGERS.map((id) => ask(id, { type: 'get' })))) as {
      balance: number;
      breaches: string[];
    }[];
    expect(books.flatMap(({ breaches }) => breaches)).toEqual([]);
    expect(books.reduce((sum, { balance }) => sum + balance, 0)).toBe(LEDGERS.length * OPENING);
    expect((await testimony(rig.server)).breaches).toEqual([]);
  }, 120_000);

  test('stays there while machines renew and balance what they have, and goes to the worker that is named', async () => {
    // A machine with more than its share gives its last partitions away: one that is not kept would be the first to go back.
    const id = idIn(PARTITIONS - 1);
    const there = other(await machineOf(id));
    for (const worker of [1, 2]) {
      await move(rig.machine(1), id, { machine: there.id, worker });
      expect(await whereIs(rig.machine(1), id)).toMatchObject({ machine: there.id, worker });
    }
    // Where it is already it stays.
    await move(rig.machine(2), id, { machine: there.id });
    await sleep(LEASE * 1.2);
    for (const at of rig.machines) expect((await whereIs(at, id)).machine).toBe(there.id);
  }, 60_000);

  test('is refused in words where it cannot be, and nothing moves', async () => {
    const [id] = TALLIES as [string];
    const here = await machineOf(id);
    const there = other(here);
    const unknown = await refusalOf(here, id, { machine: 'nowhere-1' });
    expect(unknown).toMatchObject({ code: 'NO_WORKER', message: expect.stringContaining("'nowhere-1' is not there") });
    for (const machine of rig.machines) expect(unknown.message).toContain(machine.id);
    const noWorker = await refusalOf(here, id, { machine: there.id, worker: 9 });
    expect(noWorker).toMatchObject({ code: 'NO_WORKER', message: expect.stringContaining('worker 9') });
    for (const bad of [{}, { machine: 1 }, { machine: there.id, worker: 0 }, { machine: there.id, shard: 1 }])
      expect(await refusalOf(here, id, bad)).toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(await refusalOf(here, 'nothing/1', { machine: there.id })).toMatchObject({ code: 'UNKNOWN_KIND' });
    expect((await machineOf(id)).id).toBe(here.id);
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
    expect(await ask(id, { type: 'get' })).toMatchObject({ breaches: [] });
    const gone = await refusalOf(one, id, { machine: two.id });
    expect(gone.code).toBe('NO_WORKER');
    expect(gone.message).toContain(`${two.id}`);
  }, 60_000);
});
