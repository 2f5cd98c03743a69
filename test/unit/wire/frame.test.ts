import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameSplitter } from '../../../src/wire/frame.ts';

const BOUND = 300;

function framed(...bodies: Uint8Array[]): Buffer {
  return Buffer.concat(
    bodies.map((body) => {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(body.length);
      return Buffer.concat([head, body]);
    }),
  );
}

const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: BOUND }), { maxLength: 30 });

function cut(stream: Buffer, cuts: number[]): Buffer[] {
  const at = [0, ...cuts.map((each) => each % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return at.slice(1).map((end, i) => stream.subarray(at[i], end));
}

test('however the stream is cut, the same frames come out', () => {
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(), { maxLength: 40 }), (sent, cuts) => {
      const splitter = new FrameSplitter(BOUND);
      const got: Buffer[] = [];
      for (const chunk of cut(framed(...sent), cuts)) {
        splitter.push(chunk, (bytes) => got.push(Buffer.from(bytes)) > 0);
      }
      expect(got).toEqual(sent.map((each) => Buffer.from(each)));
      expect(splitter.unread).toBe(false);
    }),
  );
});

test('however often it pauses, no frame is lost, doubled or swapped', () => {
  fc.assert(
    fc.property(
      bodies,
      fc.array(fc.nat(), { maxLength: 20 }),
      fc.infiniteStream(fc.boolean()),
      (sent, cuts, pauses) => {
        const splitter = new FrameSplitter(BOUND);
        const got: Buffer[] = [];
        let going = true;
        const take = (bytes: Uint8Array): boolean => {
          expect(going).toBe(true);
          got.push(Buffer.from(bytes));
          going = pauses.next().value as boolean;
          return going;
        };
        for (const chunk of cut(framed(...sent), cuts)) {
          let done = splitter.push(chunk, take);
          while (!done) {
            going = true;
            done = splitter.resume(take);
          }
        }
        expect(got).toEqual(sent.map((each) => Buffer.from(each)));
      },
    ),
  );
});

test('a frame within a chunk is given without a copy', () => {
  const chunk = framed(new Uint8Array([1, 2]), new Uint8Array([3]));
  const seen: unknown[] = [];
  new FrameSplitter(BOUND).push(chunk, (bytes) => seen.push(bytes.buffer === chunk.buffer) > 0);
  expect(seen).toEqual([true, true]);
});

test('a frame of exactly the bound passes, one byte more throws', () => {
  const seen: number[] = [];
  const take = (bytes: Uint8Array): boolean => seen.push(bytes.length) > 0;
  new FrameSplitter(BOUND).push(framed(new Uint8Array(BOUND)), take);
  expect(seen).toEqual([BOUND]);
  const message = `a frame has 1 to ${BOUND} bytes; got ${BOUND + 1}`;
  expect(() => new FrameSplitter(BOUND).push(framed(new Uint8Array(BOUND + 1)), take)).toThrow(message);
  const cutHead = new FrameSplitter(BOUND);
  const stream = framed(new Uint8Array(BOUND + 1));
  cutHead.push(stream.subarray(0, 3), take);
  expect(() => cutHead.push(stream.subarray(3, 5), take)).toThrow(message);
});

test('a length of zero, and one with the highest bit, throw', () => {
  const take = (): boolean => true;
  expect(() => new FrameSplitter(BOUND).push(new Uint8Array(4), take)).toThrow('got 0');
  expect(() => new FrameSplitter(BOUND).push(new Uint8Array([0, 0, 0, 0x80]), take)).toThrow(`got ${2 ** 31}`);
});

test('a paused splitter refuses more bytes', () => {
  const splitter = new FrameSplitter(BOUND);
  expect(splitter.push(framed(new Uint8Array(1), new Uint8Array(1)), () => false)).toBe(false);
  expect(() => splitter.push(new Uint8Array(1), () => true)).toThrow('resume it first');
});
