import { describe, expect, test } from 'vitest';
import { SHOWN_BYTES_MAX, SHOWN_DEPTH_MAX, SHOWN_TEXT_MAX, shortText, shown } from '../../../src/inspection/shown.ts';

class Socket {
  readonly server = { huge: 'x'.repeat(1_000) };
}

describe('a state as it is shown', () => {
  test('is JSON data', () => {
    const state = {
      n: 1,
      big: 12n,
      not: Number.NaN,
      none: undefined,
      at: new Date(0),
      map: new Map([['a', new Set([1, 2])]]),
      bytes: new Uint8Array(9),
      run: () => 1,
      socket: new Socket(),
      error: new TypeError('no'),
      bare: Object.assign(Object.create(null), { x: 1 }),
      list: [undefined, null],
    };
    const { value, cut } = shown(state);
    expect(cut).toBeUndefined();
    expect(value).toEqual({
      ...{ n: 1, big: '12n', not: 'NaN', at: '1970-01-01T00:00:00.000Z', map: [['a', [1, 2]]] },
      ...{ bytes: '[9 bytes]', run: '[function]', socket: '[Socket]', error: 'TypeError: no', bare: { x: 1 } },
      list: [null, null],
    });
    expect(JSON.parse(JSON.stringify(value))).toEqual(value);
  });

  test('is bounded, however large or deep it is, and says so', () => {
    const wide = shown({ list: Array.from({ length: 1_000_000 }, (_, n) => ({ n })), text: 'later' });
    expect(JSON.stringify(wide.value).length).toBeLessThan(2 * SHOWN_BYTES_MAX);
    expect(wide.cut).toBe(`more than ${SHOWN_BYTES_MAX} bytes`);
    const text = shown('y'.repeat(10_000_000));
    expect((text.value as string).length).toBeLessThanOrEqual(SHOWN_BYTES_MAX);
    expect(text.cut).toBe(`more than ${SHOWN_BYTES_MAX} bytes`);
    let deep: unknown = 'bottom';
    for (let n = 0; n < 100_000; n++) deep = { deep };
    expect(shown(deep).cut).toBe(`deeper than ${SHOWN_DEPTH_MAX} levels`);
    // Empty parts cost something too.
    expect(JSON.stringify(shown(new Array(1_000_000).fill([])).value).length).toBeLessThan(2 * SHOWN_BYTES_MAX);
  });

  test('comes of what throws, or holds itself', () => {
    const own: Record<string, unknown> = { __proto__: null };
    own.own = own;
    Object.defineProperty(own, '__proto__', { value: 'a key like others', enumerable: true });
    const value = {
      own,
      get bad(): never {
        throw new Error('a getter');
      },
    };
    expect(shown(value).value).toBe('[cannot be read]');
    const { own: inner } = shown({ own }).value as { own: Record<string, unknown> };
    expect(inner.own).toBe('[circular]');
    expect(Object.entries(inner)).toContainEqual(['__proto__', 'a key like others']);
    expect(shown(new Proxy({}, { ownKeys: () => expect.fail('was asked') })).value).toBe('[proxy]');
  });
});

test('a text beside a state is cut, a short one is as it was', () => {
  const text = 'y'.repeat(SHOWN_TEXT_MAX);
  expect(shortText(text)).toBe(text);
  expect(shortText(`${text}y`).length).toBeLessThanOrEqual(SHOWN_TEXT_MAX);
});
