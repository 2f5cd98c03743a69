/** Machines of one cluster on a real PostgreSQL: one joins, one leaves in order, and one is killed in the middle, while all send to actors that nothing is kept of. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { System } from 'troupe';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { PostgresServer } from '../postgres/postgres-server.ts';
import { childrenOf, sleep, startSystem, stopSystems, until } from './harness.ts';
import { Program } from './program.ts';

const lack = lackOfPostgres();
const LEASE = 3_000;
const IDS = Array.from({ length: 24 }, (_, at) => `ledger/l${at}`);

interface Ledger {
  last: Record<string, number>;
  swapped: number;
  missed: number;
}

describe.skipIf(lack !== undefined)('actors of machines that join and leave', () => {
  let server: PostgresServer;
  let one: System;
  const programs: Program[] = [];
  const folders: string[] = [];
  const events: string[] = [];
  /** Sender → the number of its last message; each goes to all. */
  const sent: Record<string, number> = {};

  function options(): object {
    const dataDir = mkdtempSync(join(tmpdir(), 'troupe-hand-over-'));
    folders.push(dataDir);
    return { cluster: { url: server.url, leaseMs: LEASE }, dataDir, workers: 2, controlSocket: false };
  }

  async function startMachine(): Promise<Program> {
    const program = new Program('serve.mjs', options());
    programs.push(program);
    await program.value('started');
    return program;
  }

  function killAll({ pid }: Program): void {
    for (const each of [pid, ...childrenOf(pid)]) process.kill(each, 'SIGKILL');
  }

  const hostsOf = async (): Promise<string[]> => {
    const places = await Promise.allSettled(IDS.map((id) => one.where(id)));
    // On hold for longer than an ask, on ground that is busy with much else.
    return places.map((place) => (place.status === 'fulfilled' ? (place.value.machine as string) : 'on hold'));
  };
  async function whenShared(count: number): Promise<void> {
    await until(
      `${count} machines share`,
      async () => {
        const hosts = await hostsOf();
        return new Set(hosts).size === count && !hosts.includes('on hold');
      },
      45_000,
    );
  }

  /** One message to each actor; a tell that is refused would be seen as missed. */
  async function send(name: string, tell: (id: string, message: object) => unknown): Promise<void> {
    const n = (sent[name] = (sent[name] ?? 0) + 1);
    await Promise.all(IDS.map((id) => tell(id, { type: 'note', from: name, n })));
  }

  /** Both machines send until it is over. */
  async function sending(two: Program, act: () => Promise<unknown>): Promise<void> {
    let isOver = false;
    const own = (async () => {
      for (; !isOver; await sleep(2)) await send('one', (id, message) => one.tell(id, message as never));
    })();
    const others = (async () => {
      for (; !isOver; await sleep(2)) await send('two', (id, message) => two.value('tell', id, message));
    })();
    await act();
    isOver = true;
    await Promise.all([own, others]);
    await sleep(300);
  }

  async function ledgers(): Promise<[id: string, ledger: Ledger][]> {
    return Promise.all(
      IDS.map(
        async (id): Promise<[string, Ledger]> => [
          id,
          (await one.ask(id, { type: 'get' }, { timeoutMs: 20_000 })) as Ledger,
        ],
      ),
    );
  }

  beforeAll(async () => {
    server = await PostgresServer.start();
    one = await startSystem(options() as never);
    for (const name of ['machine-joined', 'machine-left', 'machine-lost', 'suspended', 'resumed'] as const)
      one.on(name, () => events.push(`${Math.round(performance.now())} ${name}`));
  }, 60_000);
  afterAll(async () => {
    console.log(events.join(', '));
    await stopSystems();
    for (const program of programs)
      if (program.child.exitCode === null && program.child.signalCode === null) killAll(program);
    await server?.end();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  test('keep their states, and each sender its order', async () => {
    const two = await startMachine();
    await whenShared(2);
    let three!: Program;
    await sending(two, async () => {
      await sleep(300);
      three = await startMachine();
      await whenShared(3);
    });
    // What one machine told may come behind the question of another, for as long as it waits for its way.
    const nothingLost = (): Promise<void> =>
      vi.waitFor(
        async () => {
          for (const [id, ledger] of await ledgers())
            expect([id, ledger]).toEqual([id, { last: sent, swapped: 0, missed: 0, twice: 0 }]);
        },
        { timeout: 10_000, interval: 100 },
      );
    await nothingLost();
    await sending(two, async () => {
      await sleep(100);
      await three.value('shutdown');
      await whenShared(2);
    });
    await nothingLost();

    // Idle: one reply from elsewhere.
    const { machine } = (await two.value('self')) as { machine: string };
    const hosts = await hostsOf();
    const there = IDS.filter((_, at) => hosts[at] === machine);
    expect(there.length).toBeGreaterThan(0);
    const leaving = two.value('shutdown');
    const from = performance.now();
    await until('it is served here', async () => (await one.where(there[0] as string)).machine === one.self.machine);
    console.log(`first reply elsewhere ${Math.round(performance.now() - from)} ms after a machine was told to leave`);
    await leaving;
    await nothingLost();
  }, 120_000);

  test('have one owner, also where a machine is killed in the middle of a hand-over', async () => {
    const hostsBefore = new Set(await hostsOf());
    expect(hostsBefore.size).toBe(1);
    const two = await startMachine();
    // By then it has its row, and is given its share.
    await until('it is seen', () => one.machines().filter(({ state }) => state === 'live').length === 2);
    await sleep(20);
    killAll(two);
    const fences: string[] = [];
    await until(
      'all are served here',
      async () => {
        const asked = await Promise.allSettled(IDS.map((id) => one.ask(id, { type: 'fence' }, { timeoutMs: 1_000 })));
        for (const answer of asked) if (answer.status === 'fulfilled') fences.push(answer.value as string);
        return asked.every(({ status }) => status === 'fulfilled') && new Set(await hostsOf()).size === 1;
      },
      30_000,
    );
    for (const [, { swapped }] of await ledgers()) expect(swapped).toBe(0);
    expect(fences.length).toBeGreaterThan(0);
  }, 60_000);
});
