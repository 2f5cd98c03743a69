/** The store in a real PostgreSQL server: what every store does, and its tables. */
import { afterAll, beforeAll, describe } from 'vitest';
import { PostgresStore } from '../../../src/store-postgres/postgres-store.ts';
import { lackOfPostgres } from '../../postgres/postgres-files.ts';
import { PostgresServer } from '../../postgres/postgres-server.ts';
import { ownedKit } from '../store-service/owned-kit.ts';
import { type StoreKit, storeConformance, writersConformance } from '../store/store-conformance.ts';

const lack = lackOfPostgres();
if (lack !== undefined && process.env.TROUPE_POSTGRES === 'required') throw new Error(lack);

describe.skipIf(lack !== undefined)('PostgreSQL', () => {
  let server: PostgresServer;
  let schemas = 0;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);
  afterAll(() => server.end());

  const newKit = async (): Promise<StoreKit> => {
    const schema = `conformance_${++schemas}`;
    return {
      open: () => PostgresStore.open({ url: server.url, schema }),
      remove: async () => void (await server.query(`drop schema ${schema} cascade`)),
    };
  };
  storeConformance('store in PostgreSQL', newKit);
  writersConformance('store in PostgreSQL', newKit);
  storeConformance('store in PostgreSQL that another process owns', async () => {
    const schema = `owned_${++schemas}`;
    const kit = await ownedKit(() => PostgresStore.open({ url: server.url, schema }), true);
    const remove = async (): Promise<void> => {
      await kit.remove();
      await server.query(`drop schema ${schema} cascade`);
    };
    return { ...kit, remove };
  });
});
