/** An error of the store on its way from the owner: with its code and its cause, and no longer than a frame is to be. */
import { expect, test } from 'vitest';
import { ByteReader } from '../../../src/store-service/byte-reader.ts';
import { ERROR_CHARACTERS_MAX, newBatch, readError, writeError } from '../../../src/store-service/store-frames.ts';
import { FRAME_HEAD_BYTES } from '../../../src/wire/link.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';

function arrived(error: unknown): TroupeError {
  const batch = newBatch();
  writeError(batch, error);
  return readError(new ByteReader(batch.take().subarray(FRAME_HEAD_BYTES + 1)));
}

test(`its words and those of its cause are cut at ${ERROR_CHARACTERS_MAX} characters`, () => {
  const long = 'x'.repeat(100_000);
  const error = arrived(new TroupeError('STORE_LOCKED', long, { cause: new Error(long) }));
  expect(error.code).toBe('STORE_LOCKED');
  expect([error.message.length, (error.cause as Error).message.length]).toEqual(Array(2).fill(ERROR_CHARACTERS_MAX));
});

test('what is no error of troupe is STORE_FAILED, with its words, and without a cause where it has none', () => {
  const odd = arrived(new TypeError('odd'));
  expect([odd.code, odd.message, odd.cause]).toEqual(['STORE_FAILED', 'odd', undefined]);
  expect((arrived(new Error('x', { cause: new Error('') })).cause as Error).message).toBe('an error without words');
});
