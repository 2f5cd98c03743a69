/** What is done to actors that live on another machine, and what is paused on machines that come later: real processes, a real PostgreSQL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { System } from 'troupe';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { PostgresServer } from '../postgres/postgres-server.ts';
import { childrenOf, type Fault, startSystem, stopSystems, until, untilInTurn } from './harness.ts';
import { Program } from './program.ts';

const ACTORS = fileURLToPath(new URL('./elsewhere-actors/', import.meta.url));
const NUMBERS = Array.from({ length: 20 }, (_, at) => at + 1);
const ids = (kind: string): string[] => NUMBERS.map((n) => `${kind}/k${n}`);

describe.skipIf(lackOfPostgres() !== undefined)('actors of another machine', () => {
  let server: PostgresServer;
  let one: System;
  let clusters = 0;
  const programs: Program[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'troupe-elsewhere-'));

  function options(): object {
    const cluster = { url: server.url, leaseMs: 3_000, name: `c${clusters}` };
    const dataDir = mkdtempSync(join(folder, 'data-'));
    return { actors: ACTORS, cluster, dataDir, workers: 1, controlSocket: false };
  }
  async function startMachine(): Promise<Program> {
    const program = new Program('serve.mjs', options());
    programs.push(program);
    await program.value('started');
    return program;
  }
  const machineOf = async (program: Program): Promise<string> =>
    ((await program.value('self')) as { machine: string }).machine;
  /** Those of the kind that live on it, once some do. */
  async function idsOn(kind: string, machine: string): Promise<string[]> {
    let found: string[] = [];
    await until(
      `some of ${kind} are on ${machine}`,
      async () => {
        const places = await Promise.all(ids(kind).map((id) => one.where(id).catch(() => undefined)));
        found = ids(kind).filter((_, at) => places[at]?.machine === machine);
        return found.length > 1 && !places.includes(undefined);
      },
      45_000,
    );
    return found;
  }
  const get = (id: string, timeoutMs = 20_000): Promise<unknown> => one.ask(id, { type: 'get' }, { timeoutMs });
  const codeOf = (asked: Promise<unknown>): Promise<string> =>
    asked.then(
      () => 'answered',
      (error: Fault) => error.code as string,
    );
  function watched(id: string): string[] {
    const reasons: string[] = [];
    one.watch(id, ({ reason }) => reasons.push(reason));
    return reasons;
  }

  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);
  afterEach(async () => {
    await stopSystems();
    for (const { pid, child } of programs.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      for (const each of [pid, ...childrenOf(pid)]) process.kill(each, 'SIGKILL');
    }
    clusters++;
  }, 60_000);
  afterAll(async () => {
    await server?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test('are stopped behind their mail, killed at once, and removed with their record', async () => {
    one = await startSystem(options() as never);
    const two = await startMachine();
    const there = await machineOf(two);
    const [stopped, killed] = (await idsOn('note', there)) as [string, string];
    const [record, kept] = (await idsOn('record', there)) as [string, string];

    for (const n of NUMBERS) one.tell(stopped, { type: 'add', n });
    const last = one.ask(stopped, { type: 'add', n: 21 });
    const ends = watched(stopped);
    await one.stop(stopped, 'enough');
    expect(await last).toBe(21);
    await until('its watcher is told', () => ends.length > 0);
    expect(ends).toEqual(['enough']);
    expect(await get(stopped)).toEqual([]);
    expect((await one.where(stopped)).machine).toBe(there);

    await one.ask(killed, { type: 'add', n: 1 });
    const kills = watched(killed);
    const asked = codeOf(one.ask(killed, { type: 'sleep', ms: 60_000 }, { timeoutMs: 50_000 }));
    await untilInTurn(one, killed, 'sleep');
    const began = performance.now();
    await one.kill(killed);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(await asked).toBe('ACTOR_STOPPED');
    await until('its watcher is told', () => kills.length > 0);
    expect(kills).toEqual(['killed']);
    expect(await get(killed)).toEqual([]);

    for (const id of [record, kept]) for (const n of [1, 2]) await one.ask(id, { type: 'add', n });
    await one.stop(kept);
    const removals = watched(record);
    await one.remove(record);
    await until('its watcher is told', () => removals.length > 0);
    expect(removals).toEqual(['killed']);
    expect(await one.ids('record')).toEqual([kept]);
    expect(await get(kept)).toEqual([1, 2]);
    expect(await get(record)).toEqual([]);
    expect(await two.value('ask', record, { type: 'add', n: 7 })).toBe(1);
  }, 120_000);

  test('that are paused stay so on a machine that joins later, and go on in order everywhere', async () => {
    one = await startSystem(options() as never);
    for (const id of ids('note')) await one.ask(id, { type: 'add', n: 0 });
    await one.pause('note/*', { reason: 'a test' });
    const two = await startMachine();
    const there = await idsOn('note', await machineOf(two));
    for (const n of NUMBERS) for (const id of ids('note')) one.tell(id, { type: 'add', n });
    for (const id of there) await two.value('tell', id, { type: 'add', n: 0 });
    const held = there.map((id) => codeOf(one.ask(id, { type: 'get' }, { timeoutMs: 1_000 })));
    expect(new Set(await Promise.all(held))).toEqual(new Set(['ASK_TIMEOUT']));
    // Of a kind that nobody has paused.
    expect(await two.value('ask', 'record/free', { type: 'add', n: 1 })).toBe(1);

    expect(await two.value('resume', 'note/*')).toBe(true);
    for (const id of ids('note'))
      expect([id, ((await get(id)) as number[]).filter((n) => n > 0)]).toEqual([id, NUMBERS]);
  }, 120_000);

  test('of a system that starts paused begin nothing on any machine, until one of them is told to resume', async () => {
    one = await startSystem({ ...options(), paused: true } as never);
    const two = await startMachine();
    // Where they are has an answer, which is no turn.
    const there = await idsOn('note', await machineOf(two));
    const here = ids('note').filter((id) => !there.includes(id));
    expect(here.length).toBeGreaterThan(0);
    const asks = [...ids('note'), 'record/r'].map((id) => codeOf(one.ask(id, { type: 'get' }, { timeoutMs: 1_000 })));
    expect(new Set(await Promise.all(asks))).toEqual(new Set(['ASK_TIMEOUT']));
    expect(await codeOf(two.value('ask', here[0], { type: 'get' }, { timeoutMs: 1_000 }))).not.toBe('answered');
    for (const n of NUMBERS) one.tell(there[0] as string, { type: 'add', n });
    expect(await two.value('resume', '*')).toBe(true);
    expect(await get(there[0] as string)).toEqual(NUMBERS);
    for (const id of ids('note')) expect(await codeOf(get(id))).toBe('answered');
  }, 120_000);
});
