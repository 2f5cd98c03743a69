/** Durable actors of a cluster, in its PostgreSQL: machines are killed, and nothing that was acknowledged is lost or doubled. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { System } from 'troupe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { PostgresServer } from '../postgres/postgres-server.ts';
import { childrenOf, sleep, startSystem, stopSystems, until } from './harness.ts';
import { Program } from './program.ts';

const lack = lackOfPostgres();
const LEASE = 2_000;
const ACTORS = new URL('./durable-actors/', import.meta.url);
const IDS = Array.from({ length: 8 }, (_, at) => `account/m${at}`);

interface Account {
  balance: number;
  moved: number;
  breaches: string[];
  fired: [name: string, at: number][];
}

describe.skipIf(lack !== undefined)('durable actors of a cluster', () => {
  let server: PostgresServer;
  let one: System;
  const programs: Program[] = [];
  const folders: string[] = [];

  function options(): object {
    const dataDir = mkdtempSync(join(tmpdir(), 'troupe-machine-'));
    folders.push(dataDir);
    const cluster = { url: server.url, leaseMs: LEASE };
    return { actors: ACTORS.href, cluster, dataDir, workers: 1, controlSocket: false };
  }

  async function startMachine(): Promise<Program> {
    const program = new Program('serve.mjs', options());
    programs.push(program);
    await program.value('started');
    return program;
  }

  function kill({ pid, child }: Program): void {
    if (child.exitCode !== null || child.signalCode !== null) return;
    for (const process of [pid, ...childrenOf(pid)]) globalThis.process.kill(process, 'SIGKILL');
  }

  beforeAll(async () => {
    server = await PostgresServer.start();
    one = await startSystem({ ...options(), actors: ACTORS } as never);
  }, 60_000);
  afterAll(async () => {
    await stopSystems();
    for (const program of programs) kill(program);
    await server?.end();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  test('lose nothing and double nothing as machines come, are killed and leave', async () => {
    let isOver = false;
    let transfers = 0;
    const faults: unknown[] = [];
    const transfer = async (at: number): Promise<void> => {
      for (let n = 1; !isOver; n++) {
        const message = { type: 'transfer', to: IDS[(at + n) % IDS.length], amount: n % 7, from: 'test', n };
        await one.ask(IDS[at] as string, message, { timeoutMs: 60_000 }).catch((error) => {
          faults.push(error);
          isOver = true;
        });
        transfers++;
      }
    };
    const all = IDS.map((_, at) => transfer(at));
    const two = await startMachine();
    await startMachine();
    await sleep(2_000);
    kill(two);
    const before = transfers;
    await until('transfers go on', () => transfers > before + 50);
    const machines = new Set(await Promise.all(IDS.map(async (id) => (await one.where(id)).machine)));
    expect(machines.size).toBe(2);
    const leftAt = performance.now();
    await programs[1]?.value('shutdown');
    // Asks that went through it are answered past it: it does not wait for them.
    expect(performance.now() - leftAt).toBeLessThan(5_000);
    await sleep(500);
    isOver = true;
    await Promise.all(all);
    expect(faults).toEqual([]);
    let accounts: Account[] = [];
    await until('all deposits have arrived', async () => {
      accounts = await Promise.all(
        IDS.map((id) => one.ask(id, { type: 'get' }, { timeoutMs: 30_000 }) as Promise<Account>),
      );
      return accounts.reduce((sum, { balance }) => sum + balance, 0) === IDS.length * 1_000;
    });
    console.log(`${transfers} transfers`);
    expect(accounts.flatMap(({ breaches }) => breaches)).toEqual([]);
    expect(accounts.reduce((sum, { moved }) => sum + moved, 0)).toBe(transfers);
  }, 120_000);

  test('have their reminders at the machine that owns their partition by then, each once', async () => {
    const get = (id: string): Promise<Account> => one.ask(id, { type: 'get' }, { timeoutMs: 30_000 });
    const two = await startMachine();
    const { machine } = (await two.value('self')) as { machine: string };
    const isThere = async (id: string): Promise<boolean> => (await one.where(id)).machine === machine;
    await until('it has some', async () => (await Promise.all(IDS.map(isThere))).some(Boolean), 30_000);
    await sleep(LEASE);
    const there: string[] = [];
    for (const id of IDS) if (await isThere(id)) there.push(id);
    const remind = async (name: string, inMs: number): Promise<number> => {
      const atMs = Date.now() + inMs;
      for (const id of there) await one.ask(id, { type: 'remind', name, when: { atMs } });
      return atMs;
    };
    const firedAt = async (name: string): Promise<number[]> =>
      (await Promise.all(there.map(get))).flatMap(({ fired }) =>
        fired.filter(([of]) => of === name).map(([, at]) => at),
      );

    // There; due while nobody owns it, and long after.
    const due = [await remind('there', 300), await remind('silent', 1_500), await remind('late', LEASE * 3)];
    await sleep(600);
    expect(await firedAt('there')).toHaveLength(there.length);
    kill(two);
    await sleep(LEASE * 4 + 1_000);
    for (const [at, name] of ['there', 'silent', 'late'].entries()) {
      const fired = await firedAt(name);
      expect([name, fired.length]).toEqual([name, there.length]);
      for (const ms of fired) expect(ms).toBeGreaterThanOrEqual(due[at] as number);
      if (name === 'late') for (const ms of fired) expect(ms).toBeLessThan((due[at] as number) + 2_000);
    }
  }, 120_000);
});
