/** The clock of the other end of one link, for times that come over it. */
import type { Kernel } from '../actor/kernel.ts';
import { deadlineIn } from '../machine-routes/changing-calls.ts';
import { ClockDifference } from '../machine-routes/machine-clocks.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { MachineCalls } from '../machine-routes/machine-calls.ts';
import type { CallArgument } from '../wire/entry.ts';
import type { MachinePeers } from './machine-peers.ts';

interface LinkClockParts {
  readonly kernel: Pick<Kernel, 'pending'>;
  readonly machines: Pick<MachinePeers, 'hailed'>;
  readonly calls: Pick<MachineCalls, 'lookAtClock'>;
}

export class LinkClock {
  readonly #parts: LinkClockParts;
  readonly #peer: OutboundQueue;
  #difference = new ClockDifference();
  /** Something with a deadline has come in the frame that is read. */
  #isTimed = false;

  constructor(parts: LinkClockParts, peer: OutboundQueue) {
    this.#parts = parts;
    this.#peer = peer;
  }

  get difference(): ClockDifference {
    return this.#difference;
  }

  /** First of all that comes: its clock showed that. */
  hailed(theirs: number): void {
    this.#difference = this.#parts.machines.hailed(this.#peer, theirs) ?? this.#difference;
  }

  /** Its deadline is one of this machine's clock from now on. */
  take(envelope: Envelope): void {
    if (envelope.deadline <= 0) return;
    envelope.deadline = Math.max(1, envelope.deadline + this.#difference.least);
    this.#isTimed = true;
  }

  /** A call has come: some have a deadline as well. */
  called(name: string, args: readonly CallArgument[]): void {
    if (deadlineIn(name, args) !== undefined) this.#isTimed = true;
  }

  frameRead(): void {
    if (!this.#isTimed) return;
    this.#isTimed = false;
    const { calls, kernel } = this.#parts;
    calls.lookAtClock(this.#peer, this.#difference, kernel.pending);
  }
}
