/** The command `troupe start` with TROUPE_CLUSTER, in two folders: one system of two machines, and nothing else is changed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { PostgresServer } from '../postgres/postgres-server.ts';
import { CommandSystem } from './command-system.ts';
import { until } from './harness.ts';

const TROUPE = new URL('../../dist/index.js', import.meta.url).href;
const COUNTER = `import { defineActor } from '${TROUPE}';
export default defineActor({ state: () => ({ count: 0 }), receive: { add: (ctx) => ++ctx.state.count } });`;
const IDS = Array.from({ length: 8 }, (_, at) => `counter/c${at}`);

describe.skipIf(lackOfPostgres() !== undefined)('troupe start with TROUPE_CLUSTER', () => {
  let server: PostgresServer;
  const systems: CommandSystem[] = [];

  beforeAll(async () => {
    server = await PostgresServer.start();
    for (let count = 0; count < 2; count++) {
      const system = new CommandSystem({ counter: COUNTER }, { TROUPE_CLUSTER: server.url });
      systems.push(system);
      await system.start(1);
    }
  }, 120_000);
  afterAll(async () => {
    for (const system of systems) await system.end();
    await server?.end();
  }, 60_000);

  const said = (system: CommandSystem, ...args: string[]): unknown => {
    const { status, stdout, stderr } = system.troupe(...args);
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
    return JSON.parse(stdout);
  };

  test('makes machines of one system: both know both, and an actor is one for both', async () => {
    const [one, two] = systems as [CommandSystem, CommandSystem];
    const liveAt = (system: CommandSystem): string[] =>
      (said(system, 'status', '--json') as { machines: { id: string; state: string }[] }).machines
        .filter(({ state }) => state === 'live')
        .map(({ id }) => id)
        .sort();
    await until('both are known to both', () => systems.every((system) => liveAt(system).length === 2), 30_000);
    expect(liveAt(one)).toEqual(liveAt(two));

    for (const id of IDS) {
      expect([id, said(one, 'ask', id, 'add')]).toEqual([id, 1]);
      expect([id, said(two, 'ask', id, 'add')]).toEqual([id, 2]);
    }
    const machineOf = (id: string): string => (said(one, 'show', id, '--json') as { machine: string }).machine;
    await until('both have some', () => new Set(IDS.map(machineOf)).size === 2, 60_000);
    // Live, wherever they have gone.
    for (const id of IDS) expect([id, said(two, 'ask', id, 'add')]).toEqual([id, 3]);
  }, 120_000);
});
