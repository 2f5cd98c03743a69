/** A dead letter says why; in these programs each reason has causes that the world knows of. */
import type { ClusterProcess } from '../../../src/process/cluster-process.ts';
import type { Breaches } from './breaches.ts';
import { type Ledger, nameOf, type Sent } from './ledger.ts';

export class DeadLetterRules {
  readonly #breaches: Breaches;
  readonly #ledger: Ledger;
  /** Actors that somebody asked to be killed, that failed, or that ended with their parent. */
  readonly #mayRefuse = new Set<string>();
  readonly #failures = new Map<string, number>();
  isShuttingDown = false;
  count = 0;

  constructor(breaches: Breaches, ledger: Ledger) {
    this.#breaches = breaches;
    this.#ledger = ledger;
  }

  enter({ kernel, actors }: ClusterProcess): void {
    const { deadLetters } = kernel;
    const ended = actors.ended.bind(actors);
    // One whose start a pause holds ends with its parent like the others, and no hook of its own is called.
    actors.ended = (cell, ending): void => {
      if (cell.origin.parent) this.stopped(cell.id, ending.reason);
      ended(cell, ending);
    };
    const add = deadLetters.add.bind(deadLetters);
    deadLetters.add = (to, message, sender, reason): void => {
      const { m } = message as { m?: number };
      if (typeof m === 'number') this.#note(this.#ledger.sent[m] as Sent, to, reason);
      add(to, message, sender, reason);
    };
  }

  killed(id: string): void {
    this.#mayRefuse.add(id);
  }

  failed(id: string): void {
    this.#failures.set(id, (this.#failures.get(id) ?? 0) + 1);
  }

  stopped(id: string, reason: string): void {
    if (reason === 'parent-ended' || reason === 'failed') this.#mayRefuse.add(id);
  }

  #note(sent: Sent, to: string, reason: string): void {
    this.count++;
    this.#ledger.deadLetter(sent.m, to, reason);
    if (!this.#isFounded(sent, to, reason))
      this.#breaches.add(4, `a dead letter without a cause (${reason}): ${nameOf(sent)}`);
  }

  #isFounded(sent: Sent, to: string, reason: string): boolean {
    switch (reason) {
      case 'HANDLER_FAILED':
        return sent.type === 'boom' || this.isShuttingDown || (this.#failures.get(to) ?? 0) > 0;
      case 'ACTOR_STOPPED':
        return this.#mayRefuse.has(to);
      case 'ACTOR_FAILED':
        return (this.#failures.get(to) ?? 0) > 3;
      case 'UNKNOWN_MESSAGE':
        return ['child/', 'guest/', 'job/'].some((kind) => to.startsWith(kind));
      case 'NO_WORKER':
        // Asked for a place while no worker can host: those that hash places wait, these are refused.
        return to.startsWith('guest/') || to.startsWith('job/');
      case 'SHUTTING_DOWN':
        return this.isShuttingDown;
      default:
        return false;
    }
  }
}
