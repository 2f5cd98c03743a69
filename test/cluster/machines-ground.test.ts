/** Machines whose ways are cut, and whose database goes back in time: real processes, real proxies, a real PostgreSQL. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { judgeDiary } from '../machines/diary.ts';
import { type Machine, Rig } from '../machines/rig.ts';
import { idsOf } from '../machines/soak.ts';
import { makeWitness, testimony } from '../machines/witness.ts';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { type Fault, sleep, until } from './harness.ts';

const LEASE = 3_000;
const LEDGERS = idsOf('ledger', 12, 2);
const TALLIES = idsOf('tally', 12, 1);

interface Book {
  balance: number;
  drivers: Record<string, { n: number }>;
  breaches: string[];
}

describe.skipIf(lackOfPostgres() !== undefined)('machines on real ground', () => {
  let rig: Rig;
  afterEach(() => rig?.end(), 30_000);

  async function startAll(): Promise<Machine[]> {
    rig = await Rig.make({ machines: 2, leaseMs: LEASE });
    const [one, two] = rig.machines as [Machine, Machine];
    await rig.start(one);
    await makeWitness(rig.server);
    await rig.start(two);
    return [one, two];
  }

  const ask = (machine: Machine, id: string, message: object, timeoutMs = 10_000): Promise<unknown> =>
    rig.call(machine, 'ask', id, message, { timeoutMs });
  const hostOf = async (at: Machine, id: string): Promise<string> =>
    ((await rig.call(at, 'where', id)) as { machine: string }).machine;
  const liveAt = async (at: Machine): Promise<string[]> =>
    ((await rig.call(at, 'machines')) as { id: string; state: string }[])
      .filter(({ state }) => state === 'live')
      .map(({ id }) => id)
      .sort();

  /** The first of these that lives on the machine, once both machines have some. */
  async function idOn(at: Machine, ids: readonly string[], machine: Machine): Promise<string> {
    let found: string | undefined;
    await until(
      `one of ${ids[0]}, … lives on ${machine.name}`,
      async () => {
        for (const id of ids) if ((await hostOf(at, id).catch(() => '')) === machine.id) found ??= id;
        return found !== undefined;
      },
      30_000,
    );
    return found as string;
  }

  test('two that do not reach each other stay members: mail between them waits in order, asks time out', async () => {
    const [one, two] = (await startAll()) as [Machine, Machine];
    const there = await idOn(one, TALLIES, two);
    const ledger = await idOn(one, LEDGERS, two);
    for (const id of [there, ledger]) await ask(one, id, { type: id === there ? 'spread' : 'get', to: [] });
    const tell = (n: number): Promise<unknown> => rig.call(one, 'tell', there, { type: 'note', from: 'one', n });
    const noted = (): string[] =>
      readFileSync(rig.diary, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('note'));
    await tell(1);
    await until('the first one is there', () => noted().length === 1);

    rig.part(one, two);
    // What is written to a link that has just broken is lost with it: both are to know first.
    await sleep(300);
    const partedAt = performance.now();
    for (let n = 2; n <= 20; n++) await tell(n);
    const refused = await ask(one, there, { type: 'add', attempt: 'cut' }, 500).then(
      () => undefined,
      (error: Fault) => error,
    );
    expect(refused).toMatchObject({ code: 'ASK_TIMEOUT' });
    expect(performance.now() - partedAt).toBeLessThan(LEASE);
    // For longer than a lease: the database is what says who is a member.
    await sleep(LEASE * 1.5);
    for (const machine of [one, two]) expect(await liveAt(machine)).toEqual([one.id, two.id].sort());
    expect(await hostOf(two, there)).toBe(two.id);
    // Each serves what it has; the database is common.
    expect(await ask(two, ledger, { type: 'get' })).toMatchObject({ balance: 1_000 });
    expect(noted().length).toBe(1);

    rig.join(one, two);
    await tell(21);
    await until('all are there', () => noted().length >= 21, 20_000);
    expect(noted().map((line) => Number(line.split(' ')[4]))).toEqual(Array.from({ length: 21 }, (_, at) => at + 1));
    const fates = new Map([['cut', refused?.fate as string]]);
    expect(judgeDiary(readFileSync(rig.diary, 'utf8').split('\n').filter(Boolean), fates)).toEqual({
      breaches: [],
      swapped: [],
    });
  }, 90_000);

  test('that run while their database is put back to a backup go on from it, and no epoch is used twice', async () => {
    const [one, two] = (await startAll()) as [Machine, Machine];
    await idOn(one, LEDGERS, two);
    let attempt = 0;
    const order = async (id: string, n: number): Promise<number> => {
      const message = { type: 'transfer', driver: 'test', n, to: id, amount: 1, deadline: Date.now() + 10_000 };
      return ((await ask(one, id, { ...message, attempt: `${++attempt}` })) as { n: number }).n;
    };
    /** Asked again where it was not carried out. */
    const settled = async (id: string, n: number): Promise<number> => {
      for (;;) {
        const done = await order(id, n).catch(() => undefined);
        if (done !== undefined) return done;
        await sleep(20);
      }
    };
    const all = <T>(act: (id: string) => Promise<T>): Promise<T[]> => Promise.all(LEDGERS.map(act));
    expect(await all((id) => settled(id, 1))).toEqual(LEDGERS.map(() => 1));
    await rig.server.keepBackup();
    expect(await all((id) => settled(id, 2))).toEqual(LEDGERS.map(() => 2));
    // Its partitions are the other one's, by epochs of which the backup knows nothing.
    await rig.kill(two);
    await until(
      'one has all',
      async () => (await all((id) => hostOf(one, id).catch(() => ''))).every((id) => id === one.id),
      30_000,
    );
    expect(await all((id) => settled(id, 3))).toEqual(LEDGERS.map(() => 3));
    const { owners, breaches } = await testimony(rig.server);
    expect(breaches).toEqual([]);

    await rig.server.putBack();
    // What was acknowledged since the backup is gone, all of it and nothing else: the second order is the next one.
    const next = await all((id) => settled(id, 4));
    expect(next).toEqual(LEDGERS.map(() => 1));
    expect(await all((id) => settled(id, 2))).toEqual(LEDGERS.map(() => 2));
    await rig.start(two);
    await idOn(one, LEDGERS, two);
    expect(await all((id) => settled(id, 3))).toEqual(LEDGERS.map(() => 3));
    for (const id of LEDGERS) expect(((await ask(two, id, { type: 'get' })) as Book).drivers.test?.n).toBe(3);
    expect((await testimony(rig.server, owners)).breaches).toEqual([]);
  }, 120_000);
});
