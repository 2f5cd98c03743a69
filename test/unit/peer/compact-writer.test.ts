import { expect, test } from 'vitest';
import { CompactWriter } from '../../../src/frames/compact-writer.ts';
import { IdNumbers } from '../../../src/frames/link-ids.ts';
import { message } from './link-fixture.ts';

const FRAME_BYTES = 64 * 1024;
const LINKS = 500;

/** Bytes that are taken by so many writers, each after `use`. */
function bytesOf(use: (writer: CompactWriter) => void): number {
  const before = process.memoryUsage().arrayBuffers;
  const writers = Array.from(
    { length: LINKS },
    () => new CompactWriter(new IdNumbers(), new IdNumbers(), 1024 * 1024, FRAME_BYTES),
  );
  for (const writer of writers) use(writer);
  const bytes = process.memoryUsage().arrayBuffers - before;
  expect(writers).toHaveLength(LINKS);
  return bytes;
}

function write(writer: CompactWriter): void {
  writer.begin(1, false);
  writer.tell(message('counter/a', 1));
  writer.finish();
}

test('a link on which nothing was written takes no memory for frames, also after it was made anew', () => {
  expect(bytesOf((writer) => writer.reset())).toBeLessThan(LINKS * 1_024);
});

test('one on which little was written takes room for one frame', () => {
  expect(bytesOf(write)).toBeLessThan(LINKS * 1.5 * FRAME_BYTES);
});
