/** `system.deadLetters`: what could not be handled. The newest of this process in memory; those of durable actors on disk. */
import type { Kernel } from '../actor/kernel.ts';
import { resentDeliveryId, type StoredDeadLetter, type StoredDeadLetters } from '../commit/stored-dead-letters.ts';
import { mergeLetters } from '../inspection/kept-letters.ts';
import type { KeptLetter, LettersOfProcess } from '../observe/kept-letter.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { DeadLetter } from '../vocabulary/events.ts';
import type { Look } from '../wire/process-query.ts';

/** Dead letters: called, those in the memory of this process; its methods are for those of durable actors, which are on disk. */
export interface DeadLetterBox {
  /**
   * The newest 1 000 of this process, at most 16 MiB of them, oldest first.
   *
   * @example
   * ```ts
   * const last = system.deadLetters().at(-1);
   * ```
   */
  (): DeadLetter[];
  /**
   * Of durable actors, of the whole system, oldest first, up to 1 000 or 16 MiB of them at a time; `after`: those behind that one.
   * None is left where the list is empty. Beyond 10 000 the oldest are dropped. Rejects STORE_FAILED.
   *
   * @example
   * ```ts
   * for (const { id, to, reason } of await system.deadLetters.list()) console.log(id, to, reason);
   * ```
   */
  list(after?: string): Promise<StoredDeadLetter[]>;
  /**
   * Sends it once more, as its sender had; resolves or rejects as an ask does. Once it was handled it is gone, in the commit of that turn: one that
   * failed again leaves a new letter. False: there is no such letter, it was handled or discarded. Rejects as `ask` does, and STORE_FAILED.
   *
   * @example
   * ```ts
   * for (const { id } of await system.deadLetters.list()) await system.deadLetters.resend(id);
   * ```
   */
  resend(id: string): Promise<boolean>;
  /**
   * Forgets it. False: there is no such letter. Rejects STORE_FAILED.
   *
   * @example
   * ```ts
   * await system.deadLetters.discard(letter.id);
   * ```
   */
  discard(id: string): Promise<boolean>;
  /**
   * Those that are on no disk, of each process that answers, as they are shown; the oldest first.
   *
   * @internal
   */
  inMemory(): Promise<KeptLetter[]>;
}

/** All processes of this machine. */
interface Processes {
  look(what: Look, worker: number | undefined): Promise<unknown[]>;
}

export function deadLetterBox(
  letters: () => StoredDeadLetters | undefined,
  kernel: Kernel,
  processes: Processes,
): DeadLetterBox {
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
    inMemory: async () => mergeLetters((await processes.look({ letters: true }, undefined)) as LettersOfProcess[]),
  });
}

function askAgain(
  { pending, clock, limits, router }: Kernel,
  { id, to, message, sender }: StoredDeadLetter,
): Promise<unknown> {
  const now = clock.now();
  const reply = pending.open(to, now + limits.askTimeoutMs, undefined, undefined, now);
  const envelope = new Envelope('message', to, message, sender, reply, reply.deadline);
  envelope.deliveryId = resentDeliveryId(id);
  router.deliver(envelope);
  return reply.promise;
}
