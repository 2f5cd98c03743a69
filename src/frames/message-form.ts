/** An envelope's payload as it goes to another process, by a frame or with an actor that moves. */
import { types } from 'node:util';
import { isForeignPlain } from '../plain-data/built-in-prototype.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { copyPlain } from '../plain-data/plain-copy.ts';
import { sortOf } from '../plain-data/inspect.ts';
import { type FrameWeight, toWire } from '../wire/codec.ts';

/** Throws `INVALID_MESSAGE` and `MESSAGE_TOO_LARGE`. */
export function payloadToWire({ verb, message }: Envelope, bytesMax: number, weight: FrameWeight): unknown {
  return toWire(verb === 'message' ? withType(message) : message, bytesMax, weight);
}

/** A published message goes as one that is told does. */
export function messageToWire(message: unknown, bytesMax: number, weight: FrameWeight): unknown {
  return toWire(withType(message), bytesMax, weight);
}

/**
 * The check of a call asks only whether there is a `type`. One that is not enumerable, or stands on an Error or a Map, would not travel
 * with the rest, and the other end would have to take what came for no message at all.
 */
function withType(message: unknown): unknown {
  if (typeof message !== 'object' || message === null || types.isProxy(message)) return message;
  const own = Object.getOwnPropertyDescriptor(message, 'type');
  if (own?.enumerable && keepsProperties(message)) {
    if (typeof own.value === 'string') return message;
    // A getter may give another type with each look: what was copied has one.
    const copy = own.get && (copyPlain(message) as { type: unknown });
    if (typeof copy?.type === 'string') return copy;
  }
  if (own === undefined && typeof (message as { type?: unknown }).type !== 'string') return message;
  throw new TroupeError(
    'INVALID_MESSAGE',
    `a message has an enumerable 'type' of its own, a string; got ${sortOf(message)}`,
  );
}

function keepsProperties(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null || Array.isArray(value)) return true;
  return isForeignPlain(prototype as object);
}
