/** A Host that is longer than any name. */
import { afterEach, expect, test } from 'vitest';
import { hostNameOf, NAME_MAX } from '../../../src/web/admission.ts';
import { closeListeners, lines, listen, send } from './web-fixture.ts';

afterEach(closeListeners);

const shownIn = (text: string): number | undefined => /a{100,}/.exec(text)?.[0].length;

test(`of more than ${NAME_MAX} characters is no name, whatever its end, and no more of it is said or logged`, async () => {
  const long = 'a'.repeat(NAME_MAX + 1);
  expect([hostNameOf(long.slice(1)), hostNameOf(long)]).toEqual([long.slice(1), undefined]);
  const { url } = await listen();
  const { status, body } = await send(url, `GET /secret HTTP/1.1\r\nHost: ${long}`);
  expect([status, shownIn(body)]).toEqual([421, NAME_MAX]);
  expect([lines.length, shownIn(JSON.stringify(lines))]).toEqual([1, NAME_MAX]);
});
