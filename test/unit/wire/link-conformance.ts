/** What every network between processes promises. Run by the test of each of them. */
import { Buffer } from 'node:buffer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TroupeError } from '../../../src/vocabulary/errors.ts';
import { FRAME_HEAD_BYTES, type Handshake, type Link, type LinkNetwork, WIRE_VERSION } from '../../../src/wire/link.ts';
import { someTurns, until } from './event-loop-clock.ts';

export interface LinkWorld {
  /** A network of one more process. */
  host(): LinkNetwork;
  frameBytesMax: number;
  /** Of two ends that both live on a link may break: a frame that was begun counts as flushed then. */
  countsBegun?: boolean;
  dispose(): Promise<void>;
}

export function handshakeOf(index: number, changes: Partial<Handshake> = {}): Handshake {
  return { version: WIRE_VERSION, system: 'shop', token: 'secret', self: { index, incarnation: 1 }, ...changes };
}

export function frame(content: string | Uint8Array): Uint8Array {
  const body = Buffer.from(content as string);
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES + body.length);
  bytes.writeUInt32LE(body.length, 0);
  bytes.set(body, FRAME_HEAD_BYTES);
  return bytes;
}

/** An owner that writes down all it hears. */
export class Diary {
  readonly frames: string[] = [];
  readonly link: Link;
  drains = 0;
  ends = 0;
  error: Error | undefined;
  framesAtEnd = -1;
  /** Says after each frame whether to go on. */
  goOn: () => boolean = () => true;

  constructor(link: Link) {
    this.link = link;
    link.listener = {
      onFrame: (bytes) => {
        this.frames.push(Buffer.from(bytes).toString());
        return this.goOn();
      },
      onDrain: () => {
        this.drains++;
      },
      onEnd: (error) => {
        this.ends++;
        this.error = error;
        this.framesAtEnd = this.frames.length;
      },
    };
  }

  ended(): Promise<void> {
    return until(() => this.ends > 0, 'the end of a link');
  }

  has(count: number): Promise<void> {
    return until(() => this.frames.length >= count, `${count} frames, of which ${this.frames.length} came`);
  }
}

export async function pair(world: LinkWorld): Promise<[near: Diary, far: Diary]> {
  let far: Diary | undefined;
  const path = await world.host().listen(handshakeOf(1), (link) => {
    far = new Diary(link);
  });
  const near = new Diary(await world.host().connect(path, handshakeOf(2), { index: 1, incarnation: 1 }));
  await until(() => far !== undefined, 'the accepted link');
  return [near, far as Diary];
}

/** Frames that a link takes at once, by far. */
const BLOCKED_MOST = 1_000_000;

/** Writes until the link is blocked; the number of frames, `count` included. */
export function fill(link: Link, content: string, count = 0): number {
  while (link.write(frame(`${count++} ${content}`)))
    if (count > BLOCKED_MOST) throw new Error(`a link is blocked at some time; got ${count} frames taken`);
  return count;
}

/** Fills all that is between the two ends, while the other one does not read: the kernel keeps megabytes of a connection. */
async function fillAll(near: Diary, content: string): Promise<number> {
  let count = 0;
  for (let seen = -1; seen !== near.drains; ) {
    seen = near.drains;
    if (!near.link.blocked) count = fill(near.link, content, count);
    await someTurns(5);
  }
  return count;
}

export function linkConformance(name: string, makeWorld: () => LinkWorld): void {
  inWorlds(name, makeWorld, [frames, ends, handshakes]);
}

/** Without the handshake, which networks between machines have one of their own for. */
export function frameConformance(name: string, makeWorld: () => LinkWorld): void {
  inWorlds(name, makeWorld, [frames, ends]);
}

function inWorlds(
  name: string,
  makeWorld: () => LinkWorld,
  parts: readonly ((world: () => LinkWorld) => void)[],
): void {
  describe(name, () => {
    let world: LinkWorld;
    beforeEach(() => {
      world = makeWorld();
    });
    afterEach(() => world.dispose());
    for (const part of parts) part(() => world);
  });
}

function frames(world: () => LinkWorld): void {
  test('both ends know who is at the other one', async () => {
    const [near, far] = await pair(world());
    expect(near.link.peer).toEqual({ index: 1, incarnation: 1 });
    expect(far.link.peer).toEqual({ index: 2, incarnation: 1 });
  });

  test('frames arrive in the order written, both ways', async () => {
    const [near, far] = await pair(world());
    const names = Array.from({ length: 50 }, (_, i) => `frame ${i}`);
    for (const each of names) near.link.write(frame(each));
    for (const each of names) far.link.write(frame(`${each} back`));
    await Promise.all([far.has(50), near.has(50)]);
    expect(far.frames).toEqual(names);
    expect(near.frames).toEqual(names.map((each) => `${each} back`));
  });

  test('frames written by the acceptor at once are not lost', async () => {
    const path = await world()
      .host()
      .listen(handshakeOf(1), (link) => {
        new Diary(link).link.write(frame('welcome'));
      });
    const link = await world().host().connect(path, handshakeOf(2), { index: 1, incarnation: 1 });
    const near = new Diary(link);
    await near.has(1);
    expect(near.frames).toEqual(['welcome']);
  });

  test('a frame of a megabyte arrives whole', async () => {
    const [near, far] = await pair(world());
    const large = 'x'.repeat(1024 * 1024);
    near.link.write(frame(large));
    near.link.write(frame('behind'));
    await far.has(2);
    expect(far.frames[0] === large).toBe(true);
    expect(far.frames[1]).toBe('behind');
  });

  test('twenty thousand small frames arrive, each once, in order', async () => {
    const [near, far] = await pair(world());
    const total = 20_000;
    let next = 0;
    while (next < total) {
      while (next < total && !near.link.blocked) near.link.write(frame(String(next++)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await far.has(total);
    await someTurns(3);
    expect(far.frames.length).toBe(total);
    expect(far.frames.every((each, i) => each === String(i))).toBe(true);
  });

  test('after a frame refused with false nothing comes until resume, and then the next one', async () => {
    const [near, far] = await pair(world());
    far.goOn = () => far.frames.length !== 2;
    for (const each of ['a', 'b', 'c', 'd']) near.link.write(frame(each));
    await far.has(2);
    await someTurns();
    expect(far.frames).toEqual(['a', 'b']);
    far.link.resume();
    await far.has(4);
    expect(far.frames).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a reader that takes one frame at a time gets them all', async () => {
    const [near, far] = await pair(world());
    far.goOn = () => false;
    for (let i = 0; i < 20; i++) near.link.write(frame(String(i)));
    for (let i = 1; i <= 20; i++) {
      await far.has(i);
      far.link.resume();
    }
    expect(far.frames).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
  });

  test('a writer is blocked while nobody reads, and told once when it can go on', async () => {
    const [near, far] = await pair(world());
    far.goOn = () => false;
    const count = await fillAll(near, 'y'.repeat(60_000));
    expect(near.link.blocked).toBe(true);
    const { drains } = near;
    await someTurns();
    expect(near.drains).toBe(drains);
    far.goOn = () => true;
    far.link.resume();
    await until(() => near.drains > drains, 'the drain');
    expect(near.link.blocked).toBe(false);
    await far.has(count);
    expect(near.drains).toBe(drains + 1);
    expect(near.link.write(frame('again'))).toBe(true);
    await far.has(count + 1);
  });

  test('a frame larger than frameBytesMax breaks its link and no other', async () => {
    const [near, far] = await pair(world());
    const path = await world()
      .host()
      .listen(handshakeOf(3), (link) => void new Diary(link));
    const other = new Diary(await world().host().connect(path, handshakeOf(4), { index: 3, incarnation: 1 }));
    near.link.write(frame('fine'));
    near.link.write(frame('z'.repeat(world().frameBytesMax + 1)));
    await Promise.all([far.ended(), near.ended()]);
    expect(far.frames).toEqual(['fine']);
    expect(far.error?.message).toContain(`1 to ${world().frameBytesMax} bytes; got ${world().frameBytesMax + 1}`);
    expect(other.ends).toBe(0);
    expect(other.link.write(frame('still here'))).toBe(true);
  });
}

function ends(world: () => LinkWorld): void {
  test('close: the other end reads everything, then the end, once', async () => {
    const [near, far] = await pair(world());
    const count = fill(near.link, 'y'.repeat(60_000));
    near.link.close();
    near.link.close();
    await Promise.all([far.ended(), near.ended()]);
    await someTurns();
    expect(far.framesAtEnd).toBe(count);
    expect([far.ends, near.ends]).toEqual([1, 1]);
    expect([far.error, near.error]).toEqual([undefined, undefined]);
  });

  test('close: what the other end had written is still read', async () => {
    const [near, far] = await pair(world());
    for (let i = 0; i < 10; i++) far.link.write(frame(String(i)));
    near.link.close();
    await near.ended();
    expect(near.framesAtEnd).toBe(10);
  });

  test('the end waits behind the frames of a paused reader', async () => {
    const [near, far] = await pair(world());
    far.goOn = () => far.frames.length > 1;
    for (const each of ['a', 'b', 'c']) near.link.write(frame(each));
    near.link.close();
    await far.has(1);
    await someTurns();
    expect([far.frames, far.ends]).toEqual([['a'], 0]);
    far.link.resume();
    await far.ended();
    expect(far.frames).toEqual(['a', 'b', 'c']);
  });

  test('destroy: the other end reads a part from the front, then the end; the own end hears the error', async () => {
    const [near, far] = await pair(world());
    far.goOn = () => false;
    const count = (await fillAll(near, 'y'.repeat(60_000))) + 1;
    for (let i = 0; i < 30; i++) near.link.write(frame('beyond'));
    await far.has(1);
    near.link.destroy(new Error('on purpose'));
    await near.ended();
    expect(near.error?.message).toBe('on purpose');
    far.goOn = () => true;
    far.link.resume();
    await far.ended();
    expect(far.frames.length).toBeLessThan(count + 30);
    expect(far.frames.every((each, i) => each.startsWith(`${i} `))).toBe(true);
    expect([near.ends, far.ends]).toEqual([1, 1]);
  });

  test('what is accepted is counted; of the rest the other end has read nothing', async () => {
    const [near, far] = await pair(world());
    near.link.write(frame('first'));
    await far.has(1);
    expect(near.link.flushed).toBe(1);
    far.goOn = () => false;
    const written = 1 + (await fillAll(near, 'y'.repeat(60_000))) + 30;
    for (let i = 0; i < 30; i++) near.link.write(frame('beyond'));
    await far.has(2);
    far.link.destroy();
    await near.ended();
    expect(near.link.flushed).toBeGreaterThanOrEqual(2);
    expect(near.link.flushed).toBeLessThan(written);
    expect(far.frames.length).toBeLessThanOrEqual(near.link.flushed);
  });

  test('a frame to an end that is gone already is not accepted, known or not', async () => {
    const [near, far] = await pair(world());
    near.link.write(frame('first'));
    await far.has(1);
    far.link.destroy();
    near.link.write(frame('in vain'));
    await near.ended();
    near.link.write(frame('late'));
    // Over TCP nobody can tell whether it was read; what comes later is not.
    expect(near.link.flushed).toBe(world().countsBegun ? 2 : 1);
  });

  test('a link destroyed by its owner because of a frame gives no further frame', async () => {
    const [near, far] = await pair(world());
    far.goOn = () => {
      far.link.destroy(new Error('nonsense'));
      return true;
    };
    for (const each of ['a', 'b', 'c']) near.link.write(frame(each));
    await Promise.all([far.ended(), near.ended()]);
    expect(far.frames).toEqual(['a']);
    expect(far.error?.message).toBe('nonsense');
  });

  test('writing to a link that has ended says false and does nothing', async () => {
    const [near, far] = await pair(world());
    far.link.close();
    await near.ended();
    expect(near.link.write(frame('late'))).toBe(false);
    expect(near.link.blocked).toBe(true);
    await someTurns();
    expect(far.frames).toEqual([]);
    expect(near.drains).toBe(0);
  });

  test('frames and end that come before a listener is set are kept for it', async () => {
    const path = await world()
      .host()
      .listen(handshakeOf(1), (link) => {
        const far = new Diary(link);
        far.link.write(frame('early'));
        far.link.close();
      });
    const link = await world().host().connect(path, handshakeOf(2), { index: 1, incarnation: 1 });
    await someTurns();
    const near = new Diary(link);
    await near.ended();
    expect(near.frames).toEqual(['early']);
  });
}

function handshakes(world: () => LinkWorld): void {
  async function refusal(changes: Partial<Handshake>, peer = { index: 1, incarnation: 1 }): Promise<TroupeError> {
    let flushed = 0;
    const path = await world()
      .host()
      .listen(handshakeOf(1), () => {
        flushed++;
      });
    const error = await world()
      .host()
      .connect(path, handshakeOf(2, changes), peer)
      .then(
        () => new Error('it was linked'),
        (thrown: unknown) => thrown,
      );
    await someTurns();
    // With the right handshake but the wrong address the acceptor cannot know.
    if (Object.keys(changes).length > 0) expect(flushed).toBe(0);
    return error as TroupeError;
  }

  test('a wrong token is refused', async () => {
    expect(await refusal({ token: 'secrex' })).toMatchObject({ name: 'TroupeError', code: 'ACTOR_UNAVAILABLE' });
  });

  test('another wire version is refused with both versions', async () => {
    const error = await refusal({ version: WIRE_VERSION + 1 });
    expect(error.code).toBe('INVALID_OPTIONS');
    expect(error.message).toBe(`a link needs wire version ${WIRE_VERSION + 1} on both ends; got ${WIRE_VERSION}`);
  });

  test('another system is refused with both names', async () => {
    const error = await refusal({ system: 'bank' });
    expect(error.code).toBe('INVALID_OPTIONS');
    expect(error.message).toBe("a link joins processes of the system 'bank'; got 'shop'");
  });

  test('another process than the expected one is refused', async () => {
    const error = await refusal({}, { index: 1, incarnation: 7 });
    expect(error).toMatchObject({
      code: 'ACTOR_UNAVAILABLE',
      message: 'no link to process 1.7: process 1.1 answered',
    });
  });

  test('after close nobody can link any more, and links that stand go on', async () => {
    const listening = world().host();
    let far: Diary | undefined;
    const path = await listening.listen(handshakeOf(1), (link) => {
      far = new Diary(link);
    });
    const near = new Diary(await world().host().connect(path, handshakeOf(2), { index: 1, incarnation: 1 }));
    await listening.close();
    await expect(world().host().connect(path, handshakeOf(3), { index: 1, incarnation: 1 })).rejects.toMatchObject({
      code: 'ACTOR_UNAVAILABLE',
    });
    near.link.write(frame('still'));
    await until(() => far?.frames.length === 1, 'the frame');
  });
}
