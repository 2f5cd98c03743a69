/** The server and the proxy of the tests themselves: what the tests of the store and of machines rely on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { lackOfPostgres } from '../../postgres/postgres-files.ts';
import { isAlive, PostgresServer } from '../../postgres/postgres-server.ts';
import { TcpProxy } from '../../postgres/tcp-proxy.ts';

const lack = lackOfPostgres();
if (lack !== undefined && process.env.TROUPE_POSTGRES === 'required') throw new Error(lack);

describe.skipIf(lack !== undefined)('a PostgreSQL server of a test', { timeout: 60_000 }, () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function start(): Promise<PostgresServer> {
    const server = await PostgresServer.start();
    ends.push(() => server.end());
    return server;
  }

  it('starts, keeps what was committed over a kill and over an end in order, and leaves no folder behind', async () => {
    const server = await start();
    await server.query('create table t as select 1 as a');
    await server.restart('SIGKILL');
    await server.query('insert into t values (2)');
    await server.restart('SIGINT');
    expect(await server.query('select a from t order by a')).toEqual([{ a: 1 }, { a: 2 }]);
    const [{ folder }] = (await server.query(`select current_setting('data_directory') as folder`)) as [
      { folder: string },
    ];
    expect(existsSync(folder)).toBe(true);
    await server.end();
    expect(existsSync(folder)).toBe(false);
  });

  it('answers nothing while it is frozen, by a session that was there or by a new one, and then everything', async () => {
    const server = await start();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    ends.push(() => client.end());
    server.freeze();
    const answers = Promise.all([client.query('select 1 as a'), server.query('select 2 as a')]);
    expect(await Promise.race([answers, new Promise((resolve) => setTimeout(resolve, 300, 'nothing'))])).toBe(
      'nothing',
    );
    server.thaw();
    expect((await answers)[1]).toEqual([{ a: 2 }]);
  });

  it('ends with the process that started it, also when that is killed and the server frozen', async () => {
    const program = fileURLToPath(new URL('../../postgres/frozen-server.ts', import.meta.url));
    const starter = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    ends.push(async () => starter.kill('SIGKILL'));
    const [line] = await once(starter.stdout, 'data');
    const { pids, folder } = JSON.parse(String(line)) as { pids: number[]; folder: string };
    expect(pids.filter(isAlive).length).toBeGreaterThan(2);
    starter.kill('SIGKILL');
    await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('is held up, cut off and refused by the proxy', async () => {
    const server = await start();
    const proxy = await TcpProxy.open(server.port);
    ends.push(() => proxy.close());
    const connect = async (): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: server.urlAt(proxy.port) });
      client.on('error', () => {});
      await client.connect();
      return client;
    };
    const client = await connect();
    proxy.stall('from');
    const late = client.query('create table made_meanwhile (a int)');
    await expect
      .poll(() => server.query(`select to_regclass('made_meanwhile') is not null as is_there`))
      .toEqual([{ is_there: true }]);
    expect(await Promise.race([late, 'nothing'])).toBe('nothing');
    proxy.resume();
    await late;
    const cut = client.query('select pg_sleep(10)');
    proxy.cut();
    await expect(cut).rejects.toThrow(/terminated unexpectedly|ECONNRESET/);
    proxy.refuse();
    await expect(connect()).rejects.toThrow();
    proxy.accept();
    const again = await connect();
    await again.end();
  });
});
