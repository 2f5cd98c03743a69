/** Replies that a durable actor keeps for who asks again: the last one of a stream stands with its mark, in one part of the record. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { MARK_REPLY_BYTES_MAX, readMark, replyBytes, writeMark } from '../../../src/commit/mark-bytes.ts';
import { REPLIES_MAX } from '../../../src/durability/dedup-table.ts';
import { type MemoryDisk, MemoryStore } from '../../../src/store/memory-store.ts';
import { DeliveryId, Envelope } from '../../../src/vocabulary/envelope.ts';
import { Refusal, type TroupeError } from '../../../src/vocabulary/errors.ts';
import { encodeValue } from '../../../src/wire/codec.ts';
import { defineActor, type Kit, startKit } from '../actor/kernel-fixture.ts';

const counter = defineActor({
  durable: true,
  state: () => ({ n: 0 }),
  receive: {
    add: (ctx) => ++ctx.state.n,
    text: (ctx, { size }: { size: number }) => 'x'.repeat(size) + ctx.state.n,
    boom: () => {
      throw new Error('no');
    },
    refuse: () => {
      throw new Refusal('closed', 'no');
    },
  },
});

const STREAM = '~9.1@5';
type More = { floor?: number; stream?: string; turn?: string; type?: string; size?: number };

function start(disk: MemoryDisk, startedAt = 1_000): Kit {
  return startKit({ counter }, {}, new MemoryStore(disk), { startedAt });
}

/** As an asker elsewhere, which sends again what is not answered. */
function ask({ process }: Kit, number: number, more: More = {}): Promise<unknown> {
  const { floor = number, stream = STREAM, turn, ...rest } = more;
  const { pending, router } = process.actors.kernel;
  const reply = pending.open('counter/a', 0, undefined, undefined);
  const envelope = new Envelope('message', 'counter/a', { type: 'add', ...rest }, undefined, reply, 0);
  envelope.deliveryId = new DeliveryId(stream, number, 0, floor, turn);
  router.deliver(envelope);
  return reply.promise.catch((error: TroupeError) => error.code);
}

const partsOf = (disk: MemoryDisk): string[] => [...(disk.get('counter/a')?.parts.keys() ?? [])].sort();

test('the last one is all of its stream that is written; who asks again gets it, also of the next start', async () => {
  const disk: MemoryDisk = new Map();
  const kit = start(disk);
  for (const n of [1, 2, 3]) expect(await ask(kit, n)).toBe(n);
  expect(partsOf(disk)).toEqual([`m:${STREAM}`, 'state']);
  expect(await ask(kit, 3)).toBe(3);
  const next = start(disk, 2_000);
  expect([await ask(next, 3), await ask(next, 4)]).toEqual([3, 4]);
});

test('one that its asker has not settled moves out as the next comes, and goes once it is', async () => {
  const disk: MemoryDisk = new Map();
  const kit = start(disk);
  for (const n of [1, 2, 3]) await ask(kit, n, { floor: 1 });
  expect(partsOf(disk)).toHaveLength(4);
  const next = start(disk, 2_000);
  expect([await ask(next, 1), await ask(next, 2), await ask(next, 3)]).toEqual([1, 2, 3]);
  expect(await ask(next, 4)).toBe(4);
  expect(partsOf(disk)).toEqual([`m:${STREAM}`, 'state']);
});

test('one that is large, or has failed, is kept the same', async () => {
  const disk: MemoryDisk = new Map();
  const kit = start(disk);
  const large = await ask(kit, 1, { type: 'text', size: MARK_REPLY_BYTES_MAX });
  expect(partsOf(disk)).toEqual([`m:${STREAM}`, `r:${'1'.padStart(16, '0')}`, 'state']);
  expect(await ask(start(disk, 2_000), 1)).toBe(large);
  expect(await ask(kit, 2, { type: 'boom' })).toBe('HANDLER_FAILED');
  expect(await ask(start(disk, 3_000), 2)).toBe('HANDLER_FAILED');
});

test('one of a turn is known by it under another number, and outlives the mark that it stood with', async () => {
  const disk: MemoryDisk = new Map();
  const kit = start(disk);
  await ask(kit, 1, { turn: 'order/1|t#1' });
  await ask(kit, 2);
  expect(await ask(start(disk, 2_000), 3, { turn: 'order/1|t#1' })).toBe(1);
});

test('of many streams those beyond the bound go, and their marks stay', async () => {
  const disk: MemoryDisk = new Map();
  const kit = start(disk);
  for (let n = 0; n <= REPLIES_MAX; n++) await ask(kit, 1, { stream: `~9.1@${n}` });
  const parts = disk.get('counter/a')?.parts;
  const kept = [...(parts ?? [])].filter(([name, bytes]) => name.startsWith('m:') && readMark(bytes, String).reply);
  expect(kept).toHaveLength(REPLIES_MAX);
  expect(await ask(start(disk, 2_000), 1, { stream: '~9.1@0' })).toBe('ACTOR_UNAVAILABLE');
});

test('marks and replies of older records are read', async () => {
  const disk: MemoryDisk = new Map();
  await ask(start(disk), 1);
  const record = disk.get('counter/a');
  if (!record) throw new Error('a record was expected');
  const at = Date.now();
  const older: [string, Uint8Array][] = [
    [`m:${STREAM}`, encodeValue({ number: 7, at })],
    [`r:${'4'.padStart(16, '0')}`, encodeValue([STREAM, 7, undefined, at, 'as before', undefined])],
  ];
  disk.set('counter/a', { ...record, parts: new Map([...record.parts, ...older]) });
  const kit = start(disk, 2_000);
  expect([await ask(kit, 7), await ask(kit, 6), await ask(kit, 8)]).toEqual(['as before', 'ACTOR_UNAVAILABLE', 2]);
  expect(partsOf(disk)).toEqual([`m:${STREAM}`, 'state']);
});

test('a mark is read as it was written, whatever its reply is', () => {
  const errors = fc.option(fc.constant({ code: 'REFUSED' as const, message: 'no', fate: 'executed' as const }), {
    nil: undefined,
  });
  const replies = fc.record({
    turn: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
    value: fc.jsonValue(),
    error: errors,
  });
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), fc.nat(), replies, (number, at, reply) => {
      const mark = { number, at };
      expect(readMark(writeMark(mark), String)).toEqual({ mark });
      const rest = replyBytes(reply, 1e6);
      if (rest) expect(readMark(writeMark(mark, reply, rest), String)).toEqual({ mark, reply });
    }),
  );
  expect(
    replyBytes({ turn: undefined, value: 'x'.repeat(MARK_REPLY_BYTES_MAX), error: undefined }, 1e6),
  ).toBeUndefined();
  expect(() => readMark(writeMark({ number: 1, at: 1 }).subarray(0, 9), String)).toThrow('at least 18 bytes; got 9');
});

test('a reply says that its message is committed; where there is none, or a failure, that is said before', async () => {
  const kit = start(new Map());
  const { router } = kit.process.actors.kernel;
  const said: string[] = [];
  vi.spyOn(router, 'signal').mockImplementation((_to, signal) => {
    if (signal.type === 'acknowledged') said.push(`${signal.stream} up to ${signal.number}`);
  });
  const asked = async (number: number, more?: More): Promise<unknown> =>
    said.push(String(await ask(kit, number, more)));
  await asked(1);
  expect(said.splice(0)).toEqual(['1']);
  await asked(2, { type: 'refuse' });
  expect(said.splice(0)).toEqual([`${STREAM} up to 2`, 'REFUSED']);
  const tell = new Envelope('message', 'counter/a', { type: 'add' }, undefined, undefined, 0);
  tell.deliveryId = new DeliveryId(STREAM, 3, 0, 3, undefined);
  router.deliver(tell);
  await asked(4);
  expect(said.splice(0)).toEqual([`${STREAM} up to 4`, '3']);
  await asked(4);
  expect(said).toContain(`${STREAM} up to 4`);
});
