import { expect, test } from 'vitest';
import { errorFromData, errorToData, TroupeError } from '../../../src/vocabulary/errors.ts';

test('an error from another process keeps what was thrown there: name, message, stack, and the code where it has one', () => {
  const thrown = Object.assign(new RangeError('no such file'), { code: 'ENOENT' });
  const error = new TroupeError('HANDLER_FAILED', 'it threw', { fate: 'executed', cause: thrown });
  const again = errorFromData(structuredClone(errorToData(error)));
  expect(again).toMatchObject({ code: 'HANDLER_FAILED', message: 'it threw', fate: 'executed' });
  expect(again.cause).toBeInstanceOf(Error);
  expect(again.cause).toMatchObject({
    name: 'RangeError',
    message: 'no such file',
    stack: thrown.stack,
    code: 'ENOENT',
  });
});

test('a cause without a code has none afterwards', () => {
  const error = new TroupeError('HANDLER_FAILED', 'it threw', { cause: new Error('plain') });
  expect(Object.keys(errorFromData(errorToData(error)).cause as object)).not.toContain('code');
});
