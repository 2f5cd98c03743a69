/** Mail from worker to worker of two machines: real processes, real links. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { type Machine, Rig } from '../machines/rig.ts';
import { idsOf } from '../machines/soak.ts';
import { makeWitness } from '../machines/witness.ts';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { sleep, until } from './harness.ts';

const LEASE = 6_000;
const TALLIES = idsOf('tally', 12, 1);

interface Place {
  readonly machine: string;
  readonly worker: number;
  readonly pid: number;
}

describe.skipIf(lackOfPostgres() !== undefined)('mail from worker to worker of two machines', () => {
  let rig: Rig;
  afterEach(() => rig?.end(), 30_000);

  const placeOf = async (at: Machine, id: string): Promise<Place> => (await rig.call(at, 'where', id)) as Place;
  const noted = (): number[] =>
    readFileSync(rig.diary, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('note'))
      .map((line) => Number(line.split(' ')[4]));

  /** Tells that actor numbers one after the other, until what happens is over; resolves to how many. */
  async function tellDuring(at: Machine, to: string, from: number, happens: Promise<unknown>): Promise<number> {
    let isOver = false;
    const over = happens.finally(() => (isOver = true));
    let n = from;
    for (let after = 0; after < 100; after += isOver ? 1 : 0) {
      for (let burst = 0; burst < 5; burst++) void rig.call(at, 'tell', to, { type: 'note', from: 'one', n: ++n });
      await sleep(1);
    }
    await over;
    return n;
  }

  test('passes a master that stands still, and is in order while workers are restarted, killed, and cut off', async () => {
    rig = await Rig.make({ machines: 2, leaseMs: LEASE });
    const [one, two] = rig.machines as [Machine, Machine];
    await rig.start(one);
    await makeWitness(rig.server);
    await rig.start(two);
    let there = '';
    await until(
      'an actor lives there',
      async () => {
        for (const id of TALLIES) if ((await placeOf(one, id).catch(() => undefined))?.machine === two.id) there = id;
        return there !== '';
      },
      30_000,
    );
    const { worker } = await placeOf(one, there);
    const master = two.child?.pid as number;
    await rig.call(one, 'ask', there, { type: 'spread', to: [] });
    await until(
      'its mail does not pass the master',
      async () => {
        process.kill(master, 'SIGSTOP');
        const reply = rig.call(one, 'ask', there, { type: 'spread', to: [] }, { timeoutMs: 300 });
        const isDirect = await reply.then(
          () => true,
          () => false,
        );
        process.kill(master, 'SIGCONT');
        return isDirect;
      },
      20_000,
    );

    // Each in order, and nothing is lost, while the workers of the other machine take turns.
    const restarts = async (): Promise<void> => {
      for (const index of [worker, worker === 1 ? 2 : 1]) await rig.call(two, 'restartWorker', index);
    };
    let sent = await tellDuring(one, there, 0, restarts());
    await until('all are there', () => noted().length >= sent, 20_000);
    expect(noted()).toEqual(Array.from({ length: sent }, (_, at) => at + 1));

    // What was on its way as a worker died, or as its link was cut, may have died with it; what comes later comes in order.
    const kills = async (): Promise<void> => {
      process.kill((await placeOf(one, there)).pid, 'SIGKILL');
      await sleep(500);
    };
    sent = await tellDuring(one, there, sent, kills());
    const cuts = async (): Promise<void> => {
      rig.part(one, two);
      await sleep(50);
      rig.join(one, two);
      await sleep(300);
    };
    sent = await tellDuring(one, there, sent, cuts());
    await until('the last one is there', () => noted().at(-1) === sent, 20_000);
    const all = noted();
    expect(all.filter((n, at) => at > 0 && n <= (all[at - 1] as number))).toEqual([]);
    expect(all.length).toBeGreaterThan(sent / 2);
  }, 120_000);
});
