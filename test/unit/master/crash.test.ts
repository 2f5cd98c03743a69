import { expect, test } from 'vitest';
import { NOWHERE } from '../../../src/wire/control.ts';
import {
  BACKOFF_MS,
  HANG_MS,
  homesOf,
  idOn,
  INTENSITY,
  PERIOD_MS,
  request,
  startTestSystem,
  type TestSystem,
} from './system.ts';

function lastTable({ self }: TestSystem) {
  const { change } = self.all('table').at(-1) ?? {};
  if (!change) throw new Error('a table change was expected');
  return change;
}

test('one change declares a dead worker dead and gives its shards new hosts, before anything else is said of it', async () => {
  const system = await startTestSystem({ groups: [{ role: 'worker', count: 3 }] });
  const { clock, host, self } = system;
  const before = self.received.length;
  const lost = (self.table?.column('') ?? []).flatMap((host, shard) => (host === 2 ? [shard] : []));
  host.worker(2).exit();
  await clock.advance(1);
  const [first] = self.received.slice(before);
  expect(first).toMatchObject({ type: 'table', change: { epoch: 2, dead: { index: 2, incarnation: 1 } } });
  expect(lastTable(system).columns['']?.map(([shard]) => shard)).toEqual(lost);
  expect(homesOf(system)).toEqual([1, 3]);
});

test('a dead worker is forked again after its backoff, as the next incarnation, and gets its share back', async () => {
  const system = await startTestSystem();
  const { clock, host, self } = system;
  host.worker(2).exit();
  await clock.advance(BACKOFF_MS - 1);
  expect(host.forked.length).toBe(2);
  expect(self.all('workers').at(-1)?.workers[1]).toMatchObject({ index: 2, state: 'backing-off' });
  await clock.advance(2);
  expect(host.worker(2).incarnation).toBe(2);
  await clock.advance(1_000);
  expect(homesOf(system)).toEqual([1, 2]);
  expect(self.all('workers').at(-1)?.workers[1]).toMatchObject({ state: 'ready', incarnation: 2, restarts: 1 });
  expect(host.faults).toEqual([]);
});

test('others hear of a new incarnation only after the change that declared the old one dead', async () => {
  const { clock, host, self } = await startTestSystem();
  host.worker(2).exit();
  await clock.advance(1_000);
  const buried = self.received.findIndex((message) => message.type === 'table' && message.change.dead?.index === 2);
  const heard = self.received.findIndex((message) => message.type === 'peer' && message.peer.incarnation === 2);
  expect(buried).toBeGreaterThan(0);
  expect(heard).toBeGreaterThan(buried);
});

test('every process takes up the same tables, strictly one after another', async () => {
  const { clock, host, self } = await startTestSystem({ groups: [{ role: 'worker', count: 3 }] });
  for (const index of [2, 3, 1]) {
    host.worker(index).exit();
    await clock.advance(500);
  }
  const epochs = self.all('table').map(({ change }) => change.epoch);
  expect(epochs).toEqual(epochs.map((_, at) => at + 1));
  for (const worker of host.living()) expect(worker.table?.toData()).toEqual(self.table?.toData());
});

test('a worker past its restart intensity is given up, and one within it is not', async () => {
  const { clock, host, self } = await startTestSystem();
  self.say({ type: 'listen', names: ['worker-given-up'] });
  for (let crash = 0; crash <= INTENSITY; crash++) {
    expect(self.all('event')).toEqual([]);
    host.worker(2).exit();
    await clock.advance(BACKOFF_MS * 2);
  }
  expect(self.all('event').map(({ payload }) => payload)).toEqual([{ worker: 2, role: 'worker', restarts: INTENSITY }]);
  await clock.advance(PERIOD_MS * 2);
  expect(host.forked.filter(({ index }) => index === 2).length).toBe(INTENSITY + 1);
  expect(self.all('workers').at(-1)?.workers[1]?.state).toBe('given-up');
});

test('crashes further apart than the period are forgiven', async () => {
  const { clock, host } = await startTestSystem();
  for (let crash = 0; crash < INTENSITY * 3; crash++) {
    host.worker(2).exit();
    await clock.advance(PERIOD_MS);
  }
  expect(host.worker(2).isDead).toBe(false);
});

test('a hung worker is killed, and keeps its hosts until its exit is seen', async () => {
  const system = await startTestSystem();
  const { clock, host, self } = system;
  const worker = host.worker(2);
  worker.behave.isFrozen = true;
  while (worker.kills.length === 0 && clock.now() < HANG_MS * 2) await clock.advance(1);
  expect(clock.now()).toBeGreaterThan(HANG_MS);
  expect(clock.now()).toBeLessThan(HANG_MS * 2);
  expect([worker.kills, homesOf(system), self.all('table').length]).toEqual([['SIGKILL'], [1, 2], 1]);
  await clock.advance(2);
  expect(homesOf(system)).toEqual([1]);
});

test('a worker that beats its heart is not taken for hung', async () => {
  const { clock, host } = await startTestSystem();
  await clock.advance(HANG_MS * 20);
  expect(host.forked.flatMap(({ kills }) => kills)).toEqual([]);
});

test('a master that was itself held up reads the signs of life that wait before it judges', async () => {
  const { clock, host } = await startTestSystem();
  await clock.advance(10);
  const workers = [...host.forked];
  for (const worker of workers) worker.behave.isFrozen = true;
  clock.block(HANG_MS * 3);
  // The check is due now; what the workers said meanwhile is read after it.
  await clock.advance(2);
  for (const worker of workers) worker.behave.isFrozen = false;
  await clock.advance(HANG_MS * 2);
  expect(workers.flatMap(({ kills }) => kills)).toEqual([]);
});

test('a worker that never becomes ready is killed and counts as having failed', async () => {
  const { clock, host } = await startTestSystem();
  host.behave = () => ({ stopsAt: 'boot' });
  host.worker(2).exit();
  await clock.advance(90_000);
  expect(host.forked.filter(({ index }) => index === 2).map(({ kills }) => kills.length > 0)).toContain(true);
  expect(host.worker(2).incarnation).toBeGreaterThan(2);
});

test('spawned actors of a dead worker are started again, each once, where their shards live now', async () => {
  const system = await startTestSystem({ groups: [{ role: 'worker', count: 3 }] });
  const { clock, host, self } = system;
  const [spawned, ended] = ['counter/spawned', 'counter/ended'].map((id) => ({ id, args: { id } }));
  host.worker(2).say({ type: 'spawned', records: [spawned, ended] as never });
  await clock.advance(1);
  host.worker(2).say({ type: 'ended', ids: ['counter/ended'] });
  await clock.advance(1);
  host.worker(2).exit();
  await clock.advance(1);
  const now = self.table?.hostOf('counter/spawned', '') as number;
  expect(host.living().map(({ index, started }) => [index, started])).toEqual(
    [1, 3].map((index) => [index, index === now ? [spawned] : []]),
  );
  host.worker(now).say({ type: 'started', ids: ['counter/spawned'] });
  await clock.advance(1);
  host.worker(now).exit();
  await clock.advance(1);
  expect(host.worker(4 - now).started).toEqual([spawned]);
});

test('the pins of a dead worker go, its ids are back at their shards', async () => {
  const system = await startTestSystem();
  const { clock, host, self } = system;
  const id = idOn(system, 'counter', 1);
  request(self, { kind: 'claim', id, role: '', worker: 2, fresh: true, strategy: 'hash' });
  await clock.advance(1);
  expect(self.table?.pinOf(id)).toBe(2);
  host.worker(2).exit();
  await clock.advance(1);
  expect([self.table?.pinOf(id), self.table?.hostOf(id, '')]).toEqual([undefined, 1]);
});

test('shards of a role with no living worker are nowhere until one comes back', async () => {
  const system = await startTestSystem({
    groups: [
      { role: 'web', count: 2 },
      { role: 'mail', count: 1 },
    ],
  });
  const { clock, host } = system;
  host.worker(3).exit();
  await clock.advance(1);
  expect(homesOf(system, 'mail')).toEqual([NOWHERE]);
  await clock.advance(1_000);
  expect(homesOf(system, 'mail')).toEqual([3]);
});

test('listeners hear of an exit and of the return, each event once', async () => {
  const { clock, host, self } = await startTestSystem();
  host.worker(1).say({ type: 'listen', names: ['worker-exited', 'worker-online'] });
  self.say({ type: 'listen', names: ['worker-exited'] });
  await clock.advance(1);
  host.worker(2).exit({ code: 3, signal: null });
  await clock.advance(1_000);
  expect(self.all('event').map(({ name, payload }) => [name, payload])).toEqual([
    ['worker-exited', { worker: 2, pid: 1002, role: 'worker', incarnation: 1, code: 3, signal: null }],
  ]);
  expect(
    host
      .worker(1)
      .all('event')
      .map(({ name }) => name),
  ).toEqual(['worker-exited', 'worker-online']);
});
