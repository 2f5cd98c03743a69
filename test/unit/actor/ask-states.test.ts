import { describe, expect, it, test } from 'vitest';
import { afterEvent, type AskEvent, type AskPlace, fateOf, IN_TRANSIT, LOCAL } from '../../../src/actor/ask-states.ts';
import { PendingReplies } from '../../../src/actor/pending-replies.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';

const [P, Q, R] = ['~1.1', '~2.1', '~3.1'];

const PLACES: Record<string, AskPlace> = {
  local: LOCAL,
  'at p': { state: 'written', to: P },
  'in transit': IN_TRANSIT,
  'at q, via p': { state: 'moved', to: Q, via: [P] },
};
const WRITTEN_R: AskPlace = { state: 'written', to: R };

/** Event × place, in the order of `PLACES`; `same`: it stays where it is. */
const TABLE: [event: AskEvent, after: (AskPlace | 'lost' | 'same')[]][] = [
  [{ type: 'written', to: R }, [WRITTEN_R, WRITTEN_R, WRITTEN_R, WRITTEN_R]],
  [{ type: 'taken-back' }, [LOCAL, LOCAL, LOCAL, LOCAL]],
  [{ type: 'transferred' }, [IN_TRANSIT, IN_TRANSIT, IN_TRANSIT, IN_TRANSIT]],
  [{ type: 'moved', from: P, to: R }, ['same', { state: 'moved', to: R, via: [P] }, 'same', 'same']],
  [{ type: 'moved', from: Q, to: R }, ['same', 'same', 'same', { state: 'moved', to: R, via: [P, Q] }]],
  [{ type: 'link-ended', peer: P }, ['same', 'lost', 'same', 'same']],
  [{ type: 'link-ended', peer: Q }, ['same', 'same', 'same', 'lost']],
  [{ type: 'link-ended', peer: R }, ['same', 'same', 'same', 'same']],
  [{ type: 'died', peer: P }, ['same', 'lost', 'same', 'same']],
  [{ type: 'died', peer: Q }, ['same', 'same', 'same', 'lost']],
  // Only of one that has moved on from there: before its new host is through with it, it may still be answered.
  [{ type: 'drained', from: P }, ['same', 'same', 'same', 'lost']],
  [{ type: 'drained', from: Q }, ['same', 'same', 'same', 'same']],
];

describe('what becomes of an ask', () => {
  const cells = TABLE.flatMap(([event, row]) =>
    Object.entries(PLACES).map(([name, place], at) => ({ event, name, place, after: row[at] as AskPlace })),
  );

  it.each(cells)('$name, after $event', ({ event, place, after }) => {
    expect(afterEvent(place, event)).toEqual(after === ('same' as unknown) ? place : after);
  });

  it('is drawn for every event and every place', () => {
    const events: Record<AskEvent['type'], true> = {
      ...{ written: true, 'taken-back': true, transferred: true, moved: true },
      ...{ 'link-ended': true, died: true, drained: true },
    };
    const places: Record<AskPlace['state'], true> = { local: true, written: true, 'in-transit': true, moved: true };
    expect(new Set(TABLE.map(([{ type }]) => type))).toEqual(new Set(Object.keys(events)));
    expect(new Set(Object.values(PLACES).map(({ state }) => state))).toEqual(new Set(Object.keys(places)));
    for (const [, row] of TABLE) expect(row.length).toBe(Object.keys(PLACES).length);
  });

  it('is told with the fate that its place allows', () => {
    const fates = Object.values(PLACES).map((place) => [fateOf(place, false), fateOf(place, true)]);
    expect(fates).toEqual([
      ['not-executed', 'executed'],
      ['unknown', 'unknown'],
      ['unknown', 'unknown'],
      ['unknown', 'unknown'],
    ]);
  });
});

test('an ask that survives the loss of its host is not told of it, and goes on from where it is written next', async () => {
  const pending = new PendingReplies(new VirtualClock(), '~0.1');
  const reply = pending.open('order/1', 0, undefined, undefined);
  reply.address();
  reply.survivesHostLoss = true;
  reply.written(P);
  reply.happened({ type: 'died', peer: P }, 'it died');
  expect([reply.settled, [...pending.at(P)]]).toEqual([false, [reply]]);
  reply.written(Q);
  expect([[...pending.at(P)], [...pending.at(Q)]]).toEqual([[], [reply]]);
  const volatile = pending.open('order/2', 0, undefined, undefined);
  volatile.address();
  volatile.written(Q);
  for (const lost of [...pending.at(Q)]) lost.happened({ type: 'link-ended', peer: Q }, 'the link ended');
  expect(reply.settled).toBe(false);
  await expect(volatile.promise).rejects.toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
});

test('an ask that is sent again does not end as "not-executed" because a later copy of it comes back unwritten', async () => {
  const clock = new VirtualClock();
  const pending = new PendingReplies(clock, '~0.1');
  const reply = pending.open('order/1', 100, undefined, undefined, 0);
  reply.survivesHostLoss = true;
  // Never written: what comes back is all there was of it.
  reply.written(undefined);
  expect(reply.fate).toBe('not-executed');
  reply.written(P);
  reply.happened({ type: 'died', peer: P }, 'it died, and may have handled it');
  reply.written(undefined);
  const failed = expect(reply.promise).rejects.toMatchObject({ code: 'ASK_TIMEOUT', fate: 'unknown' });
  await clock.advance(200);
  await failed;
  const once = pending.open('order/2', 0, undefined, undefined);
  once.written(P);
  once.written(undefined);
  expect(once.fate).toBe('not-executed');
});
