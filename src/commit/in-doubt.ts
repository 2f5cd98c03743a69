/** A commit that failed, as far as is known: its engine may have written it all the same. */
import type { Cell } from '../actor/cell.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { RecordHead } from '../store/store.ts';
import type { Turn, TurnBatch } from './turn-batch.ts';

export interface InDoubtCommit {
  readonly batch: TurnBatch;
  /** The fence and the version of the record, if the commit was written. */
  readonly fence: string;
  readonly version: number;
  /** The messages of its turns and of those after it, in order. */
  readonly envelopes: Envelope[];
}

/** This cell will not look into the record for it any more; the next one knows repeats by their delivery ids. */
export function handOverInDoubt(cell: Cell, { envelopes }: InDoubtCommit, isGone: boolean): void {
  const { kernel, id, extras } = cell;
  if (extras.ending?.mail === 'deliver-again') {
    if (isGone) for (const envelope of envelopes) kernel.router.deliver(envelope);
    else cell.mailbox.putBack(envelopes);
    return;
  }
  const code = extras.ending?.mail === 'ACTOR_FAILED' ? 'ACTOR_FAILED' : 'ACTOR_STOPPED';
  const text = `${id} ended before the turn of the message was committed`;
  for (const envelope of envelopes) {
    kernel.deadLetters.refuseUnlessResent(envelope, code, text, 'unknown', extras.ending?.error);
  }
}

/** The messages of a batch that failed and of the turns after it, in order. */
export function voidedBy(failed: TurnBatch, open: TurnBatch | undefined, turn: Turn | undefined): Envelope[] {
  const envelopes = [...failed.envelopes, ...(open?.envelopes ?? [])];
  const current = turn?.envelope;
  if (current?.verb === 'message') envelopes.push(current);
  return envelopes;
}

/** Either it was committed after all, and only its outputs are missing; or nothing of it happened. */
export function resolveInDoubt(
  cell: Cell,
  { batch, fence, version, envelopes }: InDoubtCommit,
  record: RecordHead | undefined,
  release: (batch: TurnBatch) => void,
): void {
  const isDone = record !== undefined && record.version >= version && record.fence === fence;
  const again = isDone ? envelopes.filter((envelope) => !batch.envelopes.includes(envelope)) : envelopes;
  if (isDone) release(batch);
  cell.mailbox.putBack(again);
}
