/**
 * A publish crosses once to each machine, to its way in; and what is told and what is published share one order. So from a publish on this process
 * sends all that is for that machine by its way in, behind what it had sent to workers there, until it has published nothing for a while: the first time
 * for a short one, which doubles with each return that comes too early, since each change of the way costs the wait for all that went by the other one.
 */
import type { LinkFlushes } from '../peer/link-flushes.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { machineIndexOf } from '../vocabulary/host-index.ts';
import { whenPassed } from './passed-mail.ts';

/** Milliseconds without a publish after which mail goes to the workers again: at first, and at most. */
export const PUBLISHED_MS = 1_000;
export const PUBLISHED_MS_MAX = 30_000;

export interface PublishedRoutesParts {
  readonly clock: Clock;
  readonly flushes: LinkFlushes;
  /** Workers of machines to whom something was sent, or waits to be. */
  workers(): Iterable<OutboundQueue>;
  /** Mail for the workers of that machine goes by its way in from now on: also what waits for another way to them. */
  began(machine: number): void;
  /** It goes to them again, behind what went by the way in. */
  over(machine: number): void;
}

export class PublishedRoutes {
  readonly #parts: PublishedRoutesParts;
  /** By the index of its machine: when it was published to last. */
  readonly #last = new Map<number, number>();
  readonly #timers = new Map<number, Timer>();
  /** Of those that were published to within the longest time, too: how long their mail goes by the way in. */
  readonly #stays = new Map<number, { ms: number; until: number }>();

  constructor(parts: PublishedRoutesParts) {
    this.#parts = parts;
  }

  isByMaster(machine: number): boolean {
    return this.#last.has(machine);
  }

  /** Something is about to be published to that machine. */
  publishing(master: OutboundQueue): void {
    const { clock } = this.#parts;
    const machine = master.index;
    const isNew = !this.#last.has(machine);
    this.#last.set(machine, clock.now());
    if (!isNew) return;
    this.#dam(master);
    this.#parts.began(machine);
    this.#lookLater(machine, this.#stay(machine));
  }

  /** It was back at the workers too early where the next publish comes so soon. */
  #stay(machine: number): number {
    const before = this.#stays.get(machine);
    const isEarly = before !== undefined && this.#parts.clock.now() < before.until;
    const ms = isEarly ? Math.min(PUBLISHED_MS_MAX, before.ms * 2) : PUBLISHED_MS;
    this.#stays.set(machine, { ms, until: Number.POSITIVE_INFINITY });
    return ms;
  }

  keep(machines: ReadonlySet<number>): void {
    for (const machine of [...this.#stays.keys()]) if (!machines.has(machine)) this.#stays.delete(machine);
    for (const machine of [...this.#last.keys()]) if (!machines.has(machine)) this.#forget(machine);
  }

  close(): void {
    for (const machine of [...this.#last.keys()]) this.#forget(machine);
  }

  /** Mail that the workers were sent has to arrive first. */
  #dam(master: OutboundQueue): void {
    const before = [...this.#parts.workers()].filter(({ index }) => machineIndexOf(index) === master.index);
    if (before.length === 0) return;
    const open = master.dam();
    if (open === undefined) return;
    let left = before.length;
    for (const worker of before)
      whenPassed(this.#parts, worker, () => {
        if (--left === 0) open();
      });
  }

  #lookLater(machine: number, ms: number): void {
    this.#timers.set(
      machine,
      this.#parts.clock.setTimer(ms, () => this.#look(machine)),
    );
  }

  #look(machine: number): void {
    const now = this.#parts.clock.now();
    const ms = this.#stays.get(machine)?.ms ?? PUBLISHED_MS;
    const left = ms - (now - (this.#last.get(machine) ?? 0));
    // Less than a millisecond may be no time at all to a clock that counts in numbers of this size.
    if (left >= 1) return this.#lookLater(machine, left);
    this.#stays.set(machine, { ms, until: now + PUBLISHED_MS_MAX });
    this.#forget(machine);
    this.#parts.over(machine);
  }

  #forget(machine: number): void {
    this.#timers.get(machine)?.cancel();
    this.#timers.delete(machine);
    this.#last.delete(machine);
  }
}
