import { describe, expect, test } from 'vitest';
import { MemoryNetwork } from '../../../src/doubles/memory-network.ts';
import { eventLoopClock, someTurns, until } from '../wire/event-loop-clock.ts';
import { Diary, fill, frame, handshakeOf, type LinkWorld, linkConformance, pair } from '../wire/link-conformance.ts';

const FRAME_BYTES_MAX = 2 * 1024 * 1024;

function worldOf(network: MemoryNetwork): LinkWorld {
  return { host: () => network.host(), frameBytesMax: FRAME_BYTES_MAX, dispose: async () => {} };
}

linkConformance('memory network', () =>
  worldOf(new MemoryNetwork({ clock: eventLoopClock, frameBytesMax: FRAME_BYTES_MAX })),
);

linkConformance('memory network with uneven delays', () => {
  let count = 0;
  const delayMs = (): number => (count++ % 7 === 0 ? 2 : 0);
  return worldOf(new MemoryNetwork({ clock: eventLoopClock, frameBytesMax: FRAME_BYTES_MAX, delayMs }));
});

describe('faults of the memory network', () => {
  test('a cut: both ends read what is under way, then the end', async () => {
    const network = new MemoryNetwork({ clock: eventLoopClock });
    const [near, far] = await pair(worldOf(network));
    near.link.write(frame('to far'));
    far.link.write(frame('to near'));
    network.cut('~1.1', '~2.1');
    expect(near.link.write(frame('too late'))).toBe(false);
    await Promise.all([near.ended(), far.ended()]);
    expect([near.frames, far.frames]).toEqual([['to near'], ['to far']]);
  });

  test('a stall: frames and the end wait, in order, until it is over', async () => {
    const network = new MemoryNetwork({ clock: eventLoopClock });
    const [near, far] = await pair(worldOf(network));
    network.stall('~2.1', '~1.1');
    near.link.write(frame('a'));
    near.link.write(frame('b'));
    network.cut('~1.1', '~2.1');
    await someTurns();
    expect([far.frames, far.ends, near.ends]).toEqual([[], 0, 0]);
    network.unstall('~1.1', '~2.1');
    await Promise.all([far.ended(), near.ended()]);
    expect(far.frames).toEqual(['a', 'b']);
  });

  test('a stall holds links that are opened while it lasts', async () => {
    const network = new MemoryNetwork({ clock: eventLoopClock });
    network.stall('~1.1', '~2.1');
    const [near, far] = await pair(worldOf(network));
    near.link.write(frame('a'));
    await someTurns();
    expect(far.frames).toEqual([]);
    network.unstall('~1.1', '~2.1');
    await far.has(1);
  });

  test('a killed process hears nothing more; the other end reads what it wrote and then the end', async () => {
    const network = new MemoryNetwork({ clock: eventLoopClock });
    const [near, far] = await pair(worldOf(network));
    for (const each of ['a', 'b', 'c']) near.link.write(frame(each));
    far.link.write(frame('unheard'));
    network.kill('~2.1');
    await far.ended();
    await someTurns();
    expect(far.frames).toEqual(['a', 'b', 'c']);
    expect([near.frames, near.ends]).toEqual([[], 0]);
  });

  test('of what a killed process wrote, a chosen tail is lost', async () => {
    const network = new MemoryNetwork({ clock: eventLoopClock });
    const [near, far] = await pair(worldOf(network));
    for (const each of ['a', 'b', 'c', 'd']) near.link.write(frame(each));
    const asked: unknown[] = [];
    network.kill('~2.1', (to, unread) => {
      asked.push([to, unread]);
      return 3;
    });
    await far.ended();
    expect(asked).toEqual([['~1.1', 4]]);
    expect(far.frames).toEqual(['a']);
  });

  test('a process that closed its link and dies then has ended it, whatever is lost', async () => {
    const network = new MemoryNetwork({ clock: eventLoopClock });
    const [near, far] = await pair(worldOf(network));
    network.stall('~1.1', '~2.1');
    for (const each of ['a', 'b', 'c']) near.link.write(frame(each));
    network.cut('~1.1', '~2.1');
    await someTurns();
    network.kill('~2.1', () => 2);
    network.unstall('~1.1', '~2.1');
    await far.ended();
    expect([far.frames, far.ends]).toEqual([['a'], 1]);
  });

  test('a killed process cannot be linked to, and its own connecting never settles', async () => {
    const network = new MemoryNetwork({ clock: eventLoopClock });
    const path = await network.host().listen(handshakeOf(1), () => {});
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    network.host().connect(path, handshakeOf(2), { index: 1, incarnation: 1 }).then(settle, settle);
    network.kill('~2.1');
    network.kill('~1.1');
    await someTurns();
    expect(settled).toBe(false);
    await expect(network.host().connect(path, handshakeOf(3), { index: 1, incarnation: 1 })).rejects.toMatchObject({
      code: 'ACTOR_UNAVAILABLE',
    });
  });

  test('a link is blocked past blockedFrames, and writes to a killed process block for ever', async () => {
    const network = new MemoryNetwork({ clock: eventLoopClock, blockedFrames: 3 });
    const [near, far] = await pair(worldOf(network));
    expect(fill(near.link, 'x')).toBe(4);
    await until(() => near.drains === 1, 'the drain');
    await far.has(4);
    network.stall('~1.1', '~2.1');
    network.kill('~1.1');
    expect(near.link.write(frame('lost'))).toBe(false);
    await someTurns();
    expect([near.link.blocked, near.drains]).toEqual([true, 1]);
    expect(new Diary(near.link).ends).toBe(0);
  });
});
