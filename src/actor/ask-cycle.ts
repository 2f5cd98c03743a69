/**
 * Actors that wait for each other in a ring. An ask or a stop that reaches an actor which itself waits sends a probe along
 * what that actor waits for; a probe that comes back to where it began has found a ring (edge chasing: Chandy, Misra and
 * Haas, Distributed Deadlock Detection, 1983). Whichever wait closes the ring begins last, so none is missed. An ask
 * under way counts as waited for while the turn that made it lasts, and so do a stop and the start of a child; an actor
 * that ends waits for the ends of its children.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import type { DeadLetters } from '../observe/dead-letters.ts';
import type { Mailbox } from './mailbox.ts';

/** What an actor waits for: the reply, the start or the end of another one. */
export interface Wait {
  readonly target: ActorId;
}

/** Actors in a ring at most; longer ones end by their deadlines. */
export const ASK_CYCLE_MAX = 64;

/** Sends probes for an ask of `asker` that waits at `at`, which itself waits for `targets`. True: the ring is closed here. */
export function chaseCycle(router: Recipient, asker: ActorId, at: ActorId, targets: Iterable<ActorId>): boolean {
  for (const target of targets) {
    if (target === asker) return true;
    router.signal(target, { type: 'ask-probe', path: [asker, at] });
  }
  return false;
}

/** A probe came to `at`, which waits for `targets`. Gives the ring where it closes here. */
export function followProbe(
  router: Recipient,
  path: readonly ActorId[],
  at: ActorId,
  targets: Iterable<ActorId>,
): ActorId[] | undefined {
  const longer = [...path, at];
  for (const target of targets) {
    if (target === path[0]) return longer;
    if (longer.length < ASK_CYCLE_MAX && !longer.includes(target))
      router.signal(target, { type: 'ask-probe', path: longer });
  }
  return undefined;
}

function ringText(ring: readonly ActorId[]): string {
  return `actors must not wait for each other; got the ring ${[...ring, ring[0]].join(' → ')}`;
}

/** Of a stop that is part of a ring: only the wait for it fails. */
function stopInRing(ring: readonly ActorId[]): TroupeError {
  const itself = `${ring[0]} cannot wait for its own end: ctx.stop() ends it`;
  const text = `${ring.length === 1 ? itself : ringText(ring)}; the stop stands`;
  return new TroupeError('ASK_CYCLE', text, { fate: 'unknown' });
}

/** Whether an envelope is one that its sender waits for, while its turn lasts. */
export function isWaitedFor({ verb, sender, replyTo }: Envelope): boolean {
  return (verb === 'message' || verb === 'stop') && sender !== undefined && replyTo?.settled === false;
}

/** Whether an envelope is the ask that the ring begins with. */
export function closesCycle(envelope: Envelope, ring: readonly ActorId[]): boolean {
  return envelope.sender === ring[0] && isWaitedFor(envelope);
}

/** The same ring, one actor on: where the first one waits for a child, there is no ask of it to refuse. */
export function turned(ring: readonly ActorId[]): ActorId[] {
  return [...ring.slice(1), ring[0] as ActorId];
}

/** Refuses what waits for the ring to end. False: it is not there. A stop is only waited for no longer: it stays in line. */
export function refuseInCycle(
  mailbox: Mailbox,
  deadLetters: DeadLetters,
  isIt: (waiting: Envelope) => boolean,
  ring: readonly ActorId[],
): boolean {
  for (const waiting of mailbox.mail()) {
    if (waiting.verb !== 'stop' || !isIt(waiting)) continue;
    waiting.replyTo?.reject(stopInRing(ring));
    return true;
  }
  const envelope = mailbox.removeFirst(isIt);
  if (!envelope) return false;
  deadLetters.refuse(envelope, 'ASK_CYCLE', ringText(ring));
  return true;
}
