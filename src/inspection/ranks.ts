/** The order of a list, as a number for each cell: the lower one comes first. Undefined: it is not in the list. */
import type { Cell } from '../actor/cell.ts';
import type { ListSort } from '../observe/actor-list.ts';

export const RANKS: Readonly<Record<ListSort, (cell: Cell) => number | undefined>> = {
  id: () => 0,
  mailbox: ({ mailbox }) => -mailbox.length || undefined,
  bytes: ({ mailbox }) => (mailbox.length === 0 ? undefined : -mailbox.bytes),
  busy: ({ status, lastActiveAt }) => (status === 'busy' ? lastActiveAt : undefined),
  restarts: ({ restarts }) => -restarts || undefined,
  errors: ({ extras: { lastFailure } }) => lastFailure && -lastFailure.count,
  // Of those that were counted: see MEASURED_SORTS.
  rate: () => undefined,
  latency: () => undefined,
  failed: ({ extras: { lastFailure } }) => lastFailure && -lastFailure.at,
  age: ({ bornAt }) => bornAt,
  children: ({ extras: { children } }) => -(children?.size ?? 0) || undefined,
};

/** Orders that need turns of single actors to be counted. */
export const MEASURED_SORTS: ReadonlySet<ListSort> = new Set(['rate', 'latency']);

/** Orders that have quiet cells in them, too. */
export const QUIET_SORTS: ReadonlySet<ListSort> = new Set(['id', 'age']);

export const SORTS = Object.keys(RANKS) as ListSort[];
