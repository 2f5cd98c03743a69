/** The reply of a turn: what its handler returned, if that is plain data. */
import type { Envelope, ReplyTo } from '../vocabulary/envelope.ts';
import { asError, TroupeError, wordsOf } from '../vocabulary/errors.ts';
import { copyFlat, copyPlain } from '../plain-data/plain-copy.ts';
import { inspectPlain, type PlainReport } from '../plain-data/plain-data.ts';
import type { Cell } from './cell.ts';
import { replyToOf } from './served-reply.ts';

export function replyWith(cell: Cell, envelope: Envelope, value: unknown): void {
  const replyTo = replyToOf(cell, envelope);
  if (!replyTo || replyTo.settled) return;
  if (typeof value !== 'object' || value === null) {
    if (typeof value !== 'function' && typeof value !== 'symbol') return replyTo.resolve(value);
  } else {
    const flat = copyFlat(value);
    if (flat !== undefined) return replyTo.resolve(flat);
  }
  const report = inspectPlain(value);
  const { fault } = report;
  if (!fault) return replyWithCopy(cell, replyTo, value, report);
  const part = cell.behaviour.plainReply?.(cell.context, value);
  if (part !== undefined) return replyWithCopy(cell, replyTo, part, inspectPlain(part));
  replyTo.reject(notPlain(cell, `${fault.got} at ${fault.path.replace(/^message/, 'reply')}`));
}

function replyWithCopy(cell: Cell, replyTo: ReplyTo, value: unknown, report: PlainReport): void {
  let copy: unknown;
  try {
    copy = copyPlain(value, report);
  } catch (error) {
    // It looked plain: bytes that were given away, or a getter that gave something else the second time.
    return replyTo.reject(notPlain(cell, wordsOf(asError(error))));
  }
  replyTo.resolve(copy);
}

function notPlain(cell: Cell, got: string): TroupeError {
  return new TroupeError('INVALID_MESSAGE', `the reply of ${cell.id} is plain data; got ${got}`, { fate: 'executed' });
}
