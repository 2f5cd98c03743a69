/** A process as the doctor sees it: the actors that have its loop, its mail and its restarts, and the asks that timed out. */
import type { Cell } from '../actor/cell.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { RunWatch } from '../actor/run-watch.ts';
import type { ListSort } from '../observe/actor-list.ts';
import { type Checkup, CHECKUP_ACTORS_MAX } from '../observe/checkup.ts';
import { listCells } from './list-cells.ts';
import { shortText } from './shown.ts';

const watches = new WeakMap<LocalActors, RunWatch>();

/** Without its links, which are known to those who have some. */
export async function checkupOf(actors: LocalActors): Promise<Checkup> {
  const { kernel } = actors;
  let watch = watches.get(actors);
  if (watch === undefined) watches.set(actors, (watch = new RunWatch(kernel.clock, kernel.scheduler)));
  const runs = watch.look(CHECKUP_ACTORS_MAX);
  const [mailboxes = [], restarts = []] = await foremost(actors, ['mailbox', 'restarts']);
  return {
    ...{ worker: kernel.worker, ...runs },
    mailboxes: mailboxes.map(({ id, mailbox }) => ({ id, count: mailbox.length, bytes: mailbox.bytes })),
    restarts: restarts.map(({ id, restarts, extras: { lastFailure } }) => {
      return { id, restarts, failure: lastFailure ? shortText(lastFailure.text) : '' };
    }),
    timeouts: kernel.pending.timeouts,
    lastTimeouts: [...kernel.pending.lastTimeouts],
    links: [],
  };
}

async function foremost(actors: LocalActors, sorts: readonly ListSort[]): Promise<Cell[][]> {
  const queries = sorts.map((sort) => ({ kind: undefined, sort, limit: CHECKUP_ACTORS_MAX, after: undefined }));
  const { parts = [] } = await listCells(actors, queries);
  return parts.map(({ ranked }) => ranked.flatMap(([, { id }]) => actors.cellOf(id) ?? []));
}
