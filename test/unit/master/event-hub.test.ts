import { expect, test } from 'vitest';
import { startTestSystem } from './system.ts';

const STARTED = { type: 'event' as const, name: 'actor-started' as const, payload: { id: 'counter/a', worker: 1 } };

test('an event goes to the others that listen, not to those that do not, and not back', async () => {
  const { clock, host, self } = await startTestSystem({ groups: [{ role: 'worker', count: 3 }] });
  for (const process of [self, host.worker(1), host.worker(2)])
    process.say({ type: 'listen', names: ['actor-started'] });
  host.worker(3).say({ type: 'listen', names: ['actor-stopped'] });
  await clock.advance(1);
  host.worker(1).say(STARTED);
  await clock.advance(1);
  const heard = [self, ...host.forked].map((process) => process.all('event').length);
  expect(heard).toEqual([1, 0, 1, 0]);
});

test('each process is told what others want to hear, and forgets it when they no longer do', async () => {
  const { clock, host, self } = await startTestSystem();
  self.say({ type: 'listen', names: ['actor-started', 'dead-letter'] });
  await clock.advance(1);
  expect(host.worker(1).all('wanted-events').at(-1)?.names).toEqual(['actor-started', 'dead-letter']);
  expect(self.all('wanted-events').at(-1)?.names).toEqual([]);
  self.say({ type: 'listen', names: [] });
  await clock.advance(1);
  expect(host.worker(1).all('wanted-events').at(-1)?.names).toEqual([]);
});

test('the wishes of a dead worker are forgotten, those of the others reach its successor', async () => {
  const { clock, host, self } = await startTestSystem();
  host.worker(2).say({ type: 'listen', names: ['dead-letter'] });
  self.say({ type: 'listen', names: ['actor-started'] });
  await clock.advance(1);
  host.worker(2).exit();
  await clock.advance(500);
  expect(host.worker(1).all('wanted-events').at(-1)?.names).toEqual(['actor-started']);
  expect(host.worker(2).all('wanted-events').at(-1)?.names).toEqual(['actor-started']);
});

test('the state of the workers is told on change, and loads at most once a second', async () => {
  const { clock, host, self } = await startTestSystem();
  await clock.advance(100);
  const before = self.all('workers').length;
  for (let beat = 0; beat < 50; beat++) {
    host.worker(1).say({ type: 'heartbeat', load: { actors: beat, mailbox: 0, heapBytes: 1, rssBytes: 1 } });
    await clock.advance(100);
  }
  expect(self.all('workers').length - before).toBeLessThanOrEqual(6);
  expect(self.all('workers').length - before).toBeGreaterThanOrEqual(4);
});
