import { describe, expect, test } from 'vitest';
import { type Reply, request, startTestSystem, type TestSystem } from '../master/system.ts';

describe('the place of an actor that is not placed by hash', () => {
  const kinds = { job: { role: '', strategy: 'least-loaded' as const }, pet: { role: '', strategy: 'local' as const } };

  function locate(system: TestSystem, id: string, by = system.self): Reply {
    return request(by, { kind: 'locate', id });
  }

  test('is the same for everybody until its worker dies', async () => {
    const system = await startTestSystem({ kinds });
    const replies = [system.self, ...system.host.forked].map((by) => locate(system, 'pet/rex', by));
    await system.clock.advance(1);
    const places = new Set(replies.map((reply) => reply.value()));
    expect(places.size).toBe(1);
    const [host] = places;
    system.host.worker(host as number).exit();
    await system.clock.advance(1);
    const after = locate(system, 'pet/rex');
    await system.clock.advance(1);
    expect(after.value()).toBe(3 - (host as number));
  });

  test('is with the asker for local kinds', async () => {
    const system = await startTestSystem({ kinds, groups: [{ role: 'worker', count: 3 }] });
    const replies = system.host.forked.map((by) => locate(system, `pet/of-${by.index}`, by));
    await system.clock.advance(1);
    expect(replies.map((reply) => reply.value())).toEqual([1, 2, 3]);
  });

  test('is not valid again, once it has had a pin elsewhere that is gone', async () => {
    const system = await startTestSystem({ kinds, groups: [{ role: 'worker', count: 3 }] });
    const [first, second, third] = system.host.forked;
    locate(system, 'pet/rex', first);
    await system.clock.advance(1);
    for (const worker of [1, 3]) {
      request(system.self, { kind: 'move', id: 'pet/rex', worker });
      await system.clock.advance(1);
    }
    expect(system.self.table?.pinOf('pet/rex')).toBe(3);
    third?.exit();
    await system.clock.advance(1);
    const after = locate(system, 'pet/rex', second);
    await system.clock.advance(1);
    expect(after.value()).toBe(2);
  });

  test('spreads many that are asked for between two heartbeats', async () => {
    const system = await startTestSystem({ kinds });
    const replies = Array.from({ length: 20 }, (_, n) => locate(system, `job/${n}`));
    await system.clock.advance(1);
    expect(replies.filter((reply) => reply.value() === 1).length).toBe(10);
  });

  test('follows the loads that the workers report', async () => {
    const system = await startTestSystem({ kinds });
    system.host.worker(1).say({ type: 'heartbeat', load: { actors: 100, mailbox: 0, heapBytes: 1, rssBytes: 1 } });
    const replies = Array.from({ length: 20 }, (_, n) => locate(system, `job/${n}`));
    await system.clock.advance(1);
    expect(replies.every((reply) => reply.value() === 2)).toBe(true);
  });

  test('is NO_WORKER where none can host it', async () => {
    const system = await startTestSystem({ kinds, groups: [{ role: 'worker', count: 1 }] });
    system.host.worker(1).exit();
    await system.clock.advance(1);
    const reply = locate(system, 'job/1');
    await system.clock.advance(1);
    expect(reply.error()?.code).toBe('NO_WORKER');
  });
});
