/**
 * What an event tells, on its way to listeners in other processes. What cannot travel is described in its place: nobody
 * may harm a process by listening to it.
 */
import type { ActorId } from '../vocabulary/address.ts';
import { inspectPlain } from '../vocabulary/plain-data.ts';
import { show } from '../vocabulary/show.ts';
import { fromWire, toWire } from '../wire/codec.ts';

/** Bytes of a dead letter's message that the control plane carries; a larger one is described. */
export const EVENT_MESSAGE_BYTES_MAX: number = 256 * 1024;

interface Told {
  message?: unknown;
  error?: Error;
}

export function eventToWire(payload: unknown): unknown {
  const { error } = payload as Told;
  if (error !== undefined) return { ...(payload as Told), error: sendable(error) };
  if (!('message' in (payload as Told))) return payload;
  return { ...(payload as Told), message: messageToWire((payload as Told).message) };
}

export function eventFromWire(payload: unknown, toRef: (id: ActorId) => unknown): unknown {
  if (!('message' in (payload as Told))) return payload;
  return { ...(payload as Told), message: fromWire((payload as Told).message, toRef) };
}

function messageToWire(message: unknown): unknown {
  try {
    return toWire(message, EVENT_MESSAGE_BYTES_MAX);
  } catch {
    return show(message);
  }
}

/** An error may carry anything as its cause. */
function sendable(error: Error): Error {
  if (inspectPlain(error).fault === undefined) return error;
  const copy = new Error(error.message);
  copy.name = error.name;
  if (error.stack !== undefined) copy.stack = error.stack;
  return copy;
}
