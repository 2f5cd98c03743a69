/** A machine whose database stands still for longer than its lease: it suspends itself, says so, and goes on as it was. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { System } from 'troupe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { PostgresServer } from '../postgres/postgres-server.ts';
import { readOpenMetrics } from '../unit/exposition/open-metrics.ts';
import { faultOf, sleep, startSystem, stopSystems, until } from './harness.ts';

const LEASE = 2_000;
const ID = 'counter/here';

describe.skipIf(lackOfPostgres() !== undefined)('a machine without its database', () => {
  let server: PostgresServer;
  let system: System;
  let url = '';
  const dataDir = mkdtempSync(join(tmpdir(), 'troupe-away-'));
  const events: string[] = [];

  beforeAll(async () => {
    server = await PostgresServer.start();
    const none = (): void => {};
    const info = (fields: object): void => {
      if ('url' in fields) url = String(fields.url);
    };
    const log = { debug: none, info, warn: none, error: none, child: () => log };
    const cluster = { url: server.url, leaseMs: LEASE };
    system = await startSystem({ cluster, dataDir, workers: 1, controlSocket: false, metrics: { port: 0 }, log });
    await system.ask(ID, { type: 'visit' });
    for (const name of ['machine-lost', 'suspended', 'resumed'] as const)
      system.on(name, ({ machine }) => events.push(`${name} ${machine}`));
  }, 60_000);
  afterAll(async () => {
    server?.thaw();
    await stopSystems();
    await server?.end();
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  async function measured(): Promise<Record<string, number>> {
    const answer = await fetch(`${url}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
    const samples = readOpenMetrics(await answer.text()).flatMap((family) => family.samples);
    return Object.fromEntries(
      samples
        .filter(({ name }) => name.startsWith('troupe_machine'))
        .map(({ name, labels, value }) => [[name, labels.state].filter(Boolean).join(' '), value]),
    );
  }

  test('goes on for most of a lease, then refuses asks and holds mail, and is the same machine afterwards', async () => {
    const before = { machine: system.self.machine, pids: system.workers().map(({ pid }) => pid) };
    const counts = { 'troupe_machines live': 1, 'troupe_machines leaving': 0, 'troupe_machines lost': 0 };
    expect(await measured()).toEqual({ ...counts, troupe_machine_suspended: 0, troupe_machine_suspensions_total: 0 });

    server.freeze();
    expect(await system.ask(ID, { type: 'visit' })).toBe(2);
    await until('it is suspended', () => events.length > 0, LEASE * 5);
    expect(events).toEqual([`suspended ${before.machine}`]);
    expect(await faultOf(system.ask(ID, { type: 'visit' }))).toMatchObject({
      ...{ code: 'ACTOR_UNAVAILABLE', fate: 'not-executed' },
    });
    expect(system.tell(ID, { type: 'add', by: 10 })).toBe(true);
    expect(await measured()).toEqual({ ...counts, troupe_machine_suspended: 1, troupe_machine_suspensions_total: 1 });
    await sleep(LEASE * 1.5);

    server.thaw();
    await until('it goes on', () => events.length > 1, LEASE * 10);
    expect(events.slice(1)).toEqual([`resumed ${before.machine}`]);
    // What it had, and what was told meanwhile; the ask that was refused did nothing.
    await until('its mail is handled', async () => (await system.ask(ID, { type: 'get' })) === 12);
    expect({ machine: system.self.machine, pids: system.workers().map(({ pid }) => pid) }).toEqual(before);
    expect(await measured()).toEqual({ ...counts, troupe_machine_suspended: 0, troupe_machine_suspensions_total: 1 });
  }, 90_000);
});
