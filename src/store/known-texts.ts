/**
 * Short texts of ASCII that were read before: the same ids, fences and names of parts come again and again, and to find one is
 * quicker than to make it anew (D1 with workers).
 */
import type { Buffer } from 'node:buffer';

/** Characters of a text that is remembered. */
const SHORT = 64;
/** Texts that are remembered, a power of two; one takes the place of another. */
export const KNOWN_TEXTS = 16_384;

const known: string[] = new Array(KNOWN_TEXTS).fill('');

export function knownText(bytes: Buffer, start: number, size: number): string {
  if (size > SHORT) return bytes.toString('utf8', start, start + size);
  let hash = size;
  for (let at = start, end = start + size; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
  const place = (hash ^ (hash >>> 15)) & (KNOWN_TEXTS - 1);
  const likely = known[place] as string;
  if (isSame(bytes, start, size, likely)) return likely;
  const text = bytes.toString('utf8', start, start + size);
  // A text with other characters than ASCII is not found again by its bytes.
  if (text.length === size) known[place] = text;
  return text;
}

function isSame(bytes: Buffer, start: number, size: number, text: string): boolean {
  if (text.length !== size) return false;
  for (let i = 0; i < size; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
