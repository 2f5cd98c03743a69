/** `node:crypto` in a page: random bytes. A page compares no secrets. */
import { Buffer } from './buffer.ts';

export function randomBytes(length: number): Buffer {
  const bytes = new Buffer(length);
  crypto.getRandomValues(bytes);
  return bytes;
}

export function createHash(): never {
  throw new Error('a page makes no digests');
}

export function timingSafeEqual(): never {
  throw new Error('a page compares no secrets');
}
