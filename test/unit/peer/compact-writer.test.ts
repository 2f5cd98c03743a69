import { expect, test } from 'vitest';
import { CompactWriter, QUIET_BYTES } from '../../../src/frames/compact-writer.ts';
import { IdNumbers } from '../../../src/frames/link-ids.ts';
import { message } from './link-fixture.ts';

const FRAME_BYTES = 64 * 1024;
const LINKS = 500;

/** Bytes that are taken by so many writers, each after `use`. */
function bytesOf(use: (writer: CompactWriter) => void): number {
  const before = process.memoryUsage().arrayBuffers;
  const writers = Array.from({ length: LINKS }, newWriter);
  for (const writer of writers) use(writer);
  const bytes = process.memoryUsage().arrayBuffers - before;
  expect(writers).toHaveLength(LINKS);
  return bytes;
}

function newWriter(): CompactWriter {
  return new CompactWriter(new IdNumbers(), new IdNumbers(), 1024 * 1024, FRAME_BYTES);
}

function write(writer: CompactWriter, to = 'counter/a'): Uint8Array {
  writer.begin(1, false);
  writer.tell(message(to, 1));
  return writer.finish();
}

test('a link on which nothing was written takes no memory for frames, also after it was made anew', () => {
  expect(bytesOf((writer) => writer.reset())).toBeLessThan(LINKS * 1_024);
});

test('one on which little was written takes no more than its frames', () => {
  expect(bytesOf(write)).toBeLessThan(2 * FRAME_BYTES + LINKS * 2_048);
});

test('one on which more was written has memory of its own, in which its frames are not copied', () => {
  const writer = newWriter();
  const memory = new Set<ArrayBufferLike>();
  for (let bytes = 0; bytes < QUIET_BYTES; ) bytes += write(writer).byteLength;
  for (let count = 0; count < 1_000; count++) memory.add(write(writer).buffer);
  expect(memory.size).toBe(1);
});

test('frames of quiet links are whole, whoever writes in the middle of them or after them', () => {
  const [one, other] = [newWriter(), newWriter()];
  one.begin(1, false);
  one.tell(message('counter/a', 1));
  const within = write(other, 'counter/b');
  const before = one.finish();
  const [copyWithin, copyBefore] = [Uint8Array.from(within), Uint8Array.from(before)];
  write(one, 'counter/c');
  write(other, 'counter/d');
  expect(Uint8Array.from(before)).toEqual(copyBefore);
  expect(Uint8Array.from(within)).toEqual(copyWithin);
  expect(copyBefore).toEqual(Uint8Array.from(write(newWriter(), 'counter/a')));
  expect(copyWithin).toEqual(Uint8Array.from(write(newWriter(), 'counter/b')));
});

test('a frame of which nothing came leaves its memory to others', () => {
  const writer = newWriter();
  writer.begin(1, false);
  writer.drop();
  expect(bytesOf(write)).toBeLessThan(2 * FRAME_BYTES + LINKS * 2_048);
});
