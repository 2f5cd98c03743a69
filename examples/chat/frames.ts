/** What a page may send. Whatever is not exactly that is refused at the door, so that the actors can trust it. */
import { z } from 'zod';
import {
  type ClientFrame,
  CONVERSATIONS_PER_USER_MAX,
  NAME_CHARACTERS_MAX,
  ROOMS_PER_USER_MAX,
  TEXT_CHARACTERS_MAX,
} from '../../actors/_chat.ts';

/** Letters and digits, and between them also spaces and . _ ' - */
const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} ._'-]*[\p{L}\p{M}\p{N}])?$/u;

const name = z.string().normalize().min(1).max(NAME_CHARACTERS_MAX).regex(NAME);
const id = z.string().regex(/^[\w-]{1,64}$/);
const text = z.string().trim().min(1).max(TEXT_CHARACTERS_MAX);
const at = z.int().nonnegative();

const frame: z.ZodType<ClientFrame> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    name,
    rooms: z.array(z.object({ room: name, readAt: at })).max(ROOMS_PER_USER_MAX),
    direct: z.array(z.object({ with: name, unread: z.int().nonnegative() })).max(CONVERSATIONS_PER_USER_MAX),
  }),
  z.object({ type: z.literal('join'), room: name, readAt: at }),
  z.object({ type: z.literal('leave'), room: name }),
  z.object({ type: z.literal('post'), room: name, id, text }),
  z.object({ type: z.literal('direct'), with: name, id, text }),
  z.object({ type: z.literal('read-room'), room: name, at }),
  z.object({ type: z.literal('read-direct'), with: name }),
  z.object({ type: z.literal('where'), room: name }),
]);

/** Throws with a reason that fits into the close of a socket: 123 bytes. */
export function parseFrame(data: string): ClientFrame {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new Error('expected JSON');
  }
  const result = frame.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0] as z.core.$ZodIssue;
  throw new Error(`${path.join('.')}: ${message}`.replace(/[^ -~]/g, '?').slice(0, 120));
}
