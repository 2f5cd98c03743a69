import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Directory } from '../../../src/directory/directory.ts';
import { PostgresDirectory } from '../../../src/directory/postgres-directory.ts';
import { systemClock } from '../../../src/vocabulary/system-clock.ts';
import { PostgresServer } from '../../postgres/postgres-server.ts';
import { lackOfPgBouncer, PgBouncer } from '../../postgres/pgbouncer.ts';
import { TcpProxy } from '../../postgres/tcp-proxy.ts';
import { bytes, directoryConformance, noted, readText, revisionOf, text, until } from './directory-conformance.ts';

const STATEMENT_MS = 600;
let server: PostgresServer;
let schemas = 0;

beforeAll(async () => {
  server = await PostgresServer.start();
}, 60_000);
afterAll(() => server?.end());

const opened: Directory[] = [];
async function open(schema: string, port = server.port): Promise<PostgresDirectory> {
  const options = { url: server.urlAt(port), schema, statementMs: STATEMENT_MS };
  const directory = await PostgresDirectory.open(options, systemClock());
  opened.push(directory);
  return directory;
}

async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((directory) => directory.close()));
}

directoryConformance('PostgreSQL', async () => {
  const schema = `conformance_${++schemas}`;
  const proxy = await TcpProxy.open(server.port);
  return {
    deadlineMs: STATEMENT_MS,
    open: () => open(schema, proxy.port),
    stall: () => proxy.stall('to', 'from'),
    stallAnswers: () => proxy.stall('from'),
    resume: () => proxy.resume(),
    goAway: () => server.stop('SIGQUIT'),
    comeBack: () => server.begin(),
    end: async () => {
      await closeAll();
      await proxy.close();
      if (!server.isRunning) await server.begin();
    },
  };
});

const lack = lackOfPgBouncer();
if (lack !== undefined) console.log(`the directory behind PgBouncer is not tested: ${lack}`);
describe.skipIf(lack !== undefined)('with a pooler in between', () => {
  directoryConformance('PostgreSQL behind PgBouncer, by transaction', async () => {
    const schema = `bouncer_${++schemas}`;
    const bouncer = await PgBouncer.start(server.port, 2);
    const proxy = await TcpProxy.open(bouncer.port);
    return {
      deadlineMs: STATEMENT_MS,
      open: () => open(schema, proxy.port),
      stall: () => proxy.stall('to', 'from'),
      stallAnswers: () => proxy.stall('from'),
      resume: () => proxy.resume(),
      goAway: async () => proxy.refuse(),
      comeBack: async () => proxy.accept(),
      end: async () => {
        await closeAll();
        await proxy.close();
        await bouncer.end();
      },
    };
  });
});

describe('a directory in PostgreSQL', () => {
  it('is made once, by many that begin at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => open('at_once')));
    const created = await Promise.all(all.map((one) => one.create('k', bytes('1'))));
    expect(created.filter(({ is }) => is === 'done')).toHaveLength(1);
    await closeAll();
  });

  it('of a newer build is refused, and left as it is', async () => {
    await open('newer');
    await closeAll();
    await server.query('update newer.directory_format set version = 2');
    await expect(open('newer')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(open('newer')).rejects.toThrow('has version 2; this build of troupe knows versions up to 1');
    expect(await server.query('select version from newer.directory_format')).toEqual([{ version: 2 }]);
  });

  it('that is not there is told as a store that failed', async () => {
    const error: unknown = await open('nowhere', 1).catch((error) => error);
    const message = expect.stringMatching(/^the directory in PostgreSQL could not be opened: .*ECONNREFUSED/);
    expect(error).toMatchObject({ name: 'TroupeError', code: 'STORE_FAILED', message });
  });

  it('says how its database is set, also where somebody has set it for the role', async () => {
    const directory = await open('looked_at');
    expect(await directory.look()).toMatchObject({
      ...{ version: expect.stringMatching(/^\d+/), hasPooler: false, synchronousCommit: 'on', fsync: 'on' },
      ...{ statementTimeoutMs: STATEMENT_MS + 5_000, idleSessionTimeoutMs: 0 },
    });
    await closeAll();
    await server.query('alter role troupe set synchronous_commit = off');
    await server.query(`alter role troupe set idle_session_timeout = '7s'`);
    const set = await (await open('looked_at')).look();
    await server.query('alter role troupe reset all');
    expect(set).toMatchObject({ synchronousCommit: 'off', idleSessionTimeoutMs: 7_000 });
    expect(set.roundTripMs).toBeGreaterThan(0);
    await closeAll();
  });

  it('that is frozen answers nothing for longer than its deadline, and goes on when it thaws', async () => {
    const directory = await open('frozen');
    const revision = revisionOf(await directory.create('k', bytes('old')));
    const { told, close } = noted(directory, 'k');
    await until(() => told.includes('synced'), 'the watch is synced');
    server.freeze();
    const began = Date.now();
    expect(await directory.update('k', bytes('new'), revision)).toEqual({ is: 'unknown' });
    expect(await directory.readLinearizable('k')).toBe('unavailable');
    expect(Date.now() - began).toBeLessThan(STATEMENT_MS * 2 + 6_000);
    server.thaw();
    await until(async () => (await directory.readLinearizable('k')) !== 'unavailable', 'it is read', 20_000);
    const second = await directory.update('k', bytes('second'), revision);
    expect(['done', 'conflict']).toContain(second.is);
    expect(await readText(directory, 'k')).toBe(second.is === 'done' ? 'second' : 'new');
    await until(() => told.includes('gap') && told.at(-1) !== 'gap', 'the watch goes on', 20_000);
    close();
    await closeAll();
  }, 60_000);

  it('may make a write long after its sender was told that nobody knows, but not behind another on the same revision', async () => {
    const proxy = await TcpProxy.open(server.port);
    for (const isDecided of [false, true]) {
      const key = `late/${isDecided}`;
      const directory = await open('stranded', proxy.port);
      const revision = revisionOf(await directory.create(key, bytes('old')));
      proxy.strand();
      expect(await directory.update(key, bytes('stranded'), revision)).toEqual({ is: 'unknown' });
      proxy.accept();
      expect(await readText(directory, key)).toBe('old');
      if (isDecided) revisionOf(await directory.update(key, bytes('second'), revision));
      expect(await proxy.deliver(300)).toBeGreaterThan(0);
      expect(await readText(directory, key)).toBe(isDecided ? 'second' : 'stranded');
      await closeAll();
    }
    await proxy.close();
  }, 60_000);

  it('goes on when all its sessions are terminated', async () => {
    const directory = await open('terminated');
    const revision = revisionOf(await directory.create('k', bytes('old')));
    expect(await server.terminateAll()).toBeGreaterThan(0);
    await until(async () => {
      const answer = await directory.update('k', bytes('new'), revision);
      return answer.is === 'done' || (answer.is === 'conflict' && (await readText(directory, 'k')) === 'new');
    }, 'it is written');
    await closeAll();
  });

  it('holds up to every word that it gave, while sessions end, the network stalls and the server restarts', async () => {
    const proxy = await TcpProxy.open(server.port);
    const all = await Promise.all(Array.from({ length: 3 }, () => open('faults', proxy.port)));
    await all[0]?.create('k', bytes('[]'));
    const said = new Map<string, string>();
    let isOver = false;
    const writing = all.map(async (one, machine) => {
      for (let at = 0; !isOver; at++) {
        const entry = await one.readLinearizable('k');
        if (entry === 'unavailable' || !entry) {
          await delay(20);
          continue;
        }
        const word = `${machine}-${at}`;
        const words = [...(JSON.parse(text(entry.value)) as string[]), word];
        said.set(word, (await one.update('k', bytes(JSON.stringify(words)), entry.revision)).is);
        await delay(2);
      }
    });
    for (const fault of ['terminate', 'cut', 'stall', 'terminate', 'restart', 'cut', 'freeze', 'terminate'] as const) {
      await delay(150);
      if (fault === 'terminate') await server.terminateAll();
      else if (fault === 'cut') proxy.cut();
      else if (fault === 'restart') await server.restart('SIGQUIT');
      else if (fault === 'stall') {
        proxy.stall('from');
        await delay(STATEMENT_MS + 200);
        proxy.resume();
      } else {
        server.freeze();
        await delay(STATEMENT_MS + 200);
        server.thaw();
      }
    }
    await delay(200);
    isOver = true;
    await Promise.all(writing);
    await until(async () => (await all[0]?.readLinearizable('k')) !== 'unavailable', 'it is read', 20_000);
    const kept = JSON.parse((await readText(all[0] as Directory, 'k')) as string) as string[];
    expect(new Set(kept).size).toBe(kept.length);
    const of = (is: string): string[] => [...said].flatMap(([word, answer]) => (answer === is ? [word] : []));
    expect(of('done').filter((word) => !kept.includes(word))).toEqual([]);
    expect([...of('conflict'), ...of('unavailable')].filter((word) => kept.includes(word))).toEqual([]);
    expect(of('done').length).toBeGreaterThan(0);
    expect(of('unknown').length).toBeGreaterThan(0);
    await closeAll();
    await proxy.close();
  }, 120_000);
});
