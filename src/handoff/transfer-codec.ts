/**
 * Transferred state on the wire: each actor and then its mail, in pieces that fit a frame, so that other mail can pass.
 * The content of a piece travels as messages do.
 */
import type { TransferredActor } from '../actor/transfer.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, type ReplyTo } from '../vocabulary/envelope.ts';
import { decodeValue, encodeValue, type FrameWeight, fromWire } from '../wire/codec.ts';
import { VERBS } from '../wire/entry.ts';
import {
  actorOf,
  checkRequest,
  deadlineOf,
  messageOf,
  processOf,
  senderOf,
  senseless,
  deliveryIdOf,
  wholeOf,
} from '../peer/entry-sense.ts';
import { payloadToWire } from '../peer/message-form.ts';

/** Bytes of one piece; of mail, before the envelope that goes past it. */
const PIECE_BYTES = 64 * 1024;
const PIECE_ENVELOPES = 256;
/** A state that moves; a larger one stays where it is. */
export const STATE_BYTES_MAX: number = 1024 * 1024 * 1024;

type WireDeliveryId = [
  stream: string,
  number: number,
  previous: number,
  floor: number,
  turn: string | null,
  isSuspect: boolean,
];

type WireEnvelope = [
  to: ActorId,
  verb: number,
  message: unknown,
  sender: ActorId | null,
  process: ActorId | null,
  correlation: number,
  deadline: number,
  deliveryId: WireDeliveryId | null,
];

/** mail — waits for an actor · stash — put aside by it · outbound — its own, that never left. */
export type MailKind = 'mail' | 'stash' | 'outbound';
/** An actor is bytes, in as many pieces as they need. */
export type TransferPiece = ['actor', bytes: Uint8Array, isLast: boolean] | [MailKind, WireEnvelope[]];

/** A piece, and its encoded size at most. */
export interface WeighedPiece {
  piece: TransferPiece;
  bytesMax: number;
}

/** `state`: of `stateOf`, encoded. Throws INVALID_MESSAGE. */
export function actorPieces(transfer: TransferredActor, state: Uint8Array | undefined): WeighedPiece[] {
  const { incarnation } = transfer;
  // The state was encoded before, when the actor could still refuse to move; so it stays apart.
  const body = { ...transfer, incarnation: incarnation && { ...incarnation, state: undefined } };
  const whole = encodeValue([body, state]);
  const pieces: WeighedPiece[] = [];
  for (let at = 0; at < whole.byteLength; at += PIECE_BYTES) {
    const bytes = whole.subarray(at, at + PIECE_BYTES);
    const isLast = at + PIECE_BYTES >= whole.byteLength;
    pieces.push({ piece: ['actor', bytes, isLast], bytesMax: bytes.byteLength + 64 });
  }
  return pieces;
}

/** All pieces of one actor, joined. Throws on bytes that make no sense. */
export function readActor(whole: Uint8Array, toRef: (id: ActorId) => unknown): TransferredActor {
  const [body, state] = decodeValue(whole, toRef) as [TransferredActor, Uint8Array | undefined];
  if (body.incarnation) body.incarnation.state = state && decodeValue(state, toRef);
  return body;
}

/** Envelopes in order. One that cannot be encoded goes to `refused`. */
export function mailPieces(
  kind: MailKind,
  envelopes: Iterable<Envelope>,
  messageBytesMax: number,
  refused: (envelope: Envelope, error: unknown) => void,
): WeighedPiece[] {
  const pieces: WeighedPiece[] = [];
  let batch: WireEnvelope[] = [];
  let weight: FrameWeight = { bytesMax: 0 };
  const close = (): void => {
    if (batch.length > 0) pieces.push({ piece: [kind, batch], bytesMax: weight.bytesMax });
    batch = [];
    weight = { bytesMax: 0 };
  };
  for (const envelope of envelopes) {
    if (envelope.replyTo?.settled) continue;
    try {
      batch.push(toWireEnvelope(envelope, messageBytesMax, weight));
    } catch (error) {
      refused(envelope, error);
    }
    if (weight.bytesMax >= PIECE_BYTES || batch.length >= PIECE_ENVELOPES) close();
  }
  close();
  return pieces;
}

function toWireEnvelope(envelope: Envelope, messageBytesMax: number, weight: FrameWeight): WireEnvelope {
  const { to, verb, sender, replyTo, deadline, deliveryId } = envelope;
  const payload = payloadToWire(envelope, messageBytesMax, weight);
  const address = replyTo?.address();
  weight.bytesMax += (to.length + (sender?.length ?? 0)) * 3;
  return [
    to,
    VERBS.indexOf(verb),
    payload,
    sender ?? null,
    address?.process ?? null,
    address?.correlation ?? 0,
    deadline,
    deliveryId
      ? [
          deliveryId.stream,
          deliveryId.number,
          deliveryId.previous,
          deliveryId.floor,
          deliveryId.turn ?? null,
          deliveryId.isSuspect,
        ]
      : null,
  ];
}

/** Throws on an envelope that makes no sense, and on a message that cannot be read. */
export function readMail(
  batch: readonly unknown[],
  toRef: (id: ActorId) => unknown,
  replyTo: (process: ActorId, correlation: number) => ReplyTo,
): Envelope[] {
  return (batch as WireEnvelope[]).map(([to, code, payload, sender, process, correlation, deadline, deliveryId]) => {
    const reply = process === null ? undefined : replyTo(processOf(process), wholeOf(correlation));
    // A message has none of the codes.
    const verb = VERBS[code] ?? 'message';
    const message = fromWire(payload, toRef);
    if (verb === 'message') messageOf(message);
    else checkRequest(verb, message);
    const envelope = new Envelope(verb, actorOf(to), message, senderOf(sender), reply, deadlineOf(deadline));
    if (deliveryId) envelope.deliveryId = deliveryIdOf(...deliveryId);
    return envelope;
  });
}

/** A piece, or null behind the last one. Its content is looked at when it is installed. */
export function pieceOf(part: unknown): TransferPiece | null {
  if (part === null) return null;
  const [kind, content, isLast] = Array.isArray(part) ? part : [];
  if (kind === 'actor' && content instanceof Uint8Array && typeof isLast === 'boolean') return part as TransferPiece;
  const isMail = kind === 'mail' || kind === 'stash' || kind === 'outbound';
  if (isMail && Array.isArray(content) && content.every(Array.isArray)) return part as TransferPiece;
  throw senseless('a piece of what an actor takes along', kind);
}
