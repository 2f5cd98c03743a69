/** Machines with an authority of the operator's: nothing secret is in the database, one without it does not join, and the doctor sees all of them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { newAuthority } from '../../src/machine-links/authority.ts';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { PostgresServer } from '../postgres/postgres-server.ts';
import { killPrograms, Program } from './program.ts';

const TROUPE = fileURLToPath(new URL('../../dist/cli/troupe.js', import.meta.url));

describe.skipIf(lackOfPostgres() !== undefined)('machines with an authority of their own', () => {
  let server: PostgresServer;
  const folder = mkdtempSync(join(tmpdir(), 'troupe-authority-'));
  const programs: Program[] = [];

  function machine(name: string): Program {
    const options = { cluster: { url: server.url, leaseMs: 3_000 }, dataDir: join(folder, name), workers: 1 };
    const program = new Program('serve.mjs', options);
    programs.push(program);
    return program;
  }

  beforeAll(async () => {
    server = await PostgresServer.start();
    const { certificates, key } = newAuthority('corp', Date.now());
    writeFileSync(join(folder, 'ca.pem'), key + certificates);
  }, 60_000);
  afterAll(async () => {
    killPrograms(programs);
    await server?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test('link by it, and are seen by the doctor; one without it does not join', async () => {
    vi.stubEnv('TROUPE_CA', join(folder, 'ca.pem'));
    for (const name of ['a', 'b']) await machine(name).value('started');
    await programs[0]?.value('ask', 'counter/x', { type: 'get' });
    // The doctor asks this machine, which hears of the other one a moment after that has joined.
    await expect.poll(() => programs[0]?.value('machines'), { timeout: 10_000 }).toHaveLength(2);
    expect(await server.query("select 1 from troupe_troupe.entries where key = 'authority'")).toEqual([]);

    const { status, stdout } = spawnSync(process.execPath, [
      TROUPE,
      'doctor',
      '--cluster',
      '--data',
      join(folder, 'a'),
    ]);
    const text = stdout.toString();
    expect(text).toContain('2 of 2 pairs reach each other, each way for itself');
    expect(text).toMatch(/PostgreSQL \d+.*, synchronous_commit on, fsync on, \d+ ms for a statement/);
    expect(text.match(/127\.0\.0\.1:\d+ +live/g)).toHaveLength(2);
    expect([0, 1]).toContain(status);

    vi.stubEnv('TROUPE_CA', '');
    const { fault } = await machine('c').call('started');
    expect(fault).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('one authority (TROUPE_CA)'),
    });
    vi.stubEnv('TROUPE_CA', join(folder, 'none.pem'));
    const { fault: missing } = await machine('d').call('started');
    expect(missing).toMatchObject({ code: 'INVALID_OPTIONS', message: expect.stringContaining('none.pem: ENOENT') });
    expect(await programs[0]?.value('machines')).toHaveLength(2);
    vi.unstubAllEnvs();
  }, 60_000);
});
