/** The program of the process that reads a copy of a store: it opens the copy, looks at all of it, closes it, and says what it found. */
import { LmdbStore } from '../store/lmdb-store.ts';
import type { DataCheck } from '../store/data-check.ts';
import { asError, errorToData, TroupeError } from '../vocabulary/errors.ts';
import { type FromReader, READER_SIGN_MS } from './copy-check.ts';

function say(message: FromReader, done: () => void = () => {}): void {
  process.send?.(message, done);
}

async function look(folder: string): Promise<DataCheck> {
  const store = LmdbStore.open(folder);
  try {
    return await store.check();
  } finally {
    await store.close();
  }
}

function faultOf(error: unknown): TroupeError {
  return error instanceof TroupeError
    ? error
    : new TroupeError('STORE_FAILED', `the copy could not be read: ${asError(error).message}`);
}

const [, , folder = ''] = process.argv;
// Without the command nobody hears an answer. It may be gone by now.
process.on('disconnect', () => process.exit(1));
if (!process.connected) process.exit(1);
const signs = setInterval(() => say({ type: 'alive' }), READER_SIGN_MS);
const answer = await look(folder).then(
  (check): FromReader => ({ type: 'checked', check }),
  (error): FromReader => ({ type: 'refused', error: errorToData(faultOf(error)) }),
);
clearInterval(signs);
say(answer, () => process.exit());
