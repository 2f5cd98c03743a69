/** Options of an ask are checked at the call: what they may be, and how long an ask may wait. */
import { expect, test } from 'vitest';
import { ASK_TIMEOUT_MS_MAX, checkAskOptions } from '../../../src/actor/ask-options.ts';
import { thrownBy } from './kernel-fixture.ts';

test(`an ask waits ${ASK_TIMEOUT_MS_MAX} ms at most`, () => {
  for (const timeoutMs of [0, 0.5, ASK_TIMEOUT_MS_MAX]) expect(() => checkAskOptions({ timeoutMs })).not.toThrow();
  for (const timeoutMs of [-1, Number.NaN, ASK_TIMEOUT_MS_MAX + 1, Number.POSITIVE_INFINITY])
    expect(thrownBy(() => checkAskOptions({ timeoutMs }))).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: `timeoutMs: expected milliseconds from 0 to ${ASK_TIMEOUT_MS_MAX}; got ${timeoutMs}`,
    });
});
