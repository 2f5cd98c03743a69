/** The waits of a cell, as they stand now. */
import type { Cell } from '../actor/cell.ts';
import { PendingReply } from '../actor/pending-replies.ts';
import type { WaitInspection } from '../observe/actor-inspection.ts';
import { typeOfMessage } from '../vocabulary/envelope.ts';
import { shortText } from './shown.ts';

/** `toWall`: a time of `Clock.now()` on the wall clock. */
export function waitsOf(cell: Cell, limit: number, toWall: (at: number) => number): WaitInspection[] {
  const waits = [...ownWaits(cell, toWall)];
  for (const wait of cell.extras.waits ?? []) {
    if (waits.length >= limit) break;
    waits.push(wait instanceof PendingReply ? askOf(wait, toWall) : { what: 'child', of: wait.target });
  }
  if (waits.length < limit && cell.durable?.isSettled === false) waits.push({ what: 'commit' });
  return waits;
}

function askOf({ target, type, deadline, withinMs }: PendingReply, toWall: (at: number) => number): WaitInspection {
  const wait: WaitInspection = type === undefined ? { what: 'end', of: target } : { what: 'reply', of: target };
  if (type !== undefined) wait.type = shortText(type);
  if (deadline > 0) Object.assign(wait, { since: toWall(deadline - withinMs), until: toWall(deadline) });
  return wait;
}

function* ownWaits(cell: Cell, toWall: (at: number) => number): Iterable<WaitInspection> {
  const { status, extras, mailbox, durable } = cell;
  const since = toWall(cell.lastActiveAt);
  const pause = cell.kernel.pauses?.of(cell.id);
  if (pause !== undefined && cell.kernel.pauses?.isHeld(cell))
    yield { what: 'resume', since: Math.max(since, pause.since) };
  if (status === 'starting') yield { what: 'start', since };
  if (status === 'stopping') yield { what: 'stop', since };
  if (status === 'quiescent') yield { what: 'move', since };
  if (status === 'pausing' && extras.pausedBy !== undefined)
    yield { what: 'backoff', since, until: toWall(extras.startsAt) };
  if (extras.checking !== undefined)
    yield { what: 'check', type: shortText(typeOfMessage(extras.checking.message) ?? ''), since };
  if (status === 'ready' && mailbox.length > 0 && durable?.room.mayBegin() === false) yield { what: 'room' };
}
