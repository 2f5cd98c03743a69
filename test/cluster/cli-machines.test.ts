/** The command line at a machine of two: it shows both, and moves an actor from one to the other. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { PostgresServer } from '../postgres/postgres-server.ts';
import { until } from './harness.ts';
import { killPrograms, Program } from './program.ts';

const TROUPE = fileURLToPath(new URL('../../dist/cli/troupe.js', import.meta.url));

interface Row {
  id: string;
  address: string;
  state: string;
  workers: number;
  leaseMs: number;
  links: number;
}

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

describe.skipIf(lackOfPostgres() !== undefined)('the command line at a machine of several', () => {
  let server: PostgresServer;
  const folder = mkdtempSync(join(tmpdir(), 'troupe-cli-machines-'));
  const programs: Program[] = [];
  const ids: string[] = [];

  async function machine(name: string): Promise<void> {
    const options = { cluster: { url: server.url, leaseMs: 3_000 }, dataDir: join(folder, name), workers: 2 };
    const program = new Program('serve.mjs', options);
    programs.push(program);
    await program.value('started');
    ids.push(((await program.value('self')) as { machine: string }).machine);
  }

  function troupe(...args: string[]): Promise<Ended> {
    const child = spawn(process.execPath, [TROUPE, ...args, '--data', join(folder, 'a')]);
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (err += data));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  }
  const rows = async (): Promise<Row[]> => JSON.parse((await troupe('status', '--json')).out).machines as Row[];
  const hostOf = async (id: string): Promise<string> =>
    ((await (programs[0] as Program).value('where', id)) as { machine: string }).machine;

  beforeAll(async () => {
    server = await PostgresServer.start();
    await machine('a');
    await machine('b');
  }, 90_000);
  afterAll(async () => {
    killPrograms(programs);
    await server?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test('status has a row for each machine, and counts the links to the others', async () => {
    const [a, b] = ids as [string, string];
    await until('both are known, and linked', async () => (await rows()).some(({ links }) => links > 0), 20_000);
    const seen = new Map((await rows()).map((row) => [row.id, row]));
    expect([...seen.keys()].sort()).toEqual([a, b].sort());
    expect(seen.get(b)).toMatchObject({ state: 'live', workers: 2, leaseMs: 3_000, links: expect.any(Number) });
    expect(seen.get(a)?.links).toBe(0);
    const { code, out } = await troupe('status');
    expect(code).toBe(0);
    const lines = out.split('\n');
    expect(lines.find((line) => line.startsWith('MACHINE'))).toMatch(
      /^MACHINE +STATE +ADDRESS +WORKERS +LINKS +LEASE$/,
    );
    expect(lines.find((line) => line.startsWith(a))).toMatch(/live, reached +127\.0\.0\.1:\d+ +2 +3000 ms$/);
    expect(lines.find((line) => line.startsWith(b))).toMatch(/live +127\.0\.0\.1:\d+ +2 +[1-9]\d* +3000 ms$/);
  }, 60_000);

  test('move --machine puts an actor there, on the worker that is named; what cannot be ends with 1', async () => {
    const there = ids.find((id) => id !== undefined) as string;
    for (const to of [ids[1], ids[0], ids[1]] as string[]) {
      const moved = await troupe('move', 'counter/x', '--machine', to);
      expect([moved.code, moved.err]).toEqual([0, expect.any(String)]);
      expect(moved.out).toContain(`counter/x is on machine ${to}`);
      expect(await hostOf('counter/x')).toBe(to);
    }
    expect((await troupe('move', 'counter/x', '2', '--machine', there)).code).toBe(0);
    expect(await programs[0]?.value('where', 'counter/x')).toMatchObject({ machine: there, worker: 2 });
    const unknown = await troupe('move', 'counter/x', '--machine', 'nowhere');
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining("the machine 'nowhere' is not there")]);
    expect((await troupe('move', 'counter/x')).code).toBe(2);
  }, 60_000);
});
