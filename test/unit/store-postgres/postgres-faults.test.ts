/** The store in a PostgreSQL server that is restarted, killed, frozen, cut off and out-voted while commits are under way. */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CONNECT_MS_MAX, Connection } from '../../../src/store-postgres/connection.ts';
import { RETRY_MS } from '../../../src/store-postgres/commit-queue.ts';
import {
  ENGINE_WAIT_MS,
  PostgresStore,
  type PostgresStoreOptions,
  STATEMENT_MS_MAX,
} from '../../../src/store-postgres/postgres-store.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { lackOfPostgres } from '../../postgres/postgres-files.ts';
import { PostgresServer } from '../../postgres/postgres-server.ts';
import { TcpProxy } from '../../postgres/tcp-proxy.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { SCHEMA_VERSION } from '../../../src/store-postgres/schema.ts';
import { REVOKED_KEPT } from '../../../src/store-postgres/writer-row.ts';
import { fenceOf } from '../../../src/vocabulary/fence.ts';
import { change, Hammer } from './hammer.ts';
import { until } from '../wire/event-loop-clock.ts';

const lack = lackOfPostgres();
if (lack !== undefined && process.env.TROUPE_POSTGRES === 'required') throw new Error(lack);

const { setTimeout: realTimeout } = globalThis;

/** In real time, also where the timers are the test's. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => realTimeout(resolve, ms));
}

describe.skipIf(lack !== undefined)('the store in a PostgreSQL server', { timeout: 120_000 }, () => {
  let server: PostgresServer;
  let proxy: TcpProxy;
  let schemas = 0;
  let schema = '';
  const stores: PostgresStore[] = [];

  beforeAll(async () => {
    server = await PostgresServer.start();
    proxy = await TcpProxy.open(server.port);
  }, 60_000);
  afterAll(async () => {
    await proxy.close();
    await server.end();
  });
  afterEach(async () => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    proxy.accept();
    proxy.resume();
    for (const store of stores.splice(0)) await store.close();
  });

  /** By way of the proxy. */
  async function open(more: Partial<PostgresStoreOptions> = {}): Promise<PostgresStore> {
    if (more.schema === undefined) schema = `faults_${++schemas}`;
    const store = await PostgresStore.open({ url: server.urlAt(proxy.port), schema, ...more });
    stores.push(store);
    return store;
  }

  async function versions(): Promise<Record<string, number>> {
    const rows = await server.query<{ id: Buffer; version: string }>(`select id, version from ${schema}.records`);
    return Object.fromEntries(rows.map(({ id, version }) => [String(id), Number(version)]));
  }

  it.each(['SIGINT', 'SIGQUIT', 'SIGKILL'] as const)(
    'loses and doubles nothing where the server ends by %s in the middle, and begins again',
    async (signal) => {
      const hammer = new Hammer(await open({ statementMs: 5_000, waitMs: 100_000 }), 24, 'f1');
      for (let round = 0; round < 3; round++) {
        await pause(300);
        await server.restart(signal);
      }
      await pause(300);
      await hammer.stop();
      expect(hammer.error).toBeUndefined();
      expect(await versions()).toEqual(hammer.acknowledged);
    },
  );

  it('loses and doubles nothing where an administrator ends every session, again and again', async () => {
    const hammer = new Hammer(await open({ waitMs: 100_000 }), 24, 'f1');
    let ended = 0;
    for (let round = 0; round < 12; round++) {
      await pause(60);
      ended += await server.terminateAll();
    }
    await hammer.stop();
    expect(ended).toBeGreaterThan(5);
    expect(hammer.error).toBeUndefined();
    expect(await versions()).toEqual(hammer.acknowledged);
  });

  it('loses and doubles nothing where connections are cut, with what was under way either way', async () => {
    const hammer = new Hammer(await open({ statementMs: 2_000, waitMs: 100_000 }), 24, 'f1');
    for (let round = 0; round < 6; round++) {
      await pause(80);
      proxy.stall(round % 2 === 0 ? 'from' : 'to');
      await pause(20);
      proxy.cut();
      proxy.resume();
    }
    await pause(100);
    await hammer.stop();
    expect(hammer.error).toBeUndefined();
    expect(await versions()).toEqual(hammer.acknowledged);
  });

  it('goes on after a server that stood still for longer than a statement may take', async () => {
    const hammer = new Hammer(await open({ statementMs: 500, waitMs: 100_000 }), 24, 'f1');
    await pause(300);
    server.freeze();
    await pause(1_500);
    const before = hammer.total;
    server.thaw();
    await pause(500);
    await hammer.stop();
    expect(hammer.total).toBeGreaterThan(before);
    expect(hammer.error).toBeUndefined();
    expect(await versions()).toEqual(hammer.acknowledged);
  });

  it('finds a commit whose answer was lost, and takes it for what it is', async () => {
    const store = await open();
    await store.commit([change('bank/a', 0, 'f1')]);
    proxy.stall('from');
    const commit = store.commit([change('bank/a', 1, 'f1')]);
    await expect.poll(async () => (await versions())['bank/a']).toBe(2);
    proxy.resume();
    proxy.cut();
    await commit;
    expect(await versions()).toEqual({ 'bank/a': 2 });
  });

  it('never takes a commit for failed that comes to be later: what was stranded on its way is refused when it arrives', async () => {
    const store = await open({ statementMs: 500, waitMs: 1_000 });
    await store.commit([change('bank/a', 0, 'f1')]);
    proxy.strand();
    await expect(store.commit([change('bank/a', 1, 'f1')])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    proxy.accept();
    // It is told as in doubt; what a load says, once it says anything, is so for ever.
    const load = (): Promise<number | undefined> =>
      store.load('bank/a').then(
        (record) => record?.version,
        () => undefined,
      );
    await expect.poll(load, { timeout: 30_000 }).toBe(1);
    expect(await proxy.deliver(500)).toBeGreaterThan(100);
    expect(await versions()).toEqual({ 'bank/a': 1 });
    await store.commit([change('bank/a', 1, 'f1')]);
    expect(await versions()).toEqual({ 'bank/a': 2 });
  });

  it('waits for a server that is away, and goes on without a failure; commits gather meanwhile', async () => {
    const hammer = new Hammer(await open({ waitMs: 100_000 }), 200, 'f1');
    await pause(200);
    await server.stop('SIGKILL');
    await pause(800);
    await server.begin();
    await pause(500);
    await hammer.stop();
    expect(hammer.error).toBeUndefined();
    expect(await versions()).toEqual(hammer.acknowledged);
  });

  it('fails what waited too long with STORE_FAILED and the reason, reads too, and works once the server is back', async () => {
    const store = await open({ waitMs: 600, statementMs: 400 });
    await store.commit([change('bank/a', 0, 'f1')]);
    proxy.refuse();
    const commits = Array.from({ length: 50 }, (_, n) => store.commit([change(`bank/b${n}`, 0, 'f1')]));
    const failed = { code: 'STORE_FAILED', cause: expect.anything() };
    const outcomes = await Promise.allSettled([...commits, store.load('bank/a'), store.head('bank/a')]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: failed });
    proxy.accept();
    await expect
      .poll(() =>
        store.load('bank/a').then(
          (record) => record?.version,
          () => 0,
        ),
      )
      .toBe(1);
    await store.commit([change('bank/a', 1, 'f1')]);
    expect(await versions()).toEqual({ 'bank/a': 2 });
  });

  it('voids a commit whose check fails, and no other of the same statement', async () => {
    const store = await open();
    await store.commit([change('bank/a', 0, 'f2'), change('bank/b', 0, 'f2')]);
    // All of them wait, and go in one statement then.
    proxy.refuse();
    const first = store.commit([change('bank/z', 0, 'f2')]);
    await pause(150);
    const stale = store.commit([change('bank/a', 0, 'f2'), change('bank/c', 0, 'f2')]);
    const lower = store.commit([change('bank/b', 1, 'f1')]);
    const absent = store.commit([change('bank/e', 7, 'f2')]);
    const others = Array.from({ length: 20 }, (_, n) => store.commit([change(`bank/d${n}`, 0, 'f2')]));
    const outcomes = Promise.allSettled([stale, lower, absent]);
    proxy.accept();
    await Promise.all([first, ...others]);
    expect((await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason?.message)).toEqual([
      'the record of bank/a has version 1; the commit is for version 0',
      "the fence 'f1' of a commit of bank/b is lower than that of its record, 'f2'",
      'the record of bank/e has version 0; the commit is for version 7',
    ]);
    expect(Object.keys(await versions()).sort()).not.toContain('bank/c');
    expect(Object.keys(await versions())).toHaveLength(23);
  });

  it('lets nothing of an older writer through once a newer one has revoked it, whatever was under way', async () => {
    const old = await open();
    const hammer = new Hammer(old, 24, 'f1');
    await pause(300);
    const newer = await open({ schema });
    await newer.revoke(old.writer);
    const atClaim = await versions();
    await pause(500);
    expect(await versions()).toEqual(atClaim);
    await hammer.stop();
    expect(hammer.error).toMatchObject({ code: 'STORE_FAILED', message: expect.stringMatching(/taken over/) });
    // Each that was acknowledged is there, and nothing else.
    expect(atClaim).toEqual(hammer.acknowledged);
    await newer.commit([change('bank/0', atClaim['bank/0'] as number, 'f2')]);
  });

  it('revokes a writer only once the statement that it has in flight is done', async () => {
    const old = await open();
    await old.commit([change('bank/a', 0, 'f1')]);
    const newer = await open({ schema });
    const holder = new pg.Client({ connectionString: server.url });
    await holder.connect();
    await holder.query(`begin; select 1 from ${schema}.records for update`);
    // It waits for the record, in the engine.
    const commit = old.commit([change('bank/a', 1, 'f1')]);
    const waits = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%${schema}.records%'`;
    await expect.poll(() => server.query(waits).then((rows) => rows.length), { timeout: 20_000 }).toBe(1);
    let isRevoked = false;
    const revoked = newer.revoke(old.writer).then(() => (isRevoked = true));
    await pause(700);
    expect(isRevoked).toBe(false);
    await holder.query('commit');
    await revoked;
    expect(await versions()).toEqual({ 'bank/a': 2 });
    await commit;
    await holder.end();
  });

  it('lets nothing of an older writer through that was stranded on its way as it was revoked', async () => {
    const old = await open({ statementMs: 60_000 });
    await old.commit([change('bank/a', 0, 'f1')]);
    proxy.strand();
    const stranded = old.commit([change('bank/a', 1, 'f1')]);
    stranded.catch(() => {});
    await pause(100);
    proxy.accept();
    const newer = await open({ schema, isAlone: true });
    expect(await newer.load('bank/a')).toMatchObject({ version: 1 });
    expect(await proxy.deliver(300)).toBeGreaterThan(100);
    expect(await versions()).toEqual({ 'bank/a': 1 });
    await expect(stranded).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('goes on with records that another one wrote, large ones too, without having read them', async () => {
    const put = new Map([
      ['state', new Uint8Array(3_000_000).fill(7)],
      ['small', new Uint8Array([1, 2])],
    ]);
    const first = await open();
    await first.commit([{ ...change('bank/a', 0, 'f1'), put }]);
    const second = await open({ schema });
    await second.commit([{ ...change('bank/a', 1, 'f1'), put: new Map([['small', new Uint8Array([255, 128])]]) }]);
    const parts = (await first.load('bank/a'))?.parts ?? new Map<string, Uint8Array>();
    expect(Buffer.from(parts.get('state') as Uint8Array).equals(Buffer.alloc(3_000_000, 7))).toBe(true);
    expect([...(parts.get('small') as Uint8Array)]).toEqual([255, 128]);
    await second.commit([{ ...change('bank/a', 2, 'f1'), put: new Map(), remove: ['state'] }]);
    expect([...((await first.load('bank/a'))?.parts.keys() ?? [])]).toEqual(['small']);
    expect(await server.query(`select * from ${schema}.parts`)).toEqual([]);
  });

  it('is made by many that begin at once, and refuses tables of a newer build', async () => {
    schema = `faults_${++schemas}`;
    const all = await Promise.all(Array.from({ length: 6 }, () => open({ schema })));
    expect(new Set(all.map(({ startedAt }) => startedAt)).size).toBe(6);
    await all[0]?.commit([change('bank/a', 0, 'f1')]);
    expect(await all[5]?.load('bank/a')).toMatchObject({ version: 1 });
    await server.query(`update ${schema}.format set version = version + 1`);
    await expect(open({ schema })).rejects.toThrow(
      `have version ${SCHEMA_VERSION + 1}; this build of troupe knows versions up to ${SCHEMA_VERSION}: start the newer build`,
    );
  });

  it('brings tables of an older build up to date, with what is in them', async () => {
    const first = await open();
    await first.commit([change('bank/a', 0, 'f1')]);
    await server.query(`drop index ${schema}.fences`);
    await server.query(`alter table ${schema}.revoked drop column number`);
    await server.query(`update ${schema}.format set version = 1`);
    const second = await open({ schema });
    await second.revoke(first.writer);
    await expect(first.commit([change('bank/a', 1, 'f1')])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await second.commit([change('bank/a', 1, fenceOf(1, 1, 1, 8))]);
    expect(await second.highestEpoch([shardOf('bank/a')])).toBe(8);
    expect(await server.query(`select version from ${schema}.format`)).toEqual([{ version: SCHEMA_VERSION }]);
  });

  it('keeps the names that were revoked last', async () => {
    const store = await open();
    await store.revoke('m1');
    await server.query(`insert into ${schema}.revoked (writer) select 'x' || generate_series(1, ${REVOKED_KEPT - 1})`);
    await expect(store.enter('m1')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await store.enter('m2');
    await store.revoke('m3');
    expect(await server.query(`select count(*)::int as kept from ${schema}.revoked`)).toEqual([{ kept: REVOKED_KEPT }]);
    await expect(store.enter('m3')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('writes by one of two with the same name: a thread that follows another one takes its place', async () => {
    const first = await open({ writer: 'm1', statementMs: 60_000 });
    await first.commit([change('bank/z', 0, 'f1')]);
    proxy.strand();
    const stranded = first.commit([change('bank/a', 0, 'f1')]);
    stranded.catch(() => {});
    await pause(100);
    proxy.accept();
    const second = await open({ schema, writer: 'm1' });
    expect(await second.load('bank/a')).toBeUndefined();
    expect(await proxy.deliver(300)).toBeGreaterThan(100);
    expect(await versions()).toEqual({ 'bank/z': 1 });
    await second.commit([change('bank/a', 0, 'f1')]);
  });

  /** What came of it, at last. The time of timers is the test's; sockets are real. */
  function outcomeOf(promise: Promise<unknown>): { is: string } {
    const outcome = { is: 'nothing yet' };
    promise.then(
      (value) => (outcome.is = `done: ${String(value)}`),
      (error: { code?: string; message: string }) => (outcome.is = `${error.code}: ${error.message}`),
    );
    return outcome;
  }

  async function advance(ms: number, stepMs: number, isOver: () => boolean): Promise<number> {
    let passed = 0;
    for (; passed < ms && !isOver(); passed += stepMs) {
      await vi.advanceTimersByTimeAsync(stepMs);
      await pause(2);
    }
    return passed;
  }

  function holdTimes(): void {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  }

  /** Its timers are those of the test. */
  async function closeMeanwhile(store: PostgresStore): Promise<void> {
    const closed = outcomeOf(store.close());
    await advance(ENGINE_WAIT_MS, 100, () => closed.is !== 'nothing yet');
  }

  it(`waits ${ENGINE_WAIT_MS} ms for a server that is not there, with what it reads and writes`, async () => {
    // Before the stores: their looks at what waits are timed from their beginning.
    holdTimes();
    // What is read waits for nothing that is written, in a store of its own.
    const [store, other] = [await open(), await open({ schema })];
    await store.commit([change('bank/a', 0, 'f1')]);
    proxy.refuse();
    const [read, written] = [other.load('bank/a'), store.commit([change('bank/a', 1, 'f1')])].map(outcomeOf);
    await advance(ENGINE_WAIT_MS - 2_000, 500, () => false);
    expect([read?.is, written?.is]).toEqual(['nothing yet', 'nothing yet']);
    const late = await advance(10_000, 500, () => read?.is !== 'nothing yet' && written?.is !== 'nothing yet');
    expect(late).toBeLessThanOrEqual(4_000);
    expect([read?.is, written?.is]).toEqual([
      expect.stringMatching(/^STORE_FAILED: /),
      expect.stringMatching(/^STORE_FAILED: /),
    ]);
    proxy.accept();
    await closeMeanwhile(store);
    await closeMeanwhile(other);
  });

  it(`gives a statement up after ${STATEMENT_MS_MAX} ms, with its session, and asks in another one`, async () => {
    const store = await open();
    await store.commit([change('bank/a', 0, 'f1')]);
    const ended = vi.spyOn(Connection.prototype, 'destroy');
    proxy.stall('from');
    holdTimes();
    const read = outcomeOf(store.head('bank/b'));
    await pause(20);
    await vi.advanceTimersByTimeAsync(STATEMENT_MS_MAX - 1);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toHaveBeenCalled();
    expect(read.is).toBe('nothing yet');
    proxy.resume();
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    await until(() => read.is !== 'nothing yet', 'the answer to what was read');
    expect(read.is).toBe('done: undefined');
    await closeMeanwhile(store);
  });

  it(`waits ${CONNECT_MS_MAX} ms for a session to begin`, async () => {
    proxy.stall('to', 'from');
    holdTimes();
    const session = outcomeOf(Connection.open({ url: server.urlAt(proxy.port), statementMs: 60_000 }, false));
    await until(() => proxy.connections > 0, 'the connection');
    await advance(CONNECT_MS_MAX - 100, 100, () => false);
    expect(session.is).toBe('nothing yet');
    await advance(200, 100, () => false);
    expect(session.is).toMatch(/timeout/);
  });

  it('refuses a schema that would have to be quoted, and says where no server is', async () => {
    await expect(open({ schema: 'Tr"oupe' })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(PostgresStore.open({ url: 'postgres://127.0.0.1:1/x' })).rejects.toThrow(
      /could not be opened: .*ECONNREFUSED/,
    );
  });

  it('tells of the partitions that it serves only', async () => {
    const store = await open();
    const ids = Array.from({ length: 40 }, (_, n) => `bank/${n}`);
    await store.commit(ids.map((id): StoreChange => ({ ...change(id, 0, 'f1'), wakeAt: 5 })));
    const due = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const { id } of store.due(0, 10)) found.push(id);
      return found.sort();
    };
    expect(await due()).toEqual([...ids].sort());
    const rows = await server.query<{ id: Buffer; partition: number }>(`select id, partition from ${schema}.records`);
    const some = new Set(rows.slice(0, 7).map(({ partition }) => partition));
    await store.serve([...some]);
    const expected = rows.filter(({ partition }) => some.has(partition)).map(({ id }) => String(id));
    expect(await due()).toEqual(expected.sort());
  });
});
