import { expect, test } from 'vitest';
import { encodeGreeting, HANDSHAKE_BYTES_MAX } from '../../../src/wire/handshake.ts';

test('a greeting has so many bytes at most', () => {
  const around = JSON.stringify({ token: '' }).length;
  const greeting = (bytes: number): object => ({ token: 'x'.repeat(bytes - around) });
  expect(encodeGreeting(greeting(HANDSHAKE_BYTES_MAX)).byteLength).toBeGreaterThan(HANDSHAKE_BYTES_MAX);
  expect(() => encodeGreeting(greeting(HANDSHAKE_BYTES_MAX + 1))).toThrow(`got ${HANDSHAKE_BYTES_MAX + 1}`);
});
