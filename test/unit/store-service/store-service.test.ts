/** The owner of the store and those who ask it, over links that break, stall, and lose a process. */
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import {
  ASKED_MAX,
  PATH_CHARACTERS_MAX,
  RemoteStore,
  UNREACHABLE_MS_MAX,
} from '../../../src/store-service/remote-store.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { SERVED_BYTES_MAX, SERVED_MAX, STORE_PAGE } from '../../../src/store-service/store-client.ts';
import {
  BatchJoiner,
  STORE_BATCH_BYTES_MAX,
  STORE_PEER,
  STORE_PIECE_BYTES,
} from '../../../src/store-service/store-frames.ts';
import { StoreService } from '../../../src/store-service/store-service.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { processAddress } from '../../../src/vocabulary/address.ts';
import { type Handshake, type LinkPeer, WIRE_VERSION } from '../../../src/wire/link.ts';
import { MemoryNetwork } from '../../../src/doubles/memory-network.ts';
import { Gate } from '../actor/kernel-fixture.ts';

const OWNER = processAddress(STORE_PEER.index, STORE_PEER.incarnation);

/** Commits wait at a gate. */
class GatedStore extends MemoryStore {
  gate: Gate | undefined;
  commits = 0;

  override async commit(changes: readonly StoreChange[]): Promise<void> {
    this.commits++;
    await this.gate?.opened;
    await super.commit(changes);
  }
}

let clock: VirtualClock;
let network: MemoryNetwork;
let owned: GatedStore;
let service: StoreService;
let deaths: LinkPeer[];
let path: string;
let delayMs: number;

function handshakeOf(self: LinkPeer): Handshake {
  return { version: WIRE_VERSION, system: 'bank', token: 'secret', self };
}

function storeOf(index: number, incarnation = 1): RemoteStore {
  const host = network.host();
  return new RemoteStore(() => host.connect(path, handshakeOf({ index, incarnation }), STORE_PEER), clock);
}

function change(id: string, expectedVersion: number, bytes = new Uint8Array([expectedVersion])): StoreChange {
  return { id, expectedVersion, fence: '1', wakeAt: undefined, put: new Map([['state', bytes]]), remove: [] };
}

/** Lets everything run that can, and then some time pass. */
async function pass(ms = 0): Promise<void> {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(ms);
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
}

function outcomeOf<T>(promise: Promise<T>): { value?: T; error?: Error } {
  const outcome: { value?: T; error?: Error } = {};
  promise.then(
    (value) => Object.assign(outcome, { value }),
    (error) => Object.assign(outcome, { error }),
  );
  return outcome;
}

beforeEach(async () => {
  clock = new VirtualClock();
  delayMs = 0;
  network = new MemoryNetwork({ clock, delayMs: (from) => (from === OWNER ? 0 : delayMs), frameBytesMax: 2 ** 30 });
  owned = new GatedStore();
  deaths = [];
  service = new StoreService(owned, { heard: () => deaths.splice(0) });
  path = await network.host().listen(handshakeOf(STORE_PEER), (link) => service.accept(link));
});

describe('what a process wrote before it died', () => {
  it('is read, and done, before its successor is answered', async () => {
    const [first, second] = [storeOf(1), storeOf(2)];
    outcomeOf(first.load('bank/a'));
    outcomeOf(second.load('bank/a'));
    await pass();
    owned.gate = new Gate();
    delayMs = 50;
    outcomeOf(first.commit([change('bank/a', 0)]));
    await pass();
    delayMs = 0;
    network.kill(processAddress(1, 1));
    deaths.push({ index: 1, incarnation: 1 });
    const reads = [outcomeOf(second.load('bank/a')), outcomeOf(second.head('bank/a'))];
    const wakes = outcomeOf(second.due(0, 1).next());
    await pass(10);
    expect([...reads, wakes]).toEqual([{}, {}, {}]);
    await pass(50);
    expect(owned.commits).toBe(1);
    expect([...reads, wakes]).toEqual([{}, {}, {}]);
    owned.gate.open();
    await pass();
    expect(reads).toMatchObject([{ value: { version: 1 } }, { value: { version: 1 } }]);
    expect(wakes).toMatchObject({ value: { done: true } });
  });

  it('holds nobody up whose number it had in another life', async () => {
    const [before, after] = [storeOf(1, 1), storeOf(1, 2)];
    outcomeOf(before.load('bank/a'));
    const read = outcomeOf(after.load('bank/a'));
    await pass();
    expect(read).toEqual({ value: undefined });
    network.kill(processAddress(1, 1));
    deaths.push({ index: 1, incarnation: 1 });
    const again = outcomeOf(after.load('bank/a'));
    await pass(10);
    expect(again).toEqual({ value: undefined });
  });

  it('is read to its end also where it asked for more than it could take', async () => {
    const large = new Uint8Array(STORE_PIECE_BYTES);
    await owned.commit([change('bank/large', 0, large)]);
    const [first, second] = [storeOf(1), storeOf(2)];
    outcomeOf(first.load('bank/a'));
    outcomeOf(second.load('bank/a'));
    await pass();
    network.freeze(processAddress(1, 1));
    for (let n = 0; n < 200; n++) outcomeOf(first.load('bank/large'));
    await pass();
    // Read, and then no more: its answer finds no room either.
    outcomeOf(first.head('bank/a'));
    await pass();
    outcomeOf(first.commit([change('bank/a', 0)]));
    await pass();
    network.kill(processAddress(1, 1));
    deaths.push({ index: 1, incarnation: 1 });
    const read = outcomeOf(second.load('bank/a'));
    await pass(10);
    expect(read).toMatchObject({ value: { version: 1 } });
    expect(service.inFlight).toBe(0);
  });
});

describe('a page', () => {
  it(`has ${STORE_PAGE} ids, or wakes, at most: those who want all of them ask again`, async () => {
    const count = 2 * STORE_PAGE + 1;
    const names = Array.from({ length: count }, (_, n) => `bank/${String(n).padStart(5, '0')}`);
    await owned.commit(names.map((id, n) => ({ ...change(id, 0), wakeAt: n })));
    const taken: number[] = [];
    const counted = async function* <T>(all: AsyncIterable<T>): AsyncGenerator<T> {
      const at = taken.push(0) - 1;
      for await (const one of all) {
        taken[at] = (taken[at] as number) + 1;
        yield one;
      }
    };
    const { ids, due } = owned;
    owned.ids = (...args) => counted(ids.apply(owned, args));
    owned.due = (...args) => counted(due.apply(owned, args));
    const store = storeOf(1);
    const all = async (from: AsyncIterable<unknown>): Promise<number> => {
      let sum = 0;
      for await (const _ of from) if (++sum > 2 * count) break;
      return sum;
    };
    for (const from of [store.ids('bank'), store.due(0, count)]) {
      taken.length = 0;
      const found = outcomeOf(all(from));
      for (let n = 0; n < 10; n++) await pass();
      expect(found).toEqual({ value: count });
      expect(taken).toEqual([STORE_PAGE, STORE_PAGE, 1, 0]);
    }
  });
});

describe('a link to the owner that breaks', () => {
  it('fails the commits that wait, and asks the reads again', async () => {
    const store = storeOf(1);
    await Promise.all([store.load('bank/a'), pass()]);
    owned.gate = new Gate();
    const commit = outcomeOf(store.commit([change('bank/a', 0)]));
    await pass();
    const read = outcomeOf(store.head('bank/b'));
    service.close();
    await pass();
    expect(commit.error).toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/may be written or not/),
    });
    await pass(100);
    expect(read).toEqual({ value: undefined });
    owned.gate.open();
    await pass();
    expect(await owned.head('bank/a')).toMatchObject({ version: 1 });
  });

  it('and is not there again in time fails everything', async () => {
    const store = storeOf(1);
    await network.host().close();
    path = 'memory:nowhere';
    const read = outcomeOf(store.load('bank/a'));
    const commit = outcomeOf(store.commit([change('bank/a', 0)]));
    await pass(UNREACHABLE_MS_MAX - 100);
    expect([read, commit]).toEqual([{}, {}]);
    await pass(300);
    for (const { error } of [read, commit]) expect(error).toMatchObject({ code: 'STORE_FAILED' });
  });

  it('does not take along what was asked before it was there: that is sent as it was then', async () => {
    const store = storeOf(1);
    const bytes = new Uint8Array([7]);
    const commit = outcomeOf(store.commit([change('bank/a', 0, bytes)]));
    bytes[0] = 9;
    await pass(100);
    expect(commit).toEqual({ value: undefined });
    expect((await owned.load('bank/a'))?.parts.get('state')).toEqual(new Uint8Array([7]));
  });
});

describe('what is asked at once', () => {
  it(`is ${SERVED_BYTES_MAX} bytes of a process at a time, and the request that goes beyond them`, async () => {
    const store = storeOf(1);
    await Promise.all([store.load('bank/a'), pass()]);
    owned.gate = new Gate();
    const size = SERVED_BYTES_MAX / 16;
    const bytes = new Uint8Array(size);
    const commits: Promise<void>[] = [];
    // Each in a batch of its own.
    for (let n = 0; n < 24; n++) {
      commits.push(store.commit([change(`bank/${n}`, 0, bytes)]));
      await pass();
    }
    expect(owned.commits).toBe(16);
    owned.gate.open();
    owned.gate = undefined;
    const all = outcomeOf(Promise.all(commits));
    for (let n = 0; n < 20 && all.value === undefined; n++) await pass(10);
    expect([all.error, owned.commits]).toEqual([undefined, 24]);
  });

  it(`is ${SERVED_MAX} requests of a process at a time: the rest waits on its side`, async () => {
    const store = storeOf(1);
    await Promise.all([store.load('bank/a'), pass()]);
    owned.gate = new Gate();
    const commits = Array.from({ length: SERVED_MAX * 3 }, async (_, n) => {
      // Each in a frame of its own.
      await new Promise((resolve) => setTimeout(resolve, n / 100));
      await store.commit([change(`bank/${n}`, 0)]);
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await pass();
    expect(owned.commits).toBeGreaterThanOrEqual(SERVED_MAX);
    expect(owned.commits).toBeLessThan(SERVED_MAX * 2);
    owned.gate.open();
    owned.gate = undefined;
    const all = outcomeOf(Promise.all(commits));
    for (let n = 0; n < 20 && !('value' in all); n++) await pass(10);
    expect(all.value).toHaveLength(SERVED_MAX * 3);
  });

  it(`is ${ASKED_MAX} requests at most: one more fails, and the others are answered`, { timeout: 60_000 }, async () => {
    const store = storeOf(1);
    const all = Array.from({ length: ASKED_MAX }, (_, n) => store.head(`bank/${n}`));
    await expect(store.head('bank/more')).rejects.toThrow(
      /requests wait for the owner of the store, which is the limit/,
    );
    const answered = outcomeOf(Promise.all(all));
    for (let n = 0; n < 2_000 && !('value' in answered); n++) await pass(1);
    expect(answered.value).toHaveLength(ASKED_MAX);
  });

  it('is no batch beyond a bound: its link breaks', () => {
    const joiner = new BatchJoiner(1_000);
    const piece = new Uint8Array(401).fill(1);
    expect(joiner.push(piece)).toBeUndefined();
    expect(joiner.push(piece)).toBeUndefined();
    expect(() => joiner.push(piece)).toThrow(/at most 1000 bytes; got 1200/);
  });

  it(`is ${STORE_BATCH_BYTES_MAX} bytes at most where nothing else is said`, () => {
    const joiner = new BatchJoiner();
    const piece = { length: STORE_PIECE_BYTES } as Buffer;
    // Pieces that say how large they are, and hold nothing: a gigabyte is not to be had for a test.
    const copied = vi.spyOn(Buffer, 'from').mockReturnValue(piece as never);
    try {
      const more = new Uint8Array(2).fill(1);
      for (let n = 0; n < STORE_BATCH_BYTES_MAX / STORE_PIECE_BYTES; n++) expect(joiner.push(more)).toBeUndefined();
      expect(() => joiner.push(more)).toThrow(`at most ${STORE_BATCH_BYTES_MAX} bytes`);
    } finally {
      copied.mockRestore();
    }
  });

  it('fails one by one: a commit that is refused takes no other with it', async () => {
    const store = storeOf(1);
    const outcomes = [0, 5, 0].map((version, n) => outcomeOf(store.commit([change(`bank/${n}`, version)])));
    await pass(10);
    expect(outcomes[0]).toEqual({ value: undefined });
    expect(outcomes[1]?.error).toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/bank\/1 has version/),
    });
    expect(outcomes[2]).toEqual({ value: undefined });
  });

  it(`takes no path of a backup with more than ${PATH_CHARACTERS_MAX} characters`, async () => {
    const long = `/${'x'.repeat(PATH_CHARACTERS_MAX)}`;
    await expect(storeOf(1).backup(long)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: `the path of the backup has ${long.length} characters; the limit is ${PATH_CHARACTERS_MAX}`,
    });
  });

  it('may be larger than a frame, both ways', async () => {
    const store = storeOf(1);
    const bytes = randomBytes(STORE_PIECE_BYTES * 3 + 17);
    outcomeOf(store.commit([change('bank/a', 0, bytes)]));
    const other = outcomeOf(store.load('bank/b'));
    await pass(10);
    const read = outcomeOf(store.load('bank/a'));
    await pass(10);
    expect(bytes.equals(read.value?.parts.get('state') as Uint8Array)).toBe(true);
    expect(other).toEqual({ value: undefined });
  });
});
