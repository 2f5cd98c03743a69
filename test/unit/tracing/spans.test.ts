/** The context of a trace as a text: what is taken, what is refused, and what a link does with it. */
import { describe, expect, it, test } from 'vitest';
import { checkTrace, traceParts, traceText, TRACE_STATE_MAX } from '../../../src/observe/trace-context.ts';
import { appendEnvelope, BatchReader } from '../../../src/frames/envelope-entries.ts';
import { readRecord, stashPart, writeStashed } from '../../../src/commit/record.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { encodeValue } from '../../../src/wire/codec.ts';
import { MESSAGE, REQUEST, TRACED } from '../../../src/wire/entry.ts';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('a context', () => {
  test.each([PARENT, `~${PARENT}`, `${PARENT}\na=1,b=2`, `~${PARENT}\n${'x'.repeat(TRACE_STATE_MAX)}`])(
    'is taken: %j',
    (text) => {
      const parts = traceParts(text);
      expect(parts).toMatchObject({ traceId: PARENT.slice(3, 35), spanId: PARENT.slice(36, 52), flags: 1 });
      expect(traceText(parts as NonNullable<typeof parts>)).toBe(text);
      expect(checkTrace(text)).toBe(text);
    },
  );

  test.each([
    ['empty', ''],
    ['no text', 7],
    ['short', PARENT.slice(0, -1)],
    ['of another version', PARENT.replace('00-', '01-')],
    ['in capitals', PARENT.toUpperCase()],
    ['without a trace', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['without a span', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['longer', `${PARENT}-x`],
    ['with a long state', `${PARENT}\n${'x'.repeat(TRACE_STATE_MAX + 1)}`],
    ['with control characters', `${PARENT}\na\u0000`],
    ['with an empty state', `${PARENT}\n`],
    ['twice', `${PARENT}${PARENT}`],
  ])('is none where it is %s', (_, text) => {
    expect(() => checkTrace(text)).toThrow('the context of a trace is as W3C writes it');
  });

  it('leaves a state behind that is too long', () => {
    const parts = traceParts(PARENT) as NonNullable<ReturnType<typeof traceParts>>;
    expect(traceText({ ...parts, state: 'x'.repeat(TRACE_STATE_MAX + 1) })).toBe(PARENT);
  });
});

describe('on a link', () => {
  function read(parts: readonly unknown[]): Envelope[] {
    const replyTo = (): never => {
      throw new Error('none is expected');
    };
    const reader = new BatchReader({ toRef: (id) => id, replyTo });
    reader.begin(parts, 0);
    const found: Envelope[] = [];
    while (!reader.isAtEnd) found.push(reader.envelope(reader.next() as number));
    return found;
  }

  it('comes before its message, and messages without one are as before', () => {
    const batch: unknown[] = [];
    for (const trace of [PARENT, undefined, `~${PARENT}\na=1`]) {
      const envelope = new Envelope('message', 'a/b', { type: 'x' }, undefined, undefined, 0);
      envelope.trace = trace;
      appendEnvelope(batch, envelope, (id) => id, 1_000, { bytesMax: 0 });
    }
    expect(batch.filter((part) => part === TRACED)).toHaveLength(2);
    expect(batch.slice(6, 10)).toEqual([MESSAGE, 'a/b', undefined, { type: 'x' }]);
    expect(read(batch).map(({ trace, to }) => [trace, to])).toEqual([
      [PARENT, 'a/b'],
      [undefined, 'a/b'],
      [`~${PARENT}\na=1`, 'a/b'],
    ]);
  });

  it.each([
    ['that is none', [TRACED, 'x', MESSAGE, 'a/b', undefined, { type: 'x' }]],
    ['before another one', [TRACED, PARENT, TRACED, PARENT, MESSAGE, 'a/b', undefined, { type: 'x' }]],
    ['before a request', [TRACED, PARENT, REQUEST, 0, 'a/b', undefined, 'x', undefined, 0, 0]],
    ['before nothing', [TRACED, PARENT]],
  ])('%s breaks it', (_, parts) => {
    expect(() => read(parts)).toThrow();
  });
});

it('a record keeps it with what was told and put aside; records without one are read as before', () => {
  const own = {
    name: stashPart(1),
    message: { type: 'x' },
    sender: undefined,
    stream: 's',
    number: 1,
    turn: undefined,
  };
  const parts = new Map([
    ['o:0000000000000001', encodeValue(['a/b', { type: 'x' }, PARENT])],
    ['o:0000000000000002', encodeValue(['a/b', { type: 'x' }])],
    [stashPart(1), writeStashed({ ...own, trace: PARENT })],
    [stashPart(2), encodeValue([{ type: 'x' }, undefined, 's', 2, undefined])],
  ]);
  const { outgoing, stashed } = readRecord(parts, (id) => id);
  expect(outgoing.map(({ trace }) => trace)).toEqual([PARENT, undefined]);
  expect(stashed.map(({ trace }) => trace)).toEqual([PARENT, undefined]);
});
