import { expect, test } from 'vitest';
import { ERROR_TEXT_MAX } from '../../../src/vocabulary/error-reading.ts';
import { Ref } from '../../../src/plain-data/ref.ts';
import { EVENT_MESSAGE_BYTES_MAX, eventFromWire, eventToWire } from '../../../src/process/event-payload.ts';

class TestRef extends Ref {}

const letterWith = (message: unknown): unknown => ({
  to: 'counter/a',
  message,
  sender: undefined,
  reason: 'MAILBOX_FULL',
  at: 1,
});
const cross = (payload: unknown): unknown =>
  eventFromWire(structuredClone(eventToWire(payload)), (id) => new TestRef(id));

test('a dead letter arrives with its message, and the refs in it are refs', () => {
  const message = { type: 'note', list: [1, new Map([['a', 1]])] };
  expect(cross(letterWith(message))).toEqual(letterWith(message));
  expect(cross(letterWith({ type: 'note', friend: new TestRef('counter/b') }))).toEqual(
    letterWith({ type: 'note', friend: new TestRef('counter/b') }),
  );
});

test('a message that cannot travel is described', () => {
  expect(cross(letterWith({ type: 'note', call: () => 1 }))).toMatchObject({
    to: 'counter/a',
    message: "{ type: 'note', call: [Function: call] }",
  });
});

test('a message past the bound is described, one within it is not', () => {
  const small = { type: 'note', text: 'x'.repeat(EVENT_MESSAGE_BYTES_MAX - 1_000) };
  const large = { type: 'note', text: 'x'.repeat(EVENT_MESSAGE_BYTES_MAX + 1) };
  expect(cross(letterWith(small))).toEqual(letterWith(small));
  expect((cross(letterWith(large)) as { message: string }).message).toMatch(/^\{ type: 'note', text: 'xxx/);
});

test('an error whose cause cannot travel keeps its name, message and stack', () => {
  const error = new RangeError('too far', { cause: () => 1 });
  const told = cross({ id: 'counter/a', worker: 1, error }) as { error: Error };
  expect(told).toMatchObject({ id: 'counter/a', error: { message: 'too far', stack: error.stack } });
  expect(told.error.cause).toBeUndefined();
});

test('an error keeps its code, its own fields and a cause that is an abort; one without bounds is cut', () => {
  const error = Object.assign(new Error('x', { cause: AbortSignal.abort().reason }), {
    code: 'ECONNRESET',
    attempt: 2,
  });
  const told = cross({ id: 'counter/a', worker: 1, error }) as { error: Error };
  expect(told.error).toMatchObject({ code: 'ECONNRESET', attempt: 2, cause: { name: 'AbortError' } });
  const long = cross({ id: 'counter/a', worker: 1, error: new Error('y'.repeat(1_000_000)) }) as { error: Error };
  expect(long.error.message).toHaveLength(ERROR_TEXT_MAX);
});

test('what has neither message nor error passes as it is', () => {
  expect(cross({ epoch: 3 })).toEqual({ epoch: 3 });
});
