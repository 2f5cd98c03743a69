/** Reminders of a whole store, the next one first: by its index of times, without waking an actor. */
import { readRecord } from '../commit/record.ts';
import type { ListedReminder, ReminderList } from '../observe/reminder-list.ts';
import type { Store, Wake } from '../store/store.ts';
import { checkActorId } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { remindersOf } from './inspect-cell.ts';

/** Actors in one page. */
export const REMINDERS_LISTED_MAX = 50;

/** `after`: the `next` of the page before. Rejects INVALID_OPTIONS, STORE_FAILED. It is no snapshot. */
export async function listReminders(store: Store, after: string | undefined): Promise<ReminderList> {
  const reminders: ListedReminder[] = [];
  let last: Wake | undefined;
  // At 0 are those with unfinished mail.
  for await (const wake of store.due(1, Number.MAX_SAFE_INTEGER, after === undefined ? undefined : wakeOf(after))) {
    if (reminders.length >= REMINDERS_LISTED_MAX) return { reminders, next: last && `${last.at} ${last.id}` };
    const found = await reminderOf(store, wake);
    if (found === undefined) continue;
    reminders.push(found);
    last = wake;
  }
  return { reminders, next: undefined };
}

/** Undefined where it has gone meanwhile. */
async function reminderOf(store: Store, { id, at }: Wake): Promise<ListedReminder | undefined> {
  const record = await store.load(id);
  if (record === undefined) return undefined;
  const { reminders } = readRecord(record.parts, (ref) => ref);
  const [next] = remindersOf(reminders, reminders.size).first;
  if (next === undefined) return undefined;
  return { id, at, name: next.name ?? '', everyMs: next.everyMs, type: next.type, count: reminders.size };
}

function wakeOf(after: string): Wake {
  const space = after.indexOf(' ');
  const at = space > 0 ? Number(after.slice(0, space)) : Number.NaN;
  if (Number.isNaN(at))
    throw new TroupeError('INVALID_OPTIONS', `after: expected the \`next\` of a list; got ${inspect(after)}`);
  const id = after.slice(space + 1);
  checkActorId(id);
  return { at, id };
}
