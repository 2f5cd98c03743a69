/** The store through PgBouncer in transaction mode: what one session says next may go to another. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresStore } from '../../../src/store-postgres/postgres-store.ts';
import { lackOfPgBouncer, PgBouncer } from '../../postgres/pgbouncer.ts';
import { lackOfPostgres } from '../../postgres/postgres-files.ts';
import { PostgresServer } from '../../postgres/postgres-server.ts';
import { type StoreKit, storeConformance, writersConformance } from '../store/store-conformance.ts';
import { Hammer } from './hammer.ts';

const lack = lackOfPostgres() ?? lackOfPgBouncer();
if (lack !== undefined && process.env.TROUPE_PGBOUNCER === 'required') throw new Error(lack);

describe.skipIf(lack !== undefined)('PgBouncer in transaction mode', { timeout: 120_000 }, () => {
  let server: PostgresServer;
  let bouncer: PgBouncer;
  let schemas = 0;

  beforeAll(async () => {
    server = await PostgresServer.start();
    // Fewer than the sessions of one store.
    bouncer = await PgBouncer.start(server.port, 3);
  }, 60_000);
  afterAll(async () => {
    await bouncer.end();
    await server.end();
  });

  const newKit = async (): Promise<StoreKit> => {
    const schema = `bouncer_${++schemas}`;
    return {
      open: () => PostgresStore.open({ url: server.urlAt(bouncer.port), schema }),
      remove: async () => void (await server.query(`drop schema ${schema} cascade`)),
    };
  };
  storeConformance('the store through PgBouncer', newKit);
  writersConformance('the store through PgBouncer', newKit);

  it('loses and doubles nothing while the server restarts and sessions are ended behind it', async () => {
    const schema = `bouncer_${++schemas}`;
    const store = await PostgresStore.open({
      url: server.urlAt(bouncer.port),
      schema,
      statementMs: 5_000,
      waitMs: 100_000,
    });
    const hammer = new Hammer(store, 24, 'f1');
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      if (round === 1) await server.restart('SIGKILL');
      else await server.terminateAll();
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    await hammer.stop();
    await store.close();
    expect(hammer.error).toBeUndefined();
    const rows = await server.query<{ id: Buffer; version: string }>(`select id, version from ${schema}.records`);
    expect(Object.fromEntries(rows.map(({ id, version }) => [String(id), Number(version)]))).toEqual(
      hammer.acknowledged,
    );
  });
});
