/**
 * An asker that gives up is no failure of the actor that works for it. Its handler is told by `ctx.signal`, and what it then
 * rejects with, be it the reason itself or whatever was aborted, ends its turn: nothing restarts, and nothing counts.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope, ReplyTo } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { Behaviour } from './behaviour.ts';
import type { Kernel } from './kernel.ts';
import type { Mailbox } from './mailbox.ts';

/** Causes of an error that are looked at. */
const CAUSES_MAX = 8;
const ABORT_NAMES: ReadonlySet<unknown> = new Set(['AbortError', 'TimeoutError', 'ABORT_ERR']);
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
  // A durable actor handles all numbers of a stream, one after the other; one that is late it skips.
  if (asked.durable) return;
  // A stop stands, also where its sender waits no longer.
  asked.mailbox.removeFirst(({ verb, replyTo }) => verb !== 'stop' && isIt(replyTo));
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
  const isLate = envelope.deadline !== 0 && kernel.clock.now() >= envelope.deadline;
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

/** Only what an abort brings: a mistake that comes to light as the asker gives up is one all the same. */
function comesOfGivingUp(thrown: unknown): boolean {
  let error = thrown;
  try {
    for (let depth = 0; depth < CAUSES_MAX && typeof error === 'object' && error !== null; depth++) {
      const { name, code, cause } = error as Partial<Record<'name' | 'code' | 'cause', unknown>>;
      if (ABORT_NAMES.has(name) || ABORT_NAMES.has(code)) return true;
      if (error instanceof TroupeError && GIVEN_UP_CODES.has(code)) return true;
      error = cause;
    }
  } catch {
    // An error that cannot be read is no abort of ours.
  }
  return false;
}
