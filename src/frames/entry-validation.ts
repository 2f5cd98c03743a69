/**
 * The sense of an entry: what its parts have to be. A frame may be well formed and make no sense: read without a look, its entries
 * would end the process later, in somebody's turn. An entry without sense throws, which breaks the link, and nothing else.
 */
import { ASK_CYCLE_MAX } from '../actor/ask-cycle.ts';
import { checkTopic } from '../pubsub/local-topics.ts';
import { type ActorId, checkActorId, isProcessAddress } from '../vocabulary/address.ts';
import { DeliveryId, type Verb } from '../vocabulary/envelope.ts';
import { EXIT_REASON_MAX } from '../vocabulary/exit-reason.ts';
import { inspect } from '../plain-data/inspect.ts';
import { type Signal, watcherOf } from '../vocabulary/signal.ts';
import { CALL_ARGUMENTS_MAX, CALL_NAME_LENGTH_MAX, CALL_TEXT_LENGTH_MAX, type CallArgument } from '../wire/entry.ts';

/** Of a process: two whole numbers. */
const PROCESS = /^~\d{1,16}\.\d{1,16}$/;

export function senseless(what: string, got: unknown): Error {
  return new Error(`an entry of a frame has ${what}; got ${inspect(got)}`);
}

/** For each message: an object with the `type` that picks its handler. */
export function messageOf(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string')
    return value;
  throw senseless("a message with a string 'type'", value);
}

export function wholeOf(part: unknown): number {
  if (Number.isSafeInteger(part) && (part as number) >= 0) return part as number;
  throw senseless('a whole number', part);
}

/** On the clock, which may run in fractions; 0: none. */
export function deadlineOf(part: unknown): number {
  if (typeof part === 'number' && part >= 0 && part < Number.POSITIVE_INFINITY) return part;
  throw senseless('a deadline', part);
}

export function textOfEntry(part: unknown): string {
  if (typeof part === 'string') return part;
  throw senseless('a text', part);
}

export function flagOf(part: unknown): boolean {
  if (typeof part === 'boolean') return part;
  throw senseless('true or false', part);
}

export function actorOf(part: unknown): ActorId {
  checkActorId(part as ActorId);
  return part as ActorId;
}

export function processOf(part: unknown): ActorId {
  if (typeof part === 'string' && PROCESS.test(part)) return part;
  throw senseless('the address of a process', part);
}

/** An id that a link has carried before, in whatever place: mail is for actors only. */
export function receiverOf(id: ActorId): ActorId {
  if (isProcessAddress(id)) throw senseless('an actor as its receiver', id);
  return id;
}

/** An actor or a process: what gets a number on a link. */
export function namedOf(part: unknown): ActorId {
  return typeof part === 'string' && isProcessAddress(part) ? processOf(part) : actorOf(part);
}

export function senderOf(part: unknown): ActorId | undefined {
  return part === null || part === undefined ? undefined : actorOf(part);
}

export function topicOf(part: unknown): string {
  checkTopic(part as string);
  return part as string;
}

export function topicsOf(part: unknown): string[] {
  return listOf(part).map(topicOf);
}

export function actorsOf(part: unknown): ActorId[] {
  return listOf(part).map(actorOf);
}

function listOf(part: unknown): unknown[] {
  if (Array.isArray(part)) return part;
  throw senseless('a list', part);
}

export function deliveryIdOf(
  stream: unknown,
  number: unknown,
  previous: unknown,
  floor: unknown,
  turn: unknown,
  isSuspect: unknown,
): DeliveryId {
  const name = turn === null ? undefined : textOfEntry(turn);
  return new DeliveryId(
    textOfEntry(stream),
    wholeOf(number),
    wholeOf(previous),
    wholeOf(floor),
    name,
    flagOf(isSuspect),
  );
}

/** The content of each verb but 'message'. */
export function checkRequest(verb: Verb | undefined, payload: unknown): Verb {
  switch (verb) {
    case 'stop':
      reasonOf(payload);
      break;
    case 'watch':
    case 'unwatch':
      watchOf(payload);
      break;
    case 'rewatch': {
      const [watch, epoch] = listOf(payload);
      watchOf(watch);
      wholeOf(epoch);
      break;
    }
    case 'subscribe':
    case 'unsubscribe':
      topicOf(payload);
      break;
    case 'message':
    case 'run':
    case undefined:
      throw senseless('a known verb', verb);
  }
  return verb;
}

export function callNameOf(part: unknown): string {
  if (typeof part === 'string' && part.length >= 1 && part.length <= CALL_NAME_LENGTH_MAX) return part;
  throw senseless(`the name of a call, of 1 to ${CALL_NAME_LENGTH_MAX} characters`, part);
}

export function callArgumentsOf(part: unknown): CallArgument[] {
  const list = listOf(part);
  if (list.length > CALL_ARGUMENTS_MAX) throw senseless(`at most ${CALL_ARGUMENTS_MAX} arguments`, list.length);
  return list.map(callArgumentOf);
}

function callArgumentOf(part: unknown): CallArgument {
  if (part === null || typeof part === 'boolean' || Number.isFinite(part)) return part as CallArgument;
  if (typeof part === 'string' && part.length <= CALL_TEXT_LENGTH_MAX) return part;
  throw senseless(`an argument that is a number, a flag or a text of at most ${CALL_TEXT_LENGTH_MAX} characters`, part);
}

export function signalOf(part: unknown): Signal {
  const signal = (part ?? {}) as { [key: string]: unknown };
  switch (signal.type) {
    case 'terminated':
      actorOf(signal.id);
      reasonOf(signal.reason);
      watchOf(signal.watch);
      break;
    case 'ask-probe':
      ringOf(signal.path);
      break;
    case 'ask-cycle':
      ringOf(signal.ring);
      break;
    case 'acknowledged':
      actorOf(signal.by);
      textOfEntry(signal.stream);
      wholeOf(signal.number);
      break;
    case 'ask-given-up':
      processOf(signal.process);
      wholeOf(signal.correlation);
      break;
    default:
      throw senseless('a known signal', part);
  }
  return part as Signal;
}

function reasonOf(part: unknown): string {
  if (typeof part === 'string' && part.length <= EXIT_REASON_MAX) return part;
  throw senseless(`a reason of at most ${EXIT_REASON_MAX} characters`, part);
}

function watchOf(part: unknown): void {
  namedOf(watcherOf(textOfEntry(part)));
}

function ringOf(part: unknown): void {
  const path = actorsOf(part);
  if (path.length < 1 || path.length > ASK_CYCLE_MAX) throw senseless(`1 to ${ASK_CYCLE_MAX} actors`, path.length);
}
