/** The first thing both ends of a link say: the connecting one begins, the other answers only who knows the token. */
import { Buffer } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { FRAME_HEAD_BYTES, type Handshake, type LinkPeer } from './link.ts';

/** A whole handshake, which is JSON in one frame. */
export const HANDSHAKE_BYTES_MAX = 4096;
/** Either side gives up on a silent one. */
export const HANDSHAKE_TIMEOUT_MS = 2000;

export function encodeHandshake(handshake: Handshake): Uint8Array {
  const { version, system, token, self } = handshake;
  return encodeGreeting({ version, system, token, self: { index: self.index, incarnation: self.incarnation } });
}

/** JSON in one frame. */
export function encodeGreeting(greeting: object): Uint8Array {
  const text = JSON.stringify(greeting);
  const length = Buffer.byteLength(text);
  if (length > HANDSHAKE_BYTES_MAX) {
    throw new TroupeError('INVALID_OPTIONS', `a handshake has at most ${HANDSHAKE_BYTES_MAX} bytes; got ${length}`);
  }
  const bytes = Buffer.allocUnsafe(FRAME_HEAD_BYTES + length);
  bytes.writeUInt32LE(length, 0);
  bytes.write(text, FRAME_HEAD_BYTES);
  return bytes;
}

/** Undefined where it is none. */
export function decodeHandshake(bytes: Uint8Array): Handshake | undefined {
  const data = decodeGreeting(bytes) as Partial<Handshake> | undefined;
  if (data === undefined) return undefined;
  const { version, system, token, self } = data;
  if (typeof version !== 'number' || typeof system !== 'string' || typeof token !== 'string') return undefined;
  if (!Number.isSafeInteger(self?.index) || !Number.isSafeInteger(self?.incarnation)) return undefined;
  return { version, system, token, self: self as LinkPeer };
}

/** An object; undefined where it is none. */
export function decodeGreeting(bytes: Uint8Array): object | undefined {
  try {
    const data: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    return typeof data === 'object' && data !== null ? data : undefined;
  } catch {
    return undefined;
  }
}

export function isSameToken(own: Pick<Handshake, 'token'>, theirs: Pick<Handshake, 'token'>): boolean {
  return isSameSecret(own.token, theirs.token);
}

/** Compares without telling by its duration how much of it was right. */
export function isSameSecret(own: string, theirs: string): boolean {
  return timingSafeEqual(digest(own), digest(theirs));
}

/** The difference that keeps two ends that share a token from understanding each other. */
export function mismatch(own: Handshake, theirs: Handshake): TroupeError | undefined {
  if (theirs.version !== own.version) {
    return new TroupeError(
      'INVALID_OPTIONS',
      `a link needs wire version ${own.version} on both ends; got ${inspect(theirs.version)}`,
    );
  }
  if (theirs.system !== own.system) {
    return new TroupeError(
      'INVALID_OPTIONS',
      `a link joins processes of the system ${inspect(own.system)}; got ${inspect(theirs.system)}`,
    );
  }
  return undefined;
}

/** Why `connect` cannot use an answer, as the connecting end sees it. */
export function faultOfAnswer(own: Handshake, theirs: Handshake | undefined, peer: LinkPeer): TroupeError | undefined {
  if (theirs === undefined || !isSameToken(own, theirs))
    return unreachable(peer, 'an answer without the token of this system');
  const fault = mismatch(own, theirs);
  if (fault) return fault;
  const { index, incarnation } = theirs.self;
  if (index === peer.index && incarnation === peer.incarnation) return undefined;
  return unreachable(peer, `process ${index}.${incarnation} answered`);
}

export function unreachable(peer: LinkPeer, got: string, cause?: unknown): TroupeError {
  return new TroupeError('ACTOR_UNAVAILABLE', `no link to process ${peer.index}.${peer.incarnation}: ${got}`, {
    cause,
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
