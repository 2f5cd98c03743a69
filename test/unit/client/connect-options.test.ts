/** What a client may be given to connect with, in Node.js and in a page. */
import { expect, test } from 'vitest';
import { checkConnect, CONNECT_MS_MAX } from '../../../src/client/connect-options.ts';
import { connect as connectPage } from '../../../src/client/page/index.ts';

const fault = (got: string): object => ({
  code: 'INVALID_OPTIONS',
  message: `connectMs: expected a whole number from 1 to ${CONNECT_MS_MAX}; got ${got}`,
});

test(`one try to connect takes ${CONNECT_MS_MAX} ms at most, in Node.js`, () => {
  expect(checkConnect('tcp://host:1', { connectMs: CONNECT_MS_MAX })).toMatchObject({ scheme: 'tcp' });
  for (const connectMs of [CONNECT_MS_MAX + 1, 0, 1.5, Number.NaN])
    expect(() => checkConnect('tcp://host:1', { connectMs })).toThrow(
      expect.objectContaining(fault(String(connectMs))),
    );
});

test(`and in a page`, async () => {
  for (const connectMs of [CONNECT_MS_MAX + 1, 0, 1.5, Number.NaN])
    await expect(connectPage('ws://host:1', { connectMs })).rejects.toMatchObject(fault(String(connectMs)));
});
