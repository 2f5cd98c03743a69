/** Durable actors in a real PostgreSQL database: workers and masters killed, the server restarted, killed, frozen and away. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { System, SystemOptions } from 'troupe';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { PostgresServer } from '../postgres/postgres-server.ts';
import { childrenOf, faultOf, kill, sleep, startSystem, stopSystems, TIRELESS, until } from './harness.ts';
import { Program } from './program.ts';

const lack = lackOfPostgres();
if (lack !== undefined && process.env.TROUPE_POSTGRES === 'required') throw new Error(lack);

const ACTORS = new URL('./durable-actors/', import.meta.url);
const ACCOUNTS = 8;
const KILLING_MS = Number(process.env.TROUPE_KILL_MS ?? 3_000);

interface Account {
  balance: number;
  moved: number;
  breaches: string[];
}

describe.skipIf(lack !== undefined)('durable actors in PostgreSQL', () => {
  let server: PostgresServer;
  let dataDir: string;
  let schemas = 0;
  const programs: Program[] = [];

  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);
  afterAll(() => server.end());
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'troupe-postgres-data-'));
    schemas++;
  });
  afterEach(async () => {
    server.thaw();
    if (!server.isRunning) await server.begin();
    await stopSystems();
    for (const { pid, child } of programs.splice(0)) {
      const left = [...childrenOf(pid), ...(child.exitCode === null && child.signalCode === null ? [pid] : [])];
      for (const one of left) process.kill(one, 'SIGKILL');
    }
    rmSync(dataDir, { recursive: true, force: true });
  });

  function options(workers: number, folder = dataDir): SystemOptions {
    const postgres = { url: server.url, schema: `system_${schemas}` };
    return { actors: ACTORS, workers, dataDir: folder, supervision: TIRELESS, ...{ postgres } };
  }

  async function accounts(system: System): Promise<Account[]> {
    const all = Array.from({ length: ACCOUNTS }, (_, n) =>
      system.ask(`account/${n}`, { type: 'get' }, { timeoutMs: 30_000 }),
    );
    return (await Promise.all(all)) as Account[];
  }

  function movedOf(all: Account[]): number {
    return all.reduce((sum, { moved }) => sum + moved, 0);
  }

  function balanceOf(all: Account[]): number {
    return all.reduce((sum, { balance }) => sum + balance, 0);
  }

  /** Transfers between accounts, a fourth of them asked for; `act` is what fate does each 200 to 600 ms, `least` times at least. */
  async function bank(system: System, least: number, act: (n: number) => Promise<void> | void): Promise<number> {
    const numbers = new Map<string, number>();
    const asks: Promise<unknown>[] = [];
    let moved = 0;
    let acts = 0;
    let isActing = false;
    const endsAt = Date.now() + KILLING_MS;
    let actAt = Date.now() + 300;
    while (Date.now() < endsAt || isActing || acts < least) {
      for (let n = 0; n < 10 && asks.length < 20_000; n++) {
        const from = `account/${Math.floor(Math.random() * ACCOUNTS)}`;
        const number = (numbers.get(from) ?? 0) + 1;
        numbers.set(from, number);
        const to = `account/${Math.floor(Math.random() * ACCOUNTS)}`;
        const message = { type: 'transfer', to, amount: 1, from: 'main', n: number };
        moved++;
        if (n % 4 === 0) asks.push(system.ask(from, message, { timeoutMs: 100_000 }));
        else system.tell(from, message);
      }
      if (Date.now() > actAt && !isActing) {
        isActing = true;
        void Promise.resolve(act(acts++)).then(() => {
          isActing = false;
          actAt = Date.now() + 200 + Math.random() * 400;
        });
      }
      await sleep(10);
    }
    await Promise.all(asks);
    return moved;
  }

  function killOne(system: System): void {
    const ready = system.workers().filter(({ state }) => state === 'ready');
    const victim = ready[Math.floor(Math.random() * ready.length)];
    if (victim && ready.length > 1) kill(system, victim.index);
  }

  async function expectExact(system: System, moved: number): Promise<void> {
    await until(
      'all is applied',
      async () => {
        const all = await accounts(system);
        return movedOf(all) >= moved && balanceOf(all) === ACCOUNTS * 1_000;
      },
      60_000,
    );
    const all = await accounts(system);
    expect(all.flatMap(({ breaches }) => breaches)).toEqual([]);
    expect([movedOf(all), balanceOf(all)]).toEqual([moved, ACCOUNTS * 1_000]);
  }

  test('the bank, under SIGKILL of workers and restarts and kills of the server: nothing lost, twice, or swapped', {
    timeout: KILLING_MS + 180_000,
  }, async () => {
    const system = await startSystem(options(3));
    const counts = { workers: 0, restarts: 0, sessions: 0 };
    const moved = await bank(system, 8, async (n) => {
      if (n % 4 === 1) {
        await server.restart((['SIGINT', 'SIGQUIT', 'SIGKILL'] as const)[counts.restarts++ % 3]);
      } else if (n % 4 === 3) counts.sessions += await server.terminateAll();
      else {
        killOne(system);
        counts.workers++;
      }
    });
    await expectExact(system, moved);
    expect(counts.workers).toBeGreaterThan(2);
    expect(counts.restarts).toBeGreaterThan(1);
  });

  test('the bank, while the server stands still and while it is away: mail waits, nothing fails', {
    timeout: KILLING_MS + 180_000,
  }, async () => {
    const system = await startSystem(options(2));
    const moved = await bank(system, 4, async (n) => {
      if (n % 2 === 0) {
        server.freeze();
        await sleep(1_000);
        server.thaw();
      } else {
        await server.stop('SIGKILL');
        await sleep(1_000);
        await server.begin();
      }
    });
    await expectExact(system, moved);
  });

  test('under kill -9 of the master and all workers, each life in another folder: what was acknowledged is there', {
    timeout: 120_000,
  }, async () => {
    let acknowledged = 0;
    for (let life = 0; life < 3; life++) {
      // As a container has it that starts on another machine.
      const folder = join(dataDir, String(life));
      const program = new Program('serve.mjs', { ...options(2, folder), actors: ACTORS.href });
      programs.push(program);
      await program.value('started');
      const numbers = new Map<string, number>();
      const stop = Date.now() + 1_000 + Math.random() * 500;
      while (Date.now() < stop) {
        const from = `account/${Math.floor(Math.random() * ACCOUNTS)}`;
        const n = (numbers.get(from) ?? 0) + 1;
        numbers.set(from, n);
        const to = `account/${Math.floor(Math.random() * ACCOUNTS)}`;
        void program
          .value('ask', from, { type: 'transfer', to, amount: 1, from: `life${life}`, n })
          .then(() => acknowledged++);
        await sleep(4);
      }
      program.kill('SIGKILL');
      await program.ended;
    }
    const system = await startSystem(options(2));
    await until(
      'unfinished mail has gone out by itself',
      async () => balanceOf(await accounts(system)) === ACCOUNTS * 1_000,
      30_000,
    );
    const all = await accounts(system);
    expect(all.flatMap(({ breaches }) => breaches)).toEqual([]);
    expect(acknowledged).toBeGreaterThan(50);
    expect(movedOf(all)).toBeGreaterThanOrEqual(acknowledged);
  });

  test('a second start takes over: nothing of the first is written from then on, and its asks fail', {
    timeout: 60_000,
  }, async () => {
    const first = await startSystem(options(1, join(dataDir, 'first')));
    await first.ask('account/1', { type: 'deposit', amount: 1, from: 'x', n: 1 });
    const second = await startSystem(options(0, join(dataDir, 'second')));
    expect(await second.ask('account/1', { type: 'get' })).toMatchObject({ balance: 1_001 });
    const { code } = await faultOf(
      first.ask('account/1', { type: 'deposit', amount: 1, from: 'x', n: 2 }, { timeoutMs: 2_000 }),
    );
    expect(['ACTOR_FAILED', 'STORE_FAILED', 'ASK_TIMEOUT']).toContain(code);
    await second.ask('account/1', { type: 'deposit', amount: 5, from: 'x', n: 2 });
    expect(await second.ask('account/1', { type: 'get' })).toMatchObject({ balance: 1_006, breaches: [] });
  });

  test('without workers, reminders and removals: as in a folder', { timeout: 60_000 }, async () => {
    const system = await startSystem(options(0));
    await system.ask('account/9', { type: 'remind', name: 'once', when: { atMs: Date.now() + 300 } });
    await system.ask('account/8', { type: 'get' });
    await system.remove('account/8');
    await system.shutdown();
    const again = await startSystem(options(0));
    await until('the reminder fires', async () => {
      const { fired } = (await again.ask('account/9', { type: 'get' })) as { fired: unknown[] };
      return fired.length === 1;
    });
    expect(await again.ids('account')).toEqual(['account/9']);
  });

  test('a database that is not there is told at the start', async () => {
    const { code, message } = await faultOf(
      startSystem({ ...options(1), ...{ postgres: { url: 'postgres://127.0.0.1:1/none' } } }),
    );
    expect(code).toBe('STORE_FAILED');
    expect(message).toMatch(/could not be opened: .*ECONNREFUSED/);
  });
});
