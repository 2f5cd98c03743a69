/** The end of a message that its handler has refused, or could not be found for. */
import type { Envelope, ReplyTo } from '../vocabulary/envelope.ts';
import { readError, textOf } from '../vocabulary/error-reading.ts';
import { type Refusal, TroupeError, Undeliverable, wordsOf } from '../vocabulary/errors.ts';
import { copyPlain } from '../plain-data/plain-copy.ts';
import { inspectPlain } from '../plain-data/plain-data.ts';
import type { Cell } from './cell.ts';

/** Characters of the reason of a refusal. */
export const REASON_MAX = 1_024;

/** The asker is told; what can never be delivered is a dead letter besides. */
export function refuseByHandler(cell: Cell, envelope: Envelope, replyTo: ReplyTo | undefined, thrown: Refusal): void {
  if (!(thrown instanceof Undeliverable)) return replyTo?.reject(refused(thrown));
  const { code, message } = thrown;
  replyTo?.reject(new TroupeError(code, message, { fate: 'executed' }));
  cell.durable?.deadLetter(envelope, code);
  cell.kernel.deadLetters.add(cell.id, envelope.message, envelope.sender, code);
}

/** In production nobody looks into a message before its turn: a proxy in it may be revoked by then, a getter may throw. */
export function refuseUnreadable(cell: Cell, envelope: Envelope, error: Error): void {
  const text = `a message is plain data; ${cell.id} got one that cannot be read: ${wordsOf(error)}`;
  cell.kernel.deadLetters.refuse(envelope, 'INVALID_MESSAGE', text);
  cell.durable?.skip(envelope);
}

/** The texts and data of a refusal are the user's: texts are cut to their bounds, data that cannot travel is left out. */
function refused(refusal: Refusal): TroupeError {
  const { name, message } = readError(refusal);
  let data: unknown;
  let reason = name;
  try {
    reason = textOf(refusal.reason, REASON_MAX);
    data = plainOrNothing(refusal.data);
  } catch {
    // A field that threw as it was read.
  }
  return new TroupeError('REFUSED', message, { fate: 'executed', reason, data });
}

function plainOrNothing(data: unknown): unknown {
  const report = inspectPlain(data);
  return report.fault ? undefined : copyPlain(data, report);
}
