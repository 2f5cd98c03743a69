/**
 * The payload of an event, on its way to listeners in other processes. A part that cannot travel is described in its place: nobody
 * may harm a process by listening to it.
 */
import type { ActorId } from '../vocabulary/address.ts';
import { type ErrorReading, errorOfReading, readError } from '../vocabulary/error-reading.ts';
import { inspect } from '../plain-data/inspect.ts';
import { fromWire, toWire } from '../wire/codec.ts';

/** Bytes of a dead letter's message that the control plane carries; a larger one is described. */
export const EVENT_MESSAGE_BYTES_MAX: number = 256 * 1024;

interface Payload {
  message?: unknown;
  error?: Error;
}

/** On its way. */
interface Sent {
  message?: unknown;
  error?: ErrorReading;
}

export function eventToWire(payload: unknown): unknown {
  const { error } = payload as Payload;
  if (error !== undefined) return { ...(payload as Payload), error: readError(error) };
  if (!('message' in (payload as Payload))) return payload;
  return { ...(payload as Payload), message: messageToWire((payload as Payload).message) };
}

export function eventFromWire(payload: unknown, toRef: (id: ActorId) => unknown): unknown {
  const sent = payload as Sent;
  if (sent.error !== undefined) return { ...sent, error: errorOfReading(sent.error) };
  if (!('message' in sent)) return payload;
  return { ...sent, message: fromWire(sent.message, toRef) };
}

function messageToWire(message: unknown): unknown {
  try {
    return toWire(message, EVENT_MESSAGE_BYTES_MAX);
  } catch {
    return inspect(message);
  }
}
