/**
 * The probation of one actor's turns, by the deaths of processes. A turn that is tried again after a process died is suspect, and is
 * noted in the journal of its process before its handler starts (journal/turn-journal.ts). A first try is never noted, so
 * the common turn pays nothing; the death that made it suspect counts as the first of three all the same.
 */
import type { Deaths } from '../journal/turn-journal.ts';
import {
  DEATHS_BEFORE_COMMIT_ALONE,
  DEATHS_BEFORE_COMMIT_MAX,
  NOTED_DEATHS_MAX,
  PROCESS_DEATHS_MAX,
} from '../supervision/process-deaths.ts';
import type { Envelope } from '../vocabulary/envelope.ts';

/** Milliseconds for which what ended too many processes in an actor's start, or in a beat of its reminder, is not tried again. */
export const CONDEMNED_PAUSE_MS = 600_000;
/** Milliseconds from the start of an actor after a crash in which its own turns, those of a machine's clock say, are suspect. */
export const OWN_SUSPECT_MS = 10_000;

/** The start of an incarnation, and turns that no message has brought. They come again under these names. */
export const START = 'start';
export const OWN = 'own';

/** The same for every try. Undefined: nobody sends it again. */
export function trialOf({ verb, deliveryId }: Envelope): string | undefined {
  if (verb === 'run') return OWN;
  if (deliveryId?.turn !== undefined) return deliveryId.turn;
  return deliveryId !== undefined && deliveryId.number > 0 ? `${deliveryId.stream}:${deliveryId.number}` : undefined;
}

/** Of a message: it is not tried any more. */
export function isDeadly({ inTurn, beforeCommit }: Deaths): boolean {
  return inTurn >= NOTED_DEATHS_MAX || beforeCommit >= DEATHS_BEFORE_COMMIT_MAX;
}

/**
 * Of a start, or a turn that no message has brought: too many have died of it, the last of them a short while ago. Each of
 * them is noted: an incarnation that merely lived in a process that died has not begun it.
 */
export function isCondemned({ inTurn, beforeCommit, at }: Deaths, now: number): boolean {
  const isMany = inTurn >= PROCESS_DEATHS_MAX || beforeCommit >= DEATHS_BEFORE_COMMIT_MAX;
  return isMany && now < at + CONDEMNED_PAUSE_MS;
}

/** It runs alone among its like, so that the next death tells who it was. */
export function runsAlone({ inTurn, beforeCommit }: Deaths): boolean {
  return inTurn > 0 || beforeCommit >= DEATHS_BEFORE_COMMIT_ALONE;
}
