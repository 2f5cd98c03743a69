/**
 * Actors that wait for each other in a ring. An ask or a stop that reaches an actor which itself waits sends a probe along
 * what that actor waits for; a probe that comes back to where it began has found a ring (edge chasing: Chandy, Misra and
 * Haas, Distributed Deadlock Detection, 1983). Whichever wait closes the ring begins last, so none is missed. An ask
 * in flight counts as waited for while the turn that made it lasts, and so do a stop and the start of a child; an actor
 * that ends waits for the ends of its children.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import type { DeadLetters } from '../observe/dead-letters.ts';
import type { Mailbox } from './mailbox.ts';

/** A wait of an actor: the reply, the start or the end of another one. */
export interface Wait {
  readonly target: ActorId;
}

/** The cell that waits. */
export interface Waiter {
  readonly id: ActorId;
  readonly kernel: { readonly router: Recipient; readonly deadLetters: DeadLetters };
  readonly mailbox: Mailbox;
  readonly origin: { readonly parent: { readonly id: ActorId } | undefined };
  readonly extras: { readonly waits: ReadonlySet<Wait> | undefined };
}

/** Actors in a ring at most; longer ones end by their deadlines. */
export const ASK_CYCLE_MAX = 64;

/** An ask has come to one that waits itself. It is in the mailbox already: a probe may come back before this returns. */
export function refuseIfCycle(at: Waiter, envelope: Envelope): void {
  if (!isWaitedFor(envelope)) return;
  const asker = envelope.sender as ActorId;
  if (!chaseCycle(at.kernel.router, asker, at.id, targetsOf(at))) return;
  refuseInCycle(at, (waiting) => waiting === envelope, asker === at.id ? [asker] : [asker, at.id]);
}

/** A probe has come: it goes on along what this one waits for, and the ring that it closes is told to its second actor. */
export function passProbe(at: Waiter, path: readonly ActorId[]): void {
  const { router } = at.kernel;
  const ring = followProbe(router, path, at.id, targetsOf(at));
  if (ring) router.signal(ring[1] as ActorId, { type: 'ask-cycle', ring });
}

/** The ask that the ring begins with waits here and is refused; where a parent waits for its child instead, the next one is told. */
export function breakCycle(at: Waiter, ring: readonly ActorId[]): void {
  if (refuseInCycle(at, (waiting) => closesCycle(waiting, ring), ring) || at.origin.parent?.id !== ring[0]) return;
  const next = turned(ring);
  at.kernel.router.signal(next[1] as ActorId, { type: 'ask-cycle', ring: next });
}

function* targetsOf({ extras }: Waiter): Iterable<ActorId> {
  for (const wait of extras.waits ?? []) yield wait.target;
}

/** Sends probes for an ask of `asker` that waits at `at`, which itself waits for `targets`. True: the ring is closed here. */
function chaseCycle(router: Recipient, asker: ActorId, at: ActorId, targets: Iterable<ActorId>): boolean {
  for (const target of targets) {
    if (target === asker) return true;
    router.signal(target, { type: 'ask-probe', path: [asker, at] });
  }
  return false;
}

/** A probe came to `at`, which waits for `targets`. Gives the ring where it closes here. */
function followProbe(
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
  return `actors wait for each other in the ring ${[...ring, ring[0]].join(' → ')}`;
}

/** Of a stop that is part of a ring: only the wait for it fails. */
function stopInRing(ring: readonly ActorId[]): TroupeError {
  const itself = `${ring[0]} cannot wait for its own end: ctx.stop() ends it`;
  const text = `${ring.length === 1 ? itself : ringText(ring)}; the stop stands`;
  return new TroupeError('ASK_CYCLE', text, { fate: 'unknown' });
}

/** Whether an envelope is one that its sender waits for, while its turn lasts. */
function isWaitedFor({ verb, sender, replyTo }: Envelope): boolean {
  return (verb === 'message' || verb === 'stop') && sender !== undefined && replyTo?.settled === false;
}

/** Whether an envelope is the ask that the ring begins with. */
function closesCycle(envelope: Envelope, ring: readonly ActorId[]): boolean {
  return envelope.sender === ring[0] && isWaitedFor(envelope);
}

/** The same ring, one actor on: where the first one waits for a child, there is no ask of it to refuse. */
function turned(ring: readonly ActorId[]): ActorId[] {
  return [...ring.slice(1), ring[0] as ActorId];
}

/** Refuses what waits for the ring to end. False: it is not there. A stop is only waited for no longer: it stays in line. */
function refuseInCycle(
  { mailbox, kernel }: Waiter,
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
  kernel.deadLetters.refuse(envelope, 'ASK_CYCLE', ringText(ring));
  return true;
}
