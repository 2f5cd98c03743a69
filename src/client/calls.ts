/** The calls of a client about the system itself. None is sent again: some change it, and a second time could be too much. */
import type { Kernel } from '../actor/kernel.ts';
import type { PendingReply } from '../actor/pending-replies.ts';
import { callArgumentsOf, callNameOf } from '../frames/entry-validation.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { actorId } from '../vocabulary/address.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { CALL, type CallArgument } from '../wire/entry.ts';

export class Calls {
  readonly #kernel: Kernel;
  readonly #waiting = new Set<PendingReply>();
  #queue: OutboundQueue | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async call(name: string, args: readonly CallArgument[], timeoutMs?: number): Promise<unknown> {
    if (this.#queue === undefined) throw unavailable('the client is not connected now', 'not-executed');
    checkCall(name, args);
    const { pending, clock, limits } = this.#kernel;
    const withinMs = timeoutMs ?? limits.askTimeoutMs;
    const now = clock.now();
    // Named for the text of its errors; it is of no actor.
    const reply = pending.open(actorId('call', name), withinMs === 0 ? 0 : now + withinMs, undefined, undefined, now);
    this.#queue.note(CALL, pending.register(reply), name, args);
    this.#waiting.add(reply);
    try {
      return await reply.promise;
    } finally {
      this.#waiting.delete(reply);
    }
  }

  attach(queue: OutboundQueue): void {
    this.#queue = queue;
  }

  detach(): void {
    this.#queue = undefined;
    for (const reply of this.#waiting)
      reply.reject(unavailable('the connection ended before the call was answered', 'unknown'));
  }
}

/** A call without sense would cost the connection. */
function checkCall(name: string, args: readonly CallArgument[]): void {
  try {
    callNameOf(name);
    callArgumentsOf(args);
  } catch (error) {
    throw new TroupeError('INVALID_OPTIONS', asError(error).message, { fate: 'not-executed' });
  }
}

function unavailable(text: string, fate: 'unknown' | 'not-executed'): TroupeError {
  return new TroupeError('ACTOR_UNAVAILABLE', text, { fate });
}
