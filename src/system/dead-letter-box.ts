/** `system.deadLetters`: what could not be handled. The newest of this process in memory; those of durable actors on disk. */
import type { Kernel } from '../actor/kernel.ts';
import { resentStamp, type StoredDeadLetter, type StoredDeadLetters } from '../commit/stored-dead-letters.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { DeadLetter } from '../vocabulary/events.ts';

export interface DeadLetterBox {
  /** The newest of this process, oldest first. */
  (): DeadLetter[];
  /**
   * Of durable actors, of the whole system, oldest first, up to 1 000 or 16 MiB of them at a time; `after`: those behind that one.
   * None is left where the list is empty.
   */
  list(after?: string): Promise<StoredDeadLetter[]>;
  /**
   * Sends it once more, as its sender had; resolves or rejects as an ask does. Once it was handled it is gone, in the commit of that turn: one that
   * failed again leaves a new letter. False: there is no such letter, it was handled or discarded.
   */
  resend(id: string): Promise<boolean>;
  /** False: there is no such letter. */
  discard(id: string): Promise<boolean>;
}

export function deadLetterBox(letters: () => StoredDeadLetters | undefined, kernel: Kernel): DeadLetterBox {
  return Object.assign(() => kernel.deadLetters.kept(), {
    list: async (after?: string) => (await letters()?.list(after)) ?? [],
    resend: async (id: string) => {
      const stored = letters();
      const letter = await stored?.get(id);
      if (!letter) return false;
      await askAgain(kernel, letter);
      // Still there only where its kind is durable no more.
      await stored?.discard(id);
      return true;
    },
    discard: async (id: string) => (await letters()?.discard(id)) ?? false,
  });
}

function askAgain(
  { pending, clock, limits, router }: Kernel,
  { id, to, message, sender }: StoredDeadLetter,
): Promise<unknown> {
  const now = clock.now();
  const reply = pending.open(to, now + limits.askTimeoutMs, undefined, undefined, now);
  const envelope = new Envelope('message', to, message, sender, reply, reply.deadline);
  envelope.stamp = resentStamp(id);
  router.deliver(envelope);
  return reply.promise;
}
