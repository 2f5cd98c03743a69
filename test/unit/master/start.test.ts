import { expect, test } from 'vitest';
import { SHARDS } from '../../../src/placement/shard.ts';
import { createTestSystem, homesOf, startTestSystem } from './system.ts';

const EPOCHS = (tables: { change: { epoch: number } }[]): number[] => tables.map(({ change }) => change.epoch);

test('a worker is booted, welcomed, placed and only then told to go', async () => {
  const { host } = await startTestSystem();
  for (const worker of host.forked) {
    const order = worker.types().filter((type) => ['boot', 'welcome', 'table', 'go'].includes(type));
    expect(order).toEqual(['boot', 'welcome', 'table', 'go']);
    expect(worker.all('boot')[0]?.self).toEqual({ index: worker.index, incarnation: 1, role: 'worker' });
  }
});

test('each process links to those welcomed before it, and they hear of it first', async () => {
  const { host, self } = await startTestSystem({ groups: [{ role: 'worker', count: 3 }] });
  const links = (index: number): number[] =>
    host
      .worker(index)
      .all('welcome')[0]
      ?.peers.map((peer) => peer.index) ?? [];
  expect([links(1), links(2), links(3)]).toEqual([[0], [0, 1], [0, 1, 2]]);
  expect(self.all('welcome')[0]?.peers).toEqual([]);
  expect(self.all('peer').map(({ peer }) => peer.index)).toEqual([1, 2, 3]);
  expect(
    host
      .worker(1)
      .all('peer')
      .map(({ peer }) => peer.path),
  ).toEqual(['/sockets/2.1', '/sockets/3.1']);
});

test('nothing is placed and nobody goes before the last worker is linked', async () => {
  const { clock, host, master, self } = createTestSystem();
  host.behave = ({ index }) => (index === 2 ? { stopsAt: 'welcome' } : {});
  const started = master.start();
  await clock.advance(100);
  expect([self.all('table'), host.worker(1).all('go')]).toEqual([[], []]);
  host.worker(2).say({ type: 'linked' });
  await clock.advance(1);
  await started;
  expect(EPOCHS(self.all('table'))).toEqual([1]);
});

test('the start waits until the last worker is ready', async () => {
  const { clock, host, master } = createTestSystem();
  host.behave = ({ index }) => (index === 2 ? { stopsAt: 'go' } : {});
  let isStarted = false;
  const started = master.start().then(() => (isStarted = true));
  await clock.advance(100);
  expect(isStarted).toBe(false);
  host.worker(2).say({ type: 'ready' });
  await started;
  expect(isStarted).toBe(true);
});

test('all workers share the shards of no role; those of a role go to its own workers only', async () => {
  const system = await startTestSystem({
    groups: [
      { role: 'web', count: 2 },
      { role: 'mail', count: 1 },
    ],
  });
  expect([homesOf(system), homesOf(system, 'web'), homesOf(system, 'mail')]).toEqual([[1, 2, 3], [1, 2], [3]]);
  expect(system.self.table?.column('').length).toBe(SHARDS);
  for (const worker of system.host.forked) expect(worker.table?.toData()).toEqual(system.self.table?.toData());
});

test('a worker that cannot load its actors fails the start with its error, and no process is left', async () => {
  const { clock, host, master } = createTestSystem();
  const loadError = { code: 'INVALID_OPTIONS' as const, message: 'actors/a.ts: expected a definition; got 5' };
  host.behave = ({ index }) => (index === 2 ? { loadError } : {});
  const failed = expect(master.start()).rejects.toMatchObject(loadError);
  await clock.advance(60_000);
  await failed;
  expect([host.forked.length, host.living()]).toEqual([2, []]);
});

test('a worker whose main throws fails the start with its error', async () => {
  const { clock, host, master } = createTestSystem();
  host.behave = ({ index }) => (index === 1 ? { stopsAt: 'go' } : {});
  const error = { code: 'INVALID_OPTIONS' as const, message: 'main() threw Error: no port' };
  const failed = expect(master.start()).rejects.toMatchObject(error);
  await clock.advance(10);
  host.worker(1).say({ type: 'main-failed', error });
  await clock.advance(60_000);
  await failed;
  expect(host.living()).toEqual([]);
});

test('a first worker that dies before it is linked is forked again, and the start goes on', async () => {
  const { clock, host, master } = createTestSystem();
  host.behave = ({ index, incarnation }) => (index === 2 && incarnation === 1 ? { stopsAt: 'welcome' } : {});
  const started = master.start();
  await clock.advance(10);
  host.worker(2).exit();
  await clock.advance(1_000);
  await started;
  expect(host.worker(2).incarnation).toBe(2);
});

test('several systems of one process know nothing of each other', async () => {
  const one = await startTestSystem();
  const other = await startTestSystem({ groups: [{ role: 'worker', count: 1 }] });
  one.host.worker(1).exit();
  await one.clock.advance(10);
  expect(other.self.all('table').length).toBe(1);
  await other.master.shutdown(0);
  expect([one.host.living().length, other.host.living().length]).toEqual([1, 0]);
});
