import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLIENT_MARK_KEPT_MS,
  CLIENT_MARKS_MAX,
  DedupTable,
  MARK_KEPT_MS,
  MARKS_MAX,
  REPLIES_BYTES_MAX,
  REPLIES_MAX,
  REPLY_KEPT_MS,
} from '../../../src/durability/dedup-table.ts';
import type { KeptReply } from '../../../src/commit/record.ts';
import { clientStream, DeliveryId } from '../../../src/vocabulary/envelope.ts';

const deliveryId = (number: number, previous = number - 1, turn?: string): DeliveryId =>
  new DeliveryId('account/a', number, previous, 1, turn);
const reply = (n: number, at = 0, more: Partial<KeptReply> = {}): KeptReply => ({
  ...{ name: `r:${n}`, stream: 'account/a', number: n, turn: undefined, at, value: n, error: undefined, bytes: 10 },
  ...more,
});

describe('what is handled', () => {
  it('is known by the mark of its stream: the next is new, the last a repeat, one after a gap early', () => {
    const handled = new DedupTable(new Map([['account/a', { number: 5, at: 0 }]]), []);
    expect(handled.check(deliveryId(6))).toBe('new');
    expect(handled.check(deliveryId(5))).toBe('repeat');
    expect(handled.check(deliveryId(8))).toBe('early');
    // The one before was given up by its sender.
    expect(handled.check(deliveryId(8, 5))).toBe('new');
    expect(handled.check(new DeliveryId('account/b', 1, 0, 1, undefined))).toBe('new');
  });

  it('is forgotten past the bound on streams, the one that was silent for longest first', () => {
    const handled = new DedupTable(new Map(), []);
    for (let n = 0; n < MARKS_MAX; n++) expect(handled.mark(`account/${n}`, { number: 1, at: n })).toEqual([]);
    handled.mark('account/0', { number: 2, at: MARKS_MAX });
    const forgotten = handled.mark('account/new', { number: 1, at: MARKS_MAX });
    expect(forgotten).toEqual([['account/1', { number: 1, at: 1 }]]);
  });

  it('is forgotten of clients sooner than of others, and never for them', () => {
    const handled = new DedupTable(new Map(), []);
    handled.mark('account/old', { number: 1, at: 0 });
    const client = (n: number): string => clientStream('~0.1', `session-${n}`);
    for (let n = 0; n < CLIENT_MARKS_MAX; n++) expect(handled.mark(client(n), { number: 7, at: 1 })).toEqual([]);
    expect(handled.check(new DeliveryId(client(0), 7, 0, 0, undefined))).toBe('repeat');
    expect(handled.mark(client(-1), { number: 1, at: 1 })).toEqual([[client(0), { number: 7, at: 1 }]]);
    expect(handled.check(new DeliveryId(client(0), 7, 0, 0, undefined))).toBe('new');
    const later = handled.mark(client(-2), { number: 1, at: CLIENT_MARK_KEPT_MS + 1 });
    expect(later).toHaveLength(CLIENT_MARKS_MAX);
    expect(handled.check(new DeliveryId('account/old', 1, 0, 0, undefined))).toBe('repeat');
  });

  it('is forgotten after the time that a silent stream is remembered', () => {
    const handled = new DedupTable(new Map(), []);
    handled.mark('account/old', { number: 1, at: 0 });
    expect(handled.mark('account/b', { number: 1, at: MARK_KEPT_MS - 1 })).toEqual([]);
    const forgotten = handled.mark('account/b', { number: 2, at: MARK_KEPT_MS });
    expect(forgotten).toEqual([['account/old', { number: 1, at: 0 }]]);
  });
});

describe('a kept reply', () => {
  it('is found by its number, and by its turn whatever the number', () => {
    const handled = new DedupTable(new Map(), [reply(1), reply(2, 0, { turn: 't#1', value: 'by turn' })]);
    expect(handled.replyTo(deliveryId(1))?.value).toBe(1);
    expect(handled.replyTo(new DeliveryId('~1.1@5', 9, 0, 9, 't#1'))?.value).toBe('by turn');
    expect(handled.replyTo(deliveryId(3))).toBeUndefined();
  });

  it('goes once its asker has settled all below a later number, unless its turn may ask again', () => {
    const handled = new DedupTable(new Map(), [reply(1), reply(2, 0, { turn: 't#1' }), reply(3)]);
    expect(handled.settledBelow('account/a', 3).map(({ name }) => name)).toEqual(['r:1']);
    expect(handled.replyTo(deliveryId(1))).toBeUndefined();
    expect(handled.replyTo(deliveryId(3))).toBeDefined();
  });

  it('goes past the bounds on count and time, the oldest first', () => {
    const handled = new DedupTable(new Map(), []);
    for (let n = 1; n <= REPLIES_MAX; n++) expect(handled.keep(reply(n))).toEqual([]);
    expect(handled.keep(reply(REPLIES_MAX + 1)).map(({ name }) => name)).toEqual(['r:1']);
    expect(handled.keep(reply(REPLIES_MAX + 2, REPLY_KEPT_MS))).toHaveLength(REPLIES_MAX);
  });

  it('goes past the bound on bytes, the oldest first, but never the newest', () => {
    const half = { bytes: REPLIES_BYTES_MAX / 2 };
    const handled = new DedupTable(new Map(), [reply(1, 0, half), reply(2, 0, half)]);
    expect(handled.keep(reply(3, 0, half)).map(({ name }) => name)).toEqual(['r:1']);
    const goneForOne = handled.keep(reply(4, 0, { bytes: REPLIES_BYTES_MAX * 2 }));
    expect(goneForOne.map(({ name }) => name)).toEqual(['r:2', 'r:3']);
    expect(handled.replyTo(deliveryId(4))?.value).toBe(4);
    expect(handled.keep(reply(5)).map(({ name }) => name)).toEqual(['r:4']);
    expect(handled.keep(reply(6, 0, half))).toEqual([]);
  });

  it('is found, and goes, as by a list that is searched, whatever streams take turns', () => {
    const step = fc.record({
      stream: fc.constantFrom('account/a', 'account/b', '~1.1@5'),
      lag: fc.integer({ min: 0, max: 4 }),
      isAsk: fc.boolean(),
      turn: fc.option(fc.constantFrom('t#1', 't#2'), { nil: undefined, freq: 5 }),
      size: fc.constantFrom(10, REPLIES_BYTES_MAX / 5),
    });
    return fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 200 }), (steps) => {
        const table = new DedupTable(new Map(), []);
        const last = new Map<string, number>();
        let list: KeptReply[] = [];
        const gone: string[] = [];
        const goneFromList: string[] = [];
        const drop = (one: KeptReply): void => {
          goneFromList.push(one.name);
          list = list.filter((other) => other !== one);
        };
        for (const [n, { stream, lag, isAsk, turn, size }] of steps.entries()) {
          const number = (last.get(stream) ?? 0) + 1;
          last.set(stream, number);
          table.mark(stream, { number, at: n });
          for (const { name } of table.settledBelow(stream, number - lag)) gone.push(name);
          for (const one of [...list])
            if (one.stream === stream && one.number < number - lag && one.turn === undefined) drop(one);
          // A turn has one reply.
          if (!isAsk || list.some((one) => one.turn !== undefined && one.turn === turn)) continue;
          const kept = reply(n, n, { stream, number, turn, bytes: size });
          for (const { name } of table.keep(kept)) gone.push(name);
          list.push(kept);
          while (list.length > 1 && list.reduce((sum, { bytes }) => sum + bytes, 0) > REPLIES_BYTES_MAX)
            drop(list[0] as KeptReply);
        }
        expect(gone).toEqual(goneFromList);
        for (const [stream, until] of last)
          for (let number = 1; number <= until; number++) {
            const found = table.replyTo(new DeliveryId(stream, number, number - 1, 0, undefined));
            expect(found).toBe(list.find((one) => one.stream === stream && one.number === number));
          }
        for (const turn of ['t#1', 't#2'])
          expect(table.replyTo(new DeliveryId('x/y', 99, 98, 0, turn))).toBe(list.find((one) => one.turn === turn));
      }),
      { numRuns: 300 },
    );
  });
});
