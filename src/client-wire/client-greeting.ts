/**
 * The greeting of a client and a gateway, each one JSON in one frame (handshake.ts):
 *
 *   client ──► hello: version, token, session, its clock
 *          ◄── welcome: the system, what it has accepted of the session, its limits;  or refused: why
 *
 * A connection that sends something else, or nothing, is closed without a word.
 */
import { randomBytes } from 'node:crypto';
import { ERROR_CODES, type ErrorCode } from '../vocabulary/errors.ts';
import { decodeGreeting } from '../wire/handshake.ts';

/** Both ends must have the same. */
export const CLIENT_VERSION = 1;
/** Characters of a session's name, which the client makes up: nobody else can guess it. */
export const SESSION_LENGTH = 32;
export function newSession(): string {
  return randomBytes(SESSION_LENGTH * 0.75).toString('base64url');
}

/** Characters of a token. */
export const TOKEN_LENGTH_MAX = 1024;
/** Milliseconds between two signs of life of either end. */
export const BEAT_MS = 3_000;
/** Without one for so long the other end counts as gone. */
export const SILENT_MS = 15_000;

/** The reason of an ask that a socket of a worker sends back: nothing of it has happened, and nothing that follows will be taken there. */
export const NOT_TAKEN_HERE = 'not taken here';

/** Where a client may ask an actor directly. */
export interface DirectOffer {
  /** Of a unix socket. */
  readonly path: string;
  /** The token of the greeting there. */
  readonly ticket: string;
}

/** Undefined where it is none. */
export function directOfferOf(value: unknown): DirectOffer | undefined {
  const { path, ticket } = (value ?? {}) as Partial<DirectOffer>;
  return typeof path === 'string' && typeof ticket === 'string' ? { path, ticket } : undefined;
}

export interface Hello {
  troupe: 'client';
  version: number;
  token?: string;
  session: string;
  /** On the clock of the client, which its deadlines are on. */
  now: number;
}

export interface Welcome {
  troupe: 'gateway';
  system: string;
  /** Of the process that serves: another one knows nothing of what this one has accepted. */
  server: string;
  /** The highest number of this session's tells that is accepted; 0: the session is new here. */
  acknowledged: number;
  messageBytesMax: number;
  askTimeoutMs: number;
  /** Why the last connection of the session was cut. */
  cut?: string;
}

export interface Refused {
  troupe: 'gateway';
  refused: ErrorCode;
  message: string;
}

/** Undefined where it is none. */
export function decodeHello(bytes: Uint8Array): Hello | undefined {
  const data = decodeGreeting(bytes) as Partial<Hello> | undefined;
  if (data?.troupe !== 'client' || typeof data.version !== 'number') return undefined;
  const { version, token, session, now } = data;
  // Of another version only that is known.
  if (version !== CLIENT_VERSION) return { troupe: 'client', version, session: '', now: 0 };
  if (typeof session !== 'string' || session.length !== SESSION_LENGTH || !isTime(now)) return undefined;
  if (token === undefined) return { troupe: 'client', version, session, now };
  if (typeof token !== 'string' || token.length > TOKEN_LENGTH_MAX) return undefined;
  return { troupe: 'client', version, token, session, now };
}

export function decodeAnswer(bytes: Uint8Array): Welcome | Refused | undefined {
  const data = decodeGreeting(bytes) as Partial<Welcome & Refused> | undefined;
  if (data?.troupe !== 'gateway') return undefined;
  const { refused, message, system, server, acknowledged, messageBytesMax, askTimeoutMs, cut } = data;
  if (typeof refused === 'string')
    return Object.hasOwn(ERROR_CODES, refused) && typeof message === 'string'
      ? { troupe: 'gateway', refused, message }
      : undefined;
  if (typeof system !== 'string' || typeof server !== 'string') return undefined;
  if (!isCount(acknowledged) || !isCount(messageBytesMax) || !isCount(askTimeoutMs)) return undefined;
  const welcome: Welcome = { troupe: 'gateway', system, server, acknowledged, messageBytesMax, askTimeoutMs };
  return typeof cut === 'string' ? { ...welcome, cut } : welcome;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
