import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresDirectory } from '../../../src/directory/postgres-directory.ts';
import { PostgresStore } from '../../../src/store-postgres/postgres-store.ts';
import { serverFault } from '../../../src/store-postgres/server-check.ts';
import { systemClock } from '../../../src/vocabulary/system-clock.ts';
import { lackOfPostgres } from '../../postgres/postgres-files.ts';
import { PostgresServer } from '../../postgres/postgres-server.ts';

const sound = { version: '15.18', versionNumber: 150_018, isStandby: false, isReadOnly: false };

it.each([
  [{}, undefined],
  [{ version: '14.0', versionNumber: 140_000 }, undefined],
  [{ version: '13.4', versionNumber: 130_004 }, 'PostgreSQL 14 or later is expected; the server has 13.4'],
  [{ isStandby: true, isReadOnly: true }, /^the PostgreSQL server is a standby, which takes no writes/],
  [{ isReadOnly: true }, /takes no writes: default_transaction_read_only is on there/],
])('a server of %j', (more, expected) => {
  const fault = serverFault({ ...sound, ...more });
  if (expected === undefined) expect(fault).toBeUndefined();
  else expect(fault).toMatch(expected);
});

const lack = lackOfPostgres();
describe.skipIf(lack !== undefined)('a server that takes no writes', { timeout: 60_000 }, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);
  afterAll(() => server?.end());

  async function isRefused(text: RegExp): Promise<void> {
    const { url } = server;
    const refused = { code: 'STORE_FAILED', message: expect.stringMatching(text) };
    await expect(PostgresStore.open({ url, schema: 'checked' })).rejects.toMatchObject(refused);
    const directory = PostgresDirectory.open({ url, schema: 'checked', statementMs: 1_000 }, systemClock());
    await expect(directory).rejects.toMatchObject(refused);
  }

  it('is refused at once, by the store and by the directory', async () => {
    await server.query('alter database postgres set default_transaction_read_only = on');
    await isRefused(/default_transaction_read_only is on there/);
    await server.query('begin read write; alter database postgres reset default_transaction_read_only; commit');
    await (await PostgresStore.open({ url: server.url, schema: 'checked' })).close();
    await server.becomeStandby();
    await isRefused(/is a standby/);
  });
});
