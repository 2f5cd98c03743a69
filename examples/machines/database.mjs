/** The database of the cluster: that of TROUPE_CLUSTER, or in a checkout of troupe a server of its own, which comes by npm and is gone afterwards. */
export async function openDatabase() {
  if (process.env.TROUPE_CLUSTER) return { url: process.env.TROUPE_CLUSTER, end: async () => {} };
  try {
    const { register } = await import('tsx/esm/api');
    register();
    const { PostgresServer } = await import(new URL('../../test/postgres/postgres-server.ts', import.meta.url).href);
    const server = await PostgresServer.start();
    return { url: server.url, end: () => server.end() };
  } catch (error) {
    const text =
      'TROUPE_CLUSTER: expected the address of a PostgreSQL database, postgres://user:password@host/database';
    throw new Error(`${text}; got none, and no server of this folder's own: ${error.message}`);
  }
}
