/**
 * Mail so large that it goes in pieces, and the mail that may pass it on its way: replies, and mail of other senders, so that the
 * order of each sender is kept.
 */
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import { type Outbound, PublishNote, ReplyNote } from '../frames/outbound.ts';
import { PieceCutter } from '../frames/pieces.ts';

/** Characters of a text, bytes, or elements of an array, in a message or in one of its parts. */
export const LARGE: number = 64 * 1024;

/** Seen from outside, without a walk through all of it: a hint is enough. */
export function isLarge(item: Outbound): boolean {
  if (item instanceof Envelope || item instanceof PublishNote) return holdsLarge(item.message);
  return item instanceof ReplyNote && holdsLarge(item.value);
}

export class LargeMail {
  readonly item: Outbound;
  readonly pieces: PieceCutter;

  /** `frame`: the encoded item, alone. */
  constructor(item: Outbound, frame: Uint8Array) {
    this.item = item;
    this.pieces = new PieceCutter(frame);
  }

  mayBePassedBy(other: Outbound): boolean {
    if (other instanceof ReplyNote || this.item instanceof ReplyNote) return true;
    return senderOf(other) !== senderOf(this.item);
  }
}

function senderOf(item: Outbound): ActorId | undefined {
  return item instanceof Envelope || item instanceof PublishNote ? item.sender : undefined;
}

function holdsLarge(value: unknown): boolean {
  if (sizeOf(value) >= LARGE) return true;
  if (typeof value !== 'object' || value === null) return false;
  try {
    for (const key in value) if (sizeOf((value as Record<string, unknown>)[key]) >= LARGE) return true;
  } catch {
    // A getter that threw: the inspection will say where.
  }
  return false;
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? value.byteLength : 0;
}
