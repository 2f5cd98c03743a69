/**
 * The end of a system, in order: no new calls, the mail there is, every actor's onStop, and only then the processes.
 * When all mail is handled is not visible to any one process: two rounds of counts in which every process is idle and
 * as much was received as sent, and nothing changed in between (four counters, Mattern 1987).
 */
import type { Clock } from '../vocabulary/clock.ts';
import { LAST_WORDS_MS, MAIL_SHARE } from '../vocabulary/shutdown-times.ts';
import type { IdleAnswer } from '../wire/process-query.ts';
import type { Membership } from '../worker-pool/process-membership.ts';
import type { Queries } from './queries.ts';

/** Milliseconds between two rounds. */
const ROUND_MS = 5;
/** Milliseconds for an answer that takes no work. */
const ANSWER_MS = 2_000;

export class GracefulShutdown {
  readonly #clock: Clock;
  readonly #membership: Membership;
  readonly #queries: Queries;
  readonly #until: number;
  readonly #startedAt: number;

  /** `until`: on `Clock.now()`. */
  constructor(clock: Clock, membership: Membership, queries: Queries, until: number) {
    this.#clock = clock;
    this.#membership = membership;
    this.#queries = queries;
    this.#until = until;
    this.#startedAt = clock.now();
  }

  /** Resolves when every actor has ended, or the time is up. */
  async run(): Promise<void> {
    await this.#queries.askAll(this.#membership, 'close', Math.min(ANSWER_MS, this.#leftMs));
    await this.#untilIdle(this.#startedAt + (this.#until - this.#startedAt) * MAIL_SHARE);
    // Once more for those that the last words of others have activated.
    while ((await this.#stopActors()) > 0 && this.#leftMs > 0) {
      await this.#untilIdle(Math.min(this.#until, this.#clock.now() + LAST_WORDS_MS));
    }
  }

  /** How many there were. */
  async #stopActors(): Promise<number> {
    const answers = await this.#queries.askAll(this.#membership, 'stop-actors', Math.max(1, this.#leftMs));
    return answers.reduce<number>((sum, answer) => sum + (typeof answer === 'number' ? answer : 0), 0);
  }

  get #leftMs(): number {
    return Math.max(0, this.#until - this.#clock.now());
  }

  async #untilIdle(until: number): Promise<void> {
    let before: string | undefined;
    while (this.#clock.now() < until) {
      const round = await this.#round();
      if (round !== undefined && round === before) return;
      before = round;
      if (round === undefined) await this.#pause();
    }
  }

  /** The counts where all is quiet, else undefined. */
  async #round(): Promise<string | undefined> {
    const answers = (await this.#queries.askAll(
      this.#membership,
      'idle',
      Math.max(1, Math.min(ANSWER_MS, this.#leftMs)),
    )) as (IdleAnswer | undefined)[];
    let sent = 0;
    let received = 0;
    for (const answer of answers) {
      if (!answer?.idle) return undefined;
      sent += answer.sent;
      received += answer.received;
    }
    return sent === received ? `${answers.length}:${sent}` : undefined;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimer(ROUND_MS, resolve));
  }
}
