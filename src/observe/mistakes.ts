/**
 * Mistakes of a `tell`: nobody waits for it, so nobody would hear of a kind or a type that is misspelt. Said once for each
 * mistake, while the program is written; in production a dead letter is all there is.
 */
import type { Log } from './log.ts';
import { traceFields } from './trace-context.ts';
import { kindOf } from '../vocabulary/address.ts';
import { type Envelope, typeOfMessage } from '../vocabulary/envelope.ts';
import type { ErrorCode } from '../vocabulary/errors.ts';

/** Mistakes that are said, per process; types may come from outside, and be new each time. */
export const MISTAKES_REPORTED_MAX = 1_000;
/** Characters of a type by which mistakes are told apart. */
const TYPE_LENGTH = 100;

const OF_THE_CALLER: ReadonlySet<ErrorCode> = new Set([
  ...(['UNKNOWN_KIND', 'UNKNOWN_MESSAGE', 'INVALID_MESSAGE', 'MESSAGE_TOO_LARGE'] as const),
]);

export class Mistakes {
  readonly #log: Log;
  readonly #reported = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** `text`: what an asker would have been told. */
  report({ to, message, sender, trace }: Envelope, reason: ErrorCode, text: string): void {
    if (!OF_THE_CALLER.has(reason) || this.#reported.size >= MISTAKES_REPORTED_MAX) return;
    const type = (typeOfMessage(message) ?? '').slice(0, TYPE_LENGTH);
    const mistake = `${reason} ${kindOf(to)} ${type}`;
    if (this.#reported.has(mistake)) return;
    this.#reported.add(mistake);
    this.#log.warn(
      { to, type, ...(sender !== undefined && { sender }), reason, ...traceFields(trace) },
      `a message became a dead letter: ${text}`,
    );
  }
}
