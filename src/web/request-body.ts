/** The body of a request, in bounds. */
import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { WebRefusal } from './route.ts';

export const BODY_BYTES_MAX = 1_048_576;
/** Objects and lists inside each other in a body. */
export const JSON_DEPTH_MAX = 64;

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = new WebRefusal(413, `expected at most ${BODY_BYTES_MAX} bytes`, { connection: 'close' });
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw tooLarge;
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > BODY_BYTES_MAX) throw tooLarge;
      parts.push(part);
    }
  } catch (error) {
    if (error === tooLarge) throw error;
    // Its sender has gone, or was cut for being slow: no fault of the system, and nothing for its log.
    throw new WebRefusal(400, 'expected the whole body', { connection: 'close' });
  }
  return Buffer.concat(parts);
}

export async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const { 'content-type': type = '' } = request.headers;
  // A page of somebody else cannot send this type without asking first.
  if (!/^application\/json\b/i.test(type)) throw new WebRefusal(415, 'expected content-type: application/json');
  const text = (await bodyOf(request)).toString();
  if (depthOf(text) > JSON_DEPTH_MAX) throw new WebRefusal(400, `expected JSON at most ${JSON_DEPTH_MAX} deep`);
  try {
    return JSON.parse(text);
  } catch {
    throw new WebRefusal(400, 'expected JSON');
  }
}

/** Seen on the text, before anything is made of it. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInText) {
      if (code === 92) at++;
      else if (code === 34) isInText = false;
    } else if (code === 34) isInText = true;
    else if (code === 91 || code === 123) deepest = Math.max(deepest, ++depth);
    else if (code === 93 || code === 125) depth--;
  }
  return deepest;
}
