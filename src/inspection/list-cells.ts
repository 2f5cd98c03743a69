/**
 * The list of one process: its cells are gone through once, in slices between which sockets, timers and turns have theirs, and only
 * the foremost are kept and read. It is no snapshot: an actor that comes or ends meanwhile may be in it or not.
 */
import type { Cell } from '../actor/cell.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import type { ListAnswer, ListedActor, ListQuery } from '../observe/actor-list.ts';
import { Foremost } from './foremost.ts';
import { statusOf, typeOf } from './inspect-cell.ts';
import { MEASURED_SORTS, RANKS } from './ranks.ts';

/** Milliseconds of a slice. */
export const LIST_SLICE_MS = 4;
/** Cells between two looks at the clock. */
const CELLS_PER_LOOK = 512;
/** Lists that a process makes at once; one more is refused. */
export const LISTS_MAX = 8;

interface Ranked {
  readonly rank: number;
  readonly cell: Cell;
}

const listing = new WeakMap<LocalActors, number>();

export async function listCells(actors: LocalActors, query: ListQuery): Promise<ListAnswer> {
  const { worker } = actors.kernel;
  const count = listing.get(actors) ?? 0;
  if (count >= LISTS_MAX) return { worker, inMemory: 0, ranked: [], hasMore: false, isRefused: true };
  listing.set(actors, count + 1);
  try {
    return await list(actors, query);
  } finally {
    listing.set(actors, (listing.get(actors) ?? 1) - 1);
  }
}

async function list(actors: LocalActors, query: ListQuery): Promise<ListAnswer> {
  const { kernel } = actors;
  const { clock } = kernel;
  if (MEASURED_SORTS.has(query.sort)) await kernel.timing?.lookAtActors();
  const scan = new Scan(query);
  let untilLook = CELLS_PER_LOOK;
  let endsAt = clock.now() + LIST_SLICE_MS;
  for (const cell of actors.cells()) {
    scan.look(cell);
    if (--untilLook > 0) continue;
    untilLook = CELLS_PER_LOOK;
    if (clock.now() < endsAt) continue;
    await new Promise<void>((resolve) => clock.defer(resolve));
    endsAt = clock.now() + LIST_SLICE_MS;
  }
  const { inMemory, left } = scan;
  const chosen = scan.chosen.all();
  const aheadMs = clock.wall() - clock.now();
  const ranked = chosen.map(({ rank, cell }) => [rank, rowOf(cell, aheadMs)] as const);
  return { worker: kernel.worker, inMemory, ranked, hasMore: left > chosen.length };
}

class Scan {
  inMemory = 0;
  /** Behind the page before. */
  left = 0;
  readonly chosen: Foremost<Ranked>;
  readonly #query: ListQuery;
  readonly #rankOf: (cell: Cell) => number | undefined;

  constructor(query: ListQuery) {
    this.#query = query;
    this.#rankOf = RANKS[query.sort];
    this.chosen = new Foremost(query.limit, (one, other) => byPlace(one.rank, one.cell.id, other.rank, other.cell.id));
  }

  look(cell: Cell): void {
    const { kind, after } = this.#query;
    if (kind !== undefined && cell.behaviour.kind !== kind) return;
    this.inMemory++;
    const rank = this.#rankOf(cell);
    if (rank === undefined || (after !== undefined && byPlace(rank, cell.id, after[0], after[1]) <= 0)) return;
    this.left++;
    // Most are not among the foremost: no object is made for those.
    const { last } = this.chosen;
    if (last === undefined || byPlace(rank, cell.id, last.rank, last.cell.id) < 0) this.chosen.add({ rank, cell });
  }
}

/** Below 0: the one comes before the other. */
export function byPlace(rank: number, id: string, otherRank: number, otherId: string): number {
  if (rank !== otherRank) return rank - otherRank;
  if (id === otherId) return 0;
  return id < otherId ? -1 : 1;
}

function rowOf(cell: Cell, aheadMs: number): ListedActor {
  const { id, kernel, current, mailbox, restarts, lastActiveAt, bornAt, extras, origin } = cell;
  const failedAt = extras.lastFailure?.at;
  const rate = kernel.timing?.rateOf(cell);
  return {
    ...{ id, worker: kernel.worker, status: statusOf(cell), since: Math.round(lastActiveAt + aheadMs) },
    inMemorySince: Math.round(bornAt * 1_000 + aheadMs),
    turn: current?.verb === 'message' ? typeOf(current.message) : undefined,
    ...{ mailbox: mailbox.length, bytes: mailbox.bytes, restarts },
    failures: extras.lastFailure?.count ?? 0,
    perSecond: rate?.perSecond,
    handlingMs: rate?.ms,
    failedAt: failedAt === undefined ? undefined : Math.round(failedAt + aheadMs),
    ...{ parent: origin.parent?.id, children: extras.children?.size ?? 0 },
  };
}
