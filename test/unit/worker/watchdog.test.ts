import { expect, test } from 'vitest';
import { UNWATCHED, watchMaster } from '../../../src/worker/watchdog.ts';

test('a runtime that cannot start the thread is told of in one sentence, and the process goes on', async () => {
  const text = await new Promise<string>((resolve) => watchMaster(`throw new TypeError('not here');`, resolve));
  expect(text).toBe(`${UNWATCHED}: not here`);
});
