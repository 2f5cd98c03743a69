/** Three systems as machines of one cluster, by a real PostgreSQL: everything across them; one is killed, stopped, and leaves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { System } from 'troupe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { PostgresServer } from '../postgres/postgres-server.ts';
import { childrenOf, sleep, startSystem, stopSystems, until, untilInTurn } from './harness.ts';
import { Program } from './program.ts';

const lack = lackOfPostgres();
const LEASE = 2_000;
const IDS = Array.from({ length: 12 }, (_, at) => `counter/c${at}`);

interface Machine {
  id: string;
  state: string;
}

describe.skipIf(lack !== undefined)('machines of a cluster', () => {
  let server: PostgresServer;
  let one: System;
  const programs: Program[] = [];
  const folders: string[] = [];
  const events: string[] = [];

  function options(): object {
    const dataDir = mkdtempSync(join(tmpdir(), 'troupe-machine-'));
    folders.push(dataDir);
    return { cluster: { url: server.url, leaseMs: LEASE }, dataDir, workers: 1, controlSocket: false };
  }

  async function startMachine(): Promise<Program> {
    const program = new Program('serve.mjs', options());
    programs.push(program);
    await program.value('started');
    return program;
  }

  const live = (): Machine[] => one.machines().filter(({ state }) => state === 'live');
  const hostsOf = async (): Promise<string[]> =>
    Promise.all(IDS.map(async (id) => (await untilAnswered(() => one.where(id))).machine as string));
  /** Its master and its workers, like a machine whose power is cut or whose clock stands. */
  function signal({ pid }: Program, name: NodeJS.Signals): void {
    const all = [pid, ...childrenOf(pid)];
    for (const process of all) globalThis.process.kill(process, name);
  }
  const machineOf = async (program: Program): Promise<string> =>
    ((await program.value('self')) as { machine: string }).machine;
  /** And nothing moves any more. */
  async function whenShared(count: number): Promise<void> {
    await until(`${count} machines share`, async () => {
      const hosts = await hostsOf();
      await sleep(LEASE / 2);
      return new Set(hosts).size === count && (await hostsOf()).join() === hosts.join();
    });
  }

  beforeAll(async () => {
    server = await PostgresServer.start();
    one = await startSystem(options() as never);
    for (const name of ['machine-joined', 'machine-left', 'machine-lost', 'suspended', 'resumed'] as const)
      one.on(name, () => events.push(name));
  }, 60_000);
  afterAll(async () => {
    await stopSystems();
    for (const program of programs)
      if (program.child.exitCode === null && program.child.signalCode === null) signal(program, 'SIGKILL');
    await server?.end();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  test('are one system, also when one of them is killed, stopped or leaves', async () => {
    const [two, three] = [await startMachine(), await startMachine()];
    await until('all are known', () => live().length === 3);
    await whenShared(3);
    for (const id of IDS) {
      one.tell(id, { type: 'add', by: 1 });
      await two.value('tell', id, { type: 'add', by: 10 });
      await three.value('tell', id, { type: 'add', by: 100 });
    }
    for (const id of IDS) await until('all is added', async () => (await one.ask(id, { type: 'get' })) === 111);
    expect(await two.value('ask', IDS[0], { type: 'get' })).toBe(111);

    const client = await startSystem({ ...options(), workers: 0, role: 'client' } as never);
    expect(await Promise.all(IDS.map((id) => client.ask(id, { type: 'get' })))).toEqual(IDS.map(() => 111));
    expect(client.machines().map(({ id }) => id)).not.toContain(client.self.machine);
    expect(one.machines().length).toBe(3);
    const stops: string[] = [];
    client.watch('counter/of-the-client', ({ reason }) => stops.push(reason));
    await client.ask('counter/of-the-client', { type: 'stop' });
    await until('the client is told', () => stops.length > 0);
    await expect(client.subscribe('news', () => {})).rejects.toThrow('listens on a machine');
    await client.shutdown();

    const heard: unknown[] = [];
    await one.subscribe('news', (message) => heard.push(message));
    for (let n = 0; n < 3; n++) await three.value('publish', 'news', { type: 'news', n });
    await until('all news are heard', () => heard.length === 3);
    expect(heard).toEqual([0, 1, 2].map((n) => ({ type: 'news', n })));

    const [twoId, threeId] = [await machineOf(two), await machineOf(three)];
    const hosts = await hostsOf();
    // Looked at from one of them.
    for (const [at, id] of IDS.entries())
      expect(await one.inspect(id)).toMatchObject({ id, machine: hosts[at], status: 'ready' });
    const { actors, silent, silentMachines } = await one.list({ kind: 'counter', limit: 1_000 });
    const listed = new Map(actors.map(({ id, machine }) => [id as string, machine]));
    expect(IDS.map((id) => listed.get(id))).toEqual(hosts);
    expect([silent, silentMachines]).toEqual([[], []]);
    expect(await two.value('inspect', IDS[0])).toMatchObject({ machine: hosts[0] });
    // Paused by one, resumed by another.
    await two.value('pause', 'counter/*', { reason: 'a test' });
    const held = (id: string): Promise<unknown> =>
      one.ask(id, { type: 'get' }, { timeoutMs: 300 }).catch(({ code }) => code);
    expect(await Promise.all(IDS.map(held))).toEqual(IDS.map(() => 'ASK_TIMEOUT'));
    expect(await three.value('resume', 'counter/*')).toBe(true);
    for (const id of IDS) expect(await one.ask(id, { type: 'get' })).toBe(111);

    // Killed.
    const lost = IDS.filter((_, at) => hosts[at] === twoId);
    expect(lost.length).toBeGreaterThan(0);
    const ends: string[] = [];
    one.watch(lost[0] as string, ({ reason }) => ends.push(reason));
    await until('it is watched', async () => (await one.inspect(lost[0] as string)).watchers.count > 0);
    const asked = one
      .ask(lost[0] as string, { type: 'sleep', ms: 60_000 }, { timeoutMs: 30_000 })
      .catch((error) => error);
    await untilInTurn(one, lost[0] as string, 'sleep');
    signal(two, 'SIGKILL');
    const killedAt = performance.now();
    const first = Promise.any(
      lost.map((id) => untilAnswered(() => one.ask(id, { type: 'get' }, { timeoutMs: 30_000 }))),
    );
    await first;
    const tookMs = performance.now() - killedAt;
    console.log(`first reply elsewhere after ${Math.round(tookMs)} ms, lease ${LEASE}`);
    expect(tookMs).toBeLessThan(LEASE * 1.1 + 1_000);
    expect(await asked).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    await until('its end is told', () => ends.length > 0);
    expect(ends).toEqual(['worker-exited']);
    await until('its loss is told', () => events.includes('machine-lost'));
    await whenShared(2);

    // Stopped for longer than its lease: when it goes on it has lost what it had, and joins again under another name.
    signal(three, 'SIGSTOP');
    await until('all is served here', async () => new Set(await hostsOf()).size === 1);
    signal(three, 'SIGCONT');
    await until('it is back', () => live().length === 2 && !live().some(({ id }) => id === threeId));
    await whenShared(2);
    for (const id of IDS)
      expect(await three.value('ask', id, { type: 'get' })).toBe(await one.ask(id, { type: 'get' }));

    // Leaves.
    const leaving = three.value('shutdown');
    const leftAt = performance.now();
    await until('all is served here', async () => new Set(await hostsOf()).size === 1);
    const handedMs = performance.now() - leftAt;
    console.log(`handed over within ${Math.round(handedMs)} ms`);
    expect(handedMs).toBeLessThan(LEASE * 1.1 + 1_000);
    await leaving;
    await until('it has left', () => events.includes('machine-left'));
    expect(events.filter((name) => name === 'machine-lost').length).toBe(2);
    expect(live().length).toBe(1);
  }, 120_000);
});

/** Asked again where its machine was lost meanwhile. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if ((error as { code: string }).code !== 'ACTOR_UNAVAILABLE') throw error;
    }
    await sleep(10);
  }
}
