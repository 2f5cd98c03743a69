/**
 * An asker that gives up is no failure of the actor that works for it. Its handler is told by `ctx.signal`, and what it then
 * rejects with, be it the reason itself or whatever was aborted, ends its turn: nothing restarts, and nothing counts.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope, Message, ReplyTo } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { isAbortError } from './abort-errors.ts';
import type { Behaviour } from './behaviour.ts';
import type { Kernel } from './kernel.ts';
import type { Mailbox } from './mailbox.ts';

/** Errors that are looked at of one: itself, its causes, the parts of an AggregateError. */
const PARTS_MAX = 16;
const GIVEN_UP_CODES: ReadonlySet<unknown> = new Set(['ASK_ABORTED', 'ASK_TIMEOUT']);

/** Why `ctx.signal` is aborted while the actor lives on. It reads as the reasons of `AbortSignal` itself do. */
export class GivenUp extends Error {
  override readonly name: 'AbortError' | 'TimeoutError';
  readonly code = 'ABORT_ERR';

  constructor(name: 'AbortError' | 'TimeoutError') {
    super(name === 'AbortError' ? 'the asker has given up' : 'the deadline has passed');
    this.name = name;
  }
}

/** The cell whose turn it was. */
interface Worker {
  readonly id: ActorId;
  readonly kernel: Kernel;
  readonly behaviour: Behaviour;
  readonly extras: { readonly abort: AbortController | undefined };
}

/** The cell that an ask was sent to. */
interface Asked {
  readonly id: ActorId;
  readonly mailbox: Mailbox;
  readonly durable: unknown;
  readonly current: Envelope | undefined;
  readonly extras: { readonly checking: Envelope | undefined };
  givenUp(reply: ReplyTo): void;
}

/** Its asker, in another process, has given up: the turn is told, and an ask whose turn has not begun has none. */
export function askGivenUp(asked: Asked, process: ActorId, correlation: number): void {
  const isIt = (reply: ReplyTo | undefined): boolean => {
    if (!reply || reply.settled) return false;
    const address = reply.address();
    return address.process === process && address.correlation === correlation;
  };
  const running = asked.current?.replyTo;
  if (running && isIt(running)) return asked.givenUp(running);
  const checking = asked.extras.checking?.replyTo;
  if (checking && isIt(checking)) return checking.reject(notWanted(asked.id));
  // A stop stands, also where its sender waits no longer.
  const waits = ({ verb, replyTo }: Envelope): boolean => verb !== 'stop' && isIt(replyTo);
  if (asked.durable === undefined && asked.mailbox.removeFirst(waits)) return;
  // A durable actor handles all numbers of a stream, one after the other, and what is aside comes back in its order: both are skipped then.
  refuseWaiting(asked, waits);
}

/** It stays where it is, and has no turn. */
function refuseWaiting({ id, mailbox }: Asked, waits: (waiting: Envelope) => boolean): void {
  for (const mail of [mailbox.mail(), mailbox.aside()])
    for (const waiting of mail) if (waits(waiting)) return waiting.replyTo?.reject(notWanted(id));
}

/** Of an ask whose turn had not begun. */
function notWanted(id: ActorId): TroupeError {
  return new TroupeError('ASK_ABORTED', `${id} did not begin: its asker had given up`, { fate: 'not-executed' });
}

/** The error for the asker of a turn that came to nothing because the asker gave up; undefined: the turn has failed. */
export function givenUpBy(
  { id, kernel, behaviour, extras }: Worker,
  envelope: Envelope | undefined,
  thrown: unknown,
): TroupeError | undefined {
  if (envelope?.verb !== 'message' || envelope.replyTo === undefined) return undefined;
  // A machine that has failed is over.
  if (behaviour.pack !== undefined) return undefined;
  const reason: unknown = extras.abort?.signal.reason;
  const isLate = isPastDeadline(kernel, envelope);
  if (!isLate && !(reason instanceof GivenUp)) return undefined;
  if (!comesOfGivingUp(thrown)) return undefined;
  const isTimeout = isLate || (reason as GivenUp).name === 'TimeoutError';
  const code = isTimeout ? 'ASK_TIMEOUT' : 'ASK_ABORTED';
  const text = isTimeout ? 'its deadline had passed' : 'its asker had given up';
  return new TroupeError(code, `${id} ended its turn without a reply: ${text}`, {
    fate: 'executed',
    cause: asError(thrown),
  });
}

/** The error for the asker of a turn that has failed. Past its deadline it is a time-out for the asker, whoever of the two was first to see that. */
export function failureFor({ id, kernel }: Worker, envelope: Envelope, words: string, error: Error): TroupeError {
  const { type } = envelope.message as Message;
  const text = `handler '${type}' of ${id} threw ${words}`;
  const options = { fate: 'executed', cause: error } as const;
  if (!isPastDeadline(kernel, envelope)) return new TroupeError('HANDLER_FAILED', text, options);
  return new TroupeError('ASK_TIMEOUT', `${text}, after the deadline`, options);
}

function isPastDeadline({ clock }: Kernel, { deadline }: Envelope): boolean {
  return deadline !== 0 && clock.now() >= deadline;
}

/** Only what an abort brings: a mistake that comes to light as the asker gives up is one all the same. */
function comesOfGivingUp(thrown: unknown): boolean {
  const rest = [thrown];
  try {
    for (let looks = 0; looks < PARTS_MAX && rest.length > 0; looks++) {
      const error = rest.shift();
      if (typeof error !== 'object' || error === null) continue;
      if (isAbort(error)) return true;
      const { cause, errors } = error as { cause?: unknown; errors?: unknown };
      rest.push(cause);
      // Of several tries at once, which all failed, the aborted one might have gone well.
      if (Array.isArray(errors)) rest.push(...errors.slice(0, PARTS_MAX));
    }
  } catch {
    // An error that cannot be read is no abort of ours.
  }
  return false;
}

function isAbort(error: object): boolean {
  return isAbortError(error) || (error instanceof TroupeError && GIVEN_UP_CODES.has(error.code));
}
