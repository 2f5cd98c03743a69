/** `system.deadLetters`: what could not be handled. The newest of this process in memory; those of durable actors on disk. */
import type { DeadLetters } from '../actor/dead-letters.ts';
import type { StoredDeadLetter, StoredDeadLetters } from '../durability/stored-dead-letters.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { DeadLetter } from '../vocabulary/events.ts';

export interface DeadLetterBox {
  /** The newest of this process, oldest first. */
  (): DeadLetter[];
  /** Of durable actors, of the whole system, oldest first, up to 1 000; `after`: those behind that one. */
  list(after?: string): Promise<StoredDeadLetter[]>;
  /** Sends it once more; resolves when it was handled, and then it is gone. False: there is no such letter. */
  resend(id: string): Promise<boolean>;
  /** False: there is no such letter. */
  discard(id: string): Promise<boolean>;
}

export function deadLetterBox(
  kept: DeadLetters,
  stored: StoredDeadLetters | undefined,
  ask: (to: ActorId, message: unknown) => Promise<unknown>,
): DeadLetterBox {
  return Object.assign(() => kept.kept(), {
    list: async (after?: string) => (await stored?.list(after)) ?? [],
    resend: async (id: string) => {
      const letter = await stored?.get(id);
      if (!letter) return false;
      await ask(letter.to, letter.message);
      return stored?.discard(id) ?? false;
    },
    discard: async (id: string) => (await stored?.discard(id)) ?? false,
  });
}
