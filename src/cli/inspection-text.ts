/** An inspection for people: first what the actor does, since when, what it waits for and what waits behind it. */
import type { ActorInspection, TurnInspection, WaitInspection } from '../observe/actor-inspection.ts';
import type { Pause } from '../vocabulary/pause.ts';
import { shown, time } from '../cli-ground/output.ts';

export function inspectionText(one: ActorInspection): string {
  const rows: [string, string | undefined][] = [
    ['status', `${one.status}${since(one.since)}${one.until === undefined ? '' : `, until ${time(one.until)}`}`],
    ['machine', one.machine],
    ['worker', one.worker === undefined ? 'placed at its first use' : `${one.worker}, pid ${one.pid}`],
    ['pause', one.pause && pauseText(one.pause)],
    ['turn', one.turn && turnText(one.turn)],
    ...one.waitsFor.map((wait): [string, string] => ['waits for', waitText(wait)]),
    ['mailbox', mailboxText(one)],
    ['stash', counted(one.stash.count)],
    ['outbox', counted(one.outbox.count)],
    ['timers', counted(one.timers.count)],
    ['reminders', counted(one.reminders.count)],
    ['parent', one.parent],
    ['children', listed(one.children)],
    ['watchers', listed(one.watchers)],
    ['topics', listed(one.topics)],
    ['restarts', counted(one.restarts)],
    ['failed', one.lastFailure && `${time(one.lastFailure.at)} ${one.lastFailure.error}`],
    ['state', one.state === undefined ? undefined : shown(one.state)],
    ['cut', one.stateCut],
  ];
  const lines = rows.filter(([, value]) => value !== undefined).map(([name, value]) => `${name.padEnd(10)} ${value}`);
  return [one.id, ...lines].join('\n');
}

function pauseText({ pattern, reason, since: at, perSecond }: Pause): string {
  const rate = perSecond === undefined ? '' : `, ${perSecond} messages a second`;
  return `${pattern}${since(at)}${rate}${reason === undefined ? '' : `: ${reason}`}`;
}

function since(at: number | undefined): string {
  return at === undefined ? '' : ` since ${time(at)}`;
}

function counted(count: number): string | undefined {
  return count === 0 ? undefined : `${count}`;
}

function listed({ count, first }: { count: number; first: string[] }): string | undefined {
  return count === 0 ? undefined : `${count}: ${first.join(', ')}${count > first.length ? ', …' : ''}`;
}

function turnText({ type, sender, since: at, deadline }: TurnInspection): string {
  const from = sender === undefined ? '' : ` from ${sender}`;
  return `${type ?? 'of its own'}${from}${since(at)}${deadline === undefined ? '' : `, asked until ${time(deadline)}`}`;
}

function waitText({ what, of, type, since: at, until }: WaitInspection): string {
  const about = [what, of && `of ${of}`, type && `to '${type}'`].filter(Boolean).join(' ');
  return `${about}${since(at)}${until === undefined ? '' : `, until ${time(until)}`}`;
}

function mailboxText({ mailbox }: ActorInspection): string {
  const { count, bytes, types, oldestWaitMs } = mailbox;
  if (count === 0) return 'empty';
  const parts = Object.entries(types).map(([type, many]) => `${type} ${many}`);
  const oldest = oldestWaitMs === undefined ? '' : `, the first one for ${oldestWaitMs} ms at least`;
  return `${count} waiting, ${bytes} bytes (${parts.join(', ')})${oldest}`;
}
