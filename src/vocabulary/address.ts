/**
 * Actor ids: `<kind>/<key>`. The first slash separates; the key may hold more of them.
 * A process of the system has an address too, `~<index>.<incarnation>`, which no actor id can be.
 */
import { Buffer } from 'node:buffer';
import type { ActorId } from '../plain-data/actor-id.ts';
import { TroupeError } from './errors.ts';
import { inspect } from '../plain-data/inspect.ts';

export type { ActorId };

export const KEY_BYTES_MAX = 512;

const KIND_CHARACTERS_MAX = 64;
const KIND = /^[a-z][a-z0-9-]{0,63}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

export function isKind(kind: unknown): kind is string {
  return typeof kind === 'string' && KIND.test(kind);
}

/**
 * Builds an id. The kind has 1 to 64 characters a-z, 0-9 and -, beginning with a letter; the key 1 to 512 bytes of UTF-8 without control
 * characters, and may hold slashes.
 *
 * @throws TroupeError INVALID_ACTOR_ID for a kind or key outside these bounds.
 * @example
 * ```ts
 * actorId('chat-room', 'eu/lobby'); // 'chat-room/eu/lobby'
 * ```
 */
export function actorId(kind: string, key: string): ActorId {
  if (!isKind(kind)) throw invalid('a kind of 1 to 64 characters a-z, 0-9 and -, beginning with a letter', kind);
  const fault = faultOfKey(key);
  if (fault) throw invalid(fault, key);
  return `${kind}/${key}`;
}

/**
 * Takes an id apart at its first slash.
 *
 * @throws TroupeError INVALID_ACTOR_ID where it is none.
 * @example
 * ```ts
 * parseActorId('chat-room/eu/lobby'); // { kind: 'chat-room', key: 'eu/lobby' }
 * ```
 */
export function parseActorId(id: ActorId): { kind: string; key: string } {
  if (typeof id !== 'string') throw invalid('a string <kind>/<key>', id);
  const slash = id.indexOf('/');
  if (slash < 0) throw invalid('an id <kind>/<key>', id);
  const kind = id.slice(0, slash);
  const key = id.slice(slash + 1);
  actorId(kind, key);
  return { kind, key };
}

const SLASH = 0x2f;

/** Throws `INVALID_ACTOR_ID` where it is none; one look at each character, since it is called for each message. */
export function checkActorId(id: ActorId): void {
  if (typeof id !== 'string' || !isPlainId(id)) parseActorId(id);
}

/** Nothing in it needs a closer look: all but a few ids. */
function isPlainId(id: string): boolean {
  const { length } = id;
  if (length * 3 > KEY_BYTES_MAX) return false;
  let at = 0;
  for (let code = id.charCodeAt(0); code !== SLASH; code = id.charCodeAt(++at)) {
    const isLetter = code >= 0x61 && code <= 0x7a;
    if (!isLetter && (at === 0 || !(code === 0x2d || (code >= 0x30 && code <= 0x39)))) return false;
  }
  if (at === 0 || at > KIND_CHARACTERS_MAX || at === length - 1) return false;
  for (at++; at < length; at++) {
    const code = id.charCodeAt(at);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0xd800 && code <= 0xdfff)) return false;
  }
  return true;
}

/** The kind of an id that is known to be well formed. */
export function kindOf(id: ActorId): string {
  return id.slice(0, id.indexOf('/'));
}

/** The key of an id that is known to be well formed. */
export function keyOf(id: ActorId): string {
  return id.slice(id.indexOf('/') + 1);
}

/** The address of one process of the system; a forked-again worker has a new one. */
export function processAddress(index: number, incarnation: number): ActorId {
  return `~${index}.${incarnation}`;
}

export function isProcessAddress(id: ActorId): boolean {
  return id.charCodeAt(0) === 0x7e;
}

function faultOfKey(key: unknown): string | undefined {
  if (typeof key !== 'string' || key.length === 0) return 'a key of at least one character';
  if (key.length * 3 > KEY_BYTES_MAX && Buffer.byteLength(key) > KEY_BYTES_MAX) {
    return `a key of at most ${KEY_BYTES_MAX} bytes of UTF-8`;
  }
  if (CONTROL.test(key)) return 'a key without control characters';
  if (LONE_SURROGATE.test(key)) return 'a key that is well-formed Unicode';
  return undefined;
}

function invalid(expected: string, got: unknown): TroupeError {
  return new TroupeError('INVALID_ACTOR_ID', `an actor id is ${expected}; got ${inspect(got)}`);
}
