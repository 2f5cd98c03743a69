/**
 * Luggage on the wire: one piece for each actor, then its mail in pieces that fit a frame, so that other mail can pass.
 * What a piece holds travels as messages do.
 */
import type { ActorLuggage } from '../actor/luggage.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, type ReplyTo, Stamp } from '../vocabulary/envelope.ts';
import { type FrameWeight, fromWire, toWire } from '../wire/codec.ts';
import { VERBS } from '../wire/entry.ts';

/** Bytes of mail in one piece, before the envelope that goes past it. */
const PIECE_BYTES = 64 * 1024;
const PIECE_ENVELOPES = 256;

type WireStamp = [
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
  stamp: WireStamp | null,
];

/** mail — waits for an actor · stash — put aside by it · outbound — its own, that never left. */
export type MailKind = 'mail' | 'stash' | 'outbound';
export type LuggagePiece = ['actor', unknown] | [MailKind, WireEnvelope[]];

/** A piece, and its encoded size at most. */
export interface WeighedPiece {
  piece: LuggagePiece;
  bytesMax: number;
}

/** Throws INVALID_MESSAGE and MESSAGE_TOO_LARGE. */
export function actorPiece(luggage: ActorLuggage, stateBytesMax: number, messageBytesMax: number): WeighedPiece {
  const weight: FrameWeight = { bytesMax: stateBytesMax };
  const { incarnation } = luggage;
  // The state was put into its form for the wire before, bytes where it is no simple tree; so it stays apart.
  const body = toWire(
    { ...luggage, incarnation: incarnation && { ...incarnation, state: undefined } },
    messageBytesMax,
    weight,
  );
  return { piece: ['actor', [body, incarnation?.state]], bytesMax: weight.bytesMax };
}

export function readActor(wire: unknown, toRef: (id: ActorId) => unknown): ActorLuggage {
  const [body, state] = wire as [unknown, unknown];
  const luggage = fromWire(body, toRef) as ActorLuggage;
  if (luggage.incarnation) luggage.incarnation.state = fromWire(state, toRef);
  return luggage;
}

/** Envelopes in order. What cannot be encoded goes to `refused`. */
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
  const { to, verb, message, sender, replyTo, deadline, stamp } = envelope;
  const payload = toWire(message, messageBytesMax, weight);
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
    stamp ? [stamp.stream, stamp.number, stamp.previous, stamp.floor, stamp.turn ?? null, stamp.isSuspect] : null,
  ];
}

export function readMail(
  batch: readonly unknown[],
  toRef: (id: ActorId) => unknown,
  replyTo: (process: ActorId, correlation: number) => ReplyTo,
): Envelope[] {
  return (batch as WireEnvelope[]).map(([to, verb, message, sender, process, correlation, deadline, stamp]) => {
    const reply = process === null ? undefined : replyTo(process, correlation);
    const envelope = new Envelope(
      VERBS[verb] ?? 'message',
      to,
      fromWire(message, toRef),
      sender ?? undefined,
      reply,
      deadline,
    );
    if (stamp) {
      const [stream, number, previous, floor, turn, isSuspect] = stamp;
      envelope.stamp = new Stamp(stream, number, previous, floor, turn ?? undefined, isSuspect);
    }
    return envelope;
  });
}
