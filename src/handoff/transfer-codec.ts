/**
 * Transferred state on the wire: each actor and then its mail, in pieces that fit a frame, so that other mail can pass.
 * The content of a piece travels as messages do.
 */
import type { TransferredActor } from '../actor/transfer.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope, ReplyTo } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { decodeValue, encodeValue, type FrameWeight, toWire } from '../wire/codec.ts';
import { ASK, MESSAGE, REQUEST, STAMPED, TRACED } from '../wire/entry.ts';
import { senseless } from '../frames/entry-validation.ts';
import { appendEnvelope, BatchReader } from '../frames/envelope-entries.ts';

/** Kinds of entries. */
const ENVELOPES: ReadonlySet<unknown> = new Set([MESSAGE, ASK, REQUEST, STAMPED, TRACED]);
/** Bytes of one piece; of mail, before the envelope that goes past it. */
const PIECE_BYTES = 64 * 1024;
const PIECE_ENVELOPES = 256;
/** A state that moves; a larger one stays where it is. */
export const STATE_BYTES_MAX: number = 1024 * 1024 * 1024;

/** Throws INVALID_MESSAGE, and MESSAGE_TOO_LARGE. */
export function encodeState(state: unknown, bytesMax: number = STATE_BYTES_MAX): Uint8Array {
  return fitting(() => encodeValue(state, bytesMax), bytesMax);
}

/** As `encodeState`, and encodes it only where it may be too large. */
export function checkState(state: unknown, bytesMax: number = STATE_BYTES_MAX): void {
  fitting(() => toWire(state, bytesMax), bytesMax);
}

function fitting<T>(encode: () => T, bytesMax: number): T {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof TroupeError) || error.code !== 'MESSAGE_TOO_LARGE') throw error;
    const got = error.message.slice(error.message.lastIndexOf('got'));
    throw new TroupeError('MESSAGE_TOO_LARGE', `a state that moves has at most ${bytesMax} encoded bytes; ${got}`);
  }
}

/** mail — waits for an actor · stash — put aside by it · outbound — its own, that never left. */
export type MailKind = 'mail' | 'stash' | 'outbound';
/** An actor is bytes, in as many pieces as they need; mail is entries, as in a frame. */
export type TransferPiece = ['actor', bytes: Uint8Array, isLast: boolean] | [MailKind, entries: unknown[]];

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

/** All pieces of one actor, joined, with its state as it was encoded. Throws on bytes that make no sense. */
export function readPacked(
  whole: Uint8Array,
  toRef: (id: ActorId) => unknown,
): [actor: TransferredActor, state: Uint8Array | undefined] {
  return decodeValue(whole, toRef) as [TransferredActor, Uint8Array | undefined];
}

/** The same, with its state. */
export function readActor(whole: Uint8Array, toRef: (id: ActorId) => unknown): TransferredActor {
  const [body, state] = readPacked(whole, toRef);
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
  let batch: unknown[] = [];
  let count = 0;
  let weight: FrameWeight = { bytesMax: 0 };
  const close = (): void => {
    if (count > 0) pieces.push({ piece: [kind, batch], bytesMax: weight.bytesMax });
    batch = [];
    count = 0;
    weight = { bytesMax: 0 };
  };
  for (const envelope of envelopes) {
    if (envelope.replyTo?.settled) continue;
    try {
      appendEnvelope(batch, envelope, wholeId, messageBytesMax, weight);
      count++;
    } catch (error) {
      refused(envelope, error);
    }
    if (weight.bytesMax >= PIECE_BYTES || count >= PIECE_ENVELOPES) close();
  }
  close();
  return pieces;
}

/** Numbers are of a link, which may break under it: a piece says each id. */
function wholeId(id: ActorId): ActorId {
  return id;
}

/** Throws on an envelope that makes no sense, and on a message that cannot be read. */
export function readMail(
  batch: readonly unknown[],
  toRef: (id: ActorId) => unknown,
  replyTo: (process: ActorId, correlation: number) => ReplyTo,
): Envelope[] {
  const entries = new BatchReader({ toRef, replyTo });
  entries.begin(batch, 0);
  const mail: Envelope[] = [];
  while (!entries.isAtEnd) {
    const kind = entries.next() as number;
    if (!ENVELOPES.has(kind)) throw senseless('an envelope', kind);
    mail.push(entries.envelope(kind));
    const fault = entries.takeFault();
    if (fault) throw fault;
  }
  return mail;
}

/** A piece, or null behind the last one. Its content is looked at when it is installed. */
export function pieceOf(part: unknown): TransferPiece | null {
  if (part === null) return null;
  const [kind, content, isLast] = Array.isArray(part) ? part : [];
  if (kind === 'actor' && content instanceof Uint8Array && typeof isLast === 'boolean') return part as TransferPiece;
  const isMail = kind === 'mail' || kind === 'stash' || kind === 'outbound';
  if (isMail && Array.isArray(content) && ENVELOPES.has(content[0])) return part as TransferPiece;
  throw senseless('a piece of what an actor takes along', kind);
}
