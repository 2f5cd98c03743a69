/** The greeting of a machine makes sense, or it is none: texts have an end. */
import { expect, test } from 'vitest';
import {
  decodeMachineAnswer,
  decodeMachineHello,
  TEXT_LENGTH_MAX,
} from '../../../src/machine-links/machine-greeting.ts';
import { encodeGreeting } from '../../../src/wire/handshake.ts';
import { FRAME_HEAD_BYTES } from '../../../src/wire/link.ts';

const hello = {
  troupe: 'machine',
  version: 3,
  cluster: 'bank',
  machine: 'a',
  process: 1,
  incarnation: 2,
  to: 'b',
  wants: 'link',
};
const bytesOf = (greeting: object): Uint8Array => encodeGreeting(greeting).subarray(FRAME_HEAD_BYTES);

test(`its texts have ${TEXT_LENGTH_MAX} characters at most`, () => {
  const [most, more] = ['x'.repeat(TEXT_LENGTH_MAX), 'x'.repeat(TEXT_LENGTH_MAX + 1)];
  for (const name of ['cluster', 'machine', 'to']) {
    expect(decodeMachineHello(bytesOf({ ...hello, [name]: most }), 3)).toMatchObject({ [name]: most });
    for (const text of [more, '', 5])
      expect(decodeMachineHello(bytesOf({ ...hello, [name]: text }), 3)).toBeUndefined();
  }
  const refused = { troupe: 'machine', refused: 'INVALID_OPTIONS' };
  expect(decodeMachineAnswer(bytesOf({ ...refused, message: most }))).toMatchObject({ message: most });
  expect(decodeMachineAnswer(bytesOf({ ...refused, message: more }))).toBeUndefined();
});
