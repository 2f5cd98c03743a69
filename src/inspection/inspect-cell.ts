/** An actor in memory, as it is shown. Read between two turns of its process; nothing of it changes. */
import type { Cell } from '../actor/cell.ts';
import type { CellStatus } from '../actor/cell-status.ts';
import { isStartHeld } from '../actor/lifecycle.ts';
import { MessageTimer } from '../actor/message-timer.ts';
import type {
  ActorInspection,
  ActorStatus,
  Listed,
  MailboxInspection,
  TimerInspection,
  TurnInspection,
  WaitingMail,
} from '../observe/actor-inspection.ts';
import { kindOf } from '../vocabulary/address.ts';
import { type Envelope, typeOfMessage } from '../vocabulary/envelope.ts';
import { watcherOf } from '../vocabulary/signal.ts';
import { PendingReply } from '../actor/pending-replies.ts';
import { foremost } from './foremost.ts';
import { type Shown, shortText, shown } from './shown.ts';
import { waitsOf } from './waits.ts';

/** Waits, timers, reminders, watchers, children, topics, types in an inspection, each at most. */
export const LISTED_MAX = 50;
/** Waiting messages that are shown. */
export const MAIL_SHOWN_MAX = 10;
/** Waiting messages whose types are counted. */
export const MAIL_COUNTED_MAX = 1_000;

export const STATUS: Readonly<Record<CellStatus, ActorStatus>> = {
  ...{ starting: 'starting', ready: 'ready', busy: 'busy', stopping: 'stopping' },
  ...{ quiescent: 'moving', pausing: 'restarting', ended: 'absent' },
};

/** A turn that runs goes on to its end, paused or not. */
export function statusOf(cell: Cell): ActorStatus {
  const { status, id, kernel } = cell;
  const isResting = status === 'ready' || isStartHeld(cell);
  return isResting && kernel.pauses?.isPaused(id) ? 'paused' : STATUS[status];
}

/** The message in front of a mailbox as it was first seen there, and when: nothing is noted of mail that nobody looks at. */
const seenInFront = new WeakMap<Envelope, number>();

/** Parts that are known of an actor besides its cell. */
export interface Surroundings {
  readonly watchers: readonly string[];
  readonly topics: readonly string[];
}

export function inspectCell(cell: Cell, { watchers, topics }: Surroundings): ActorInspection {
  const { id, kernel, extras, origin, durable, mailbox } = cell;
  const { clock } = kernel;
  const aheadMs = clock.wall() - clock.now();
  const toWall = (at: number): number => Math.round(at + aheadMs);
  const { value: state, cut: stateCut } = stateOf(cell);
  const { lastFailure } = extras;
  return {
    ...{ id, kind: kindOf(id), worker: kernel.worker, pid: process.pid, durable: durable !== undefined },
    status: statusOf(cell),
    pause: kernel.pauses?.of(id),
    since: toWall(cell.lastActiveAt),
    inMemorySince: toWall(cell.bornAt * 1_000),
    fence: cell.context.fence,
    until: undefined,
    turn: turnOf(cell, toWall),
    waitsFor: waitsOf(cell, LISTED_MAX, toWall),
    mailbox: mailboxOf(cell, toWall),
    stash: { count: mailbox.asideLength },
    outbox: { count: durable?.resendQueue.size ?? 0 },
    timers: timersOf(cell, toWall),
    reminders: remindersOf(durable?.reminders.entries() ?? [], durable?.reminders.size ?? 0),
    watchers: listed(watchers.slice(0, LISTED_MAX).map(watcherOf), watchers.length),
    watching: listed(extras.watching?.keys() ?? [], extras.watching?.size ?? 0),
    children: listed(
      (extras.children?.cells ?? []).slice(0, LISTED_MAX).map((child) => child.id),
      extras.children?.size ?? 0,
    ),
    parent: origin.parent?.id,
    topics: listed(topics.slice(0, LISTED_MAX).map(shortText), topics.length),
    ...{ state, stateCut, restarts: cell.restarts },
    lastFailure: lastFailure && { at: toWall(lastFailure.at), error: shortText(lastFailure.text) },
  };
}

export function listed<T>(items: Iterable<T>, count: number): Listed<T> {
  const first: T[] = [];
  for (const item of items) {
    if (first.length >= LISTED_MAX) break;
    first.push(item);
  }
  return { count, first };
}

/** Reminders as they stand, in whatever order. */
export function remindersOf(
  entries: Iterable<readonly [name: string, reminder: { atMs: number; everyMs: number | undefined; message: unknown }]>,
  count: number,
): Listed<TimerInspection> {
  const next = foremost(entries, LISTED_MAX, ([, one], [, other]) => one.atMs - other.atMs);
  const first = next.map(([name, { atMs, everyMs, message }]) => ({
    ...{ name: shortText(name), at: Math.round(atMs), everyMs, type: typeOf(message) },
  }));
  return { count, first };
}

export function typeOf(message: unknown): string {
  return shortText(typeOfMessage(message) ?? '');
}

function stateOf(cell: Cell): Shown {
  const { behaviour, context, status } = cell;
  if (status === 'starting' || isStartHeld(cell)) return { value: undefined, cut: undefined };
  try {
    return shown(behaviour.view ? behaviour.view(context) : context.state);
  } catch {
    return { value: undefined, cut: 'it could not be read' };
  }
}

function turnOf(cell: Cell, toWall: (at: number) => number): TurnInspection | undefined {
  const { status, current, extras } = cell;
  if (status !== 'busy' || extras.checking !== undefined) return undefined;
  const isMessage = current?.verb === 'message';
  return {
    type: isMessage ? typeOf(current.message) : undefined,
    sender: current?.sender,
    since: toWall(cell.lastActiveAt),
    deadline: current?.deadline ? toWall(current.deadline) : undefined,
  };
}

function mailboxOf({ mailbox, kernel }: Cell, toWall: (at: number) => number): MailboxInspection {
  const first: WaitingMail[] = [];
  const types = new Map<string, number>();
  let front: Envelope | undefined;
  let counted = 0;
  for (const envelope of mailbox.mail()) {
    if (counted++ >= MAIL_COUNTED_MAX) break;
    front ??= envelope;
    const { verb, message, sender, deadline } = envelope;
    const type = verb === 'message' ? typeOf(message) : `(${verb})`;
    if (first.length < MAIL_SHOWN_MAX)
      first.push({ type, sender, deadline: deadline > 0 ? toWall(deadline) : undefined });
    const count = types.get(type);
    if (count !== undefined || types.size < LISTED_MAX) types.set(type, (count ?? 0) + 1);
  }
  const oldestWaitMs = front && waitedMs(front, kernel.clock.now());
  return { count: mailbox.length, bytes: mailbox.bytes, first, types: Object.fromEntries(types), oldestWaitMs };
}

function waitedMs(front: Envelope, now: number): number {
  const { replyTo } = front;
  let since = seenInFront.get(front);
  if (since === undefined) seenInFront.set(front, (since = now));
  if (replyTo instanceof PendingReply && replyTo.deadline > 0)
    since = Math.min(since, replyTo.deadline - replyTo.withinMs);
  return Math.max(0, Math.round(now - since));
}

function timersOf({ extras }: Cell, toWall: (at: number) => number): Listed<TimerInspection> {
  const all = [...(extras.timers ?? [])].filter((timer) => timer instanceof MessageTimer);
  const next = foremost(all, LISTED_MAX, (one, other) => one.dueAt - other.dueAt);
  const first = next.map(({ record: { dueAt, everyMs, message } }) => ({
    ...{ at: toWall(dueAt), everyMs, type: typeOf(message) },
  }));
  return { count: all.length, first };
}
