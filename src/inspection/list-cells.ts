/**
 * The lists of one process: its cells are gone through once for all of them that need it, in slices between which sockets, timers and turns have theirs, and only
 * the foremost are kept and read. It is no snapshot: an actor that comes or ends meanwhile may be in it or not.
 */
import type { Cell } from '../actor/cell.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import type { ListedActor, ListPart, ListQuery, ListsAnswer } from '../observe/actor-list.ts';
import { Foremost } from './foremost.ts';
import { statusOf, typeOf } from './inspect-cell.ts';
import { QUIET_SORTS, MEASURED_SORTS, RANKS } from './ranks.ts';

/** Milliseconds of a slice. */
export const LIST_SLICE_MS = 4;
/** Cells between two looks at the clock. */
const CELLS_PER_LOOK = 512;
/** Times that a process goes through its cells at once; one more is refused. */
export const LISTS_MAX = 8;

interface Ranked {
  readonly rank: number;
  readonly cell: Cell;
}

const listing = new WeakMap<LocalActors, number>();

/** Milliseconds of processor time of this process: on a busy machine a slice takes several times as long as the work in it. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/** `work`: as `cpuMs`. */
export async function listCells(
  actors: LocalActors,
  queries: readonly ListQuery[],
  work: () => number = cpuMs,
): Promise<ListsAnswer> {
  const { worker } = actors.kernel;
  const count = listing.get(actors) ?? 0;
  if (count >= LISTS_MAX) return { worker, parts: undefined, workMs: 0 };
  listing.set(actors, count + 1);
  try {
    return { worker, ...(await list(actors, queries, work)) };
  } finally {
    listing.set(actors, (listing.get(actors) ?? 1) - 1);
  }
}

async function list(
  actors: LocalActors,
  queries: readonly ListQuery[],
  work: () => number,
): Promise<{ parts: ListPart[]; workMs: number }> {
  const { kernel } = actors;
  const { clock, timing } = kernel;
  if (queries.some(({ sort }) => MEASURED_SORTS.has(sort))) await timing?.lookAtActors();
  const scans = queries.map((query) => new Scan(query, actors.size));
  const measured = scans.filter(({ isMeasured }) => isMeasured);
  const walkMs = await goThrough(actors, scans, work);
  const from = work();
  // Only few have turns that were counted: to ask for those of each cell took longer than all else (a million actors, `observe`).
  timing?.eachCounted((cell, perSecond, ms) => {
    for (const scan of measured) scan.rank(cell as Cell, perSecond, ms);
  });
  const aheadMs = clock.wall() - clock.now();
  const parts = scans.map((scan) => scan.part(aheadMs));
  return { parts, workMs: walkMs + work() - from };
}

/** All cells. Of the quiet ones, which are nearly all of a million, no more is read than that they are quiet. Returns the work of its slices. */
async function goThrough(actors: LocalActors, scans: readonly Scan[], work: () => number): Promise<number> {
  const { clock } = actors.kernel;
  const walking = scans.filter(({ isMeasured, countsEach }) => !isMeasured || countsEach);
  const ofQuiet = walking.filter(({ countsEach }) => countsEach);
  if (walking.length === 0) return 0;
  let untilLook = CELLS_PER_LOOK;
  let endsAt = clock.now() + LIST_SLICE_MS;
  let from = work();
  let workMs = 0;
  for (const cell of actors.cells()) {
    for (const scan of cell.isQuiet ? ofQuiet : walking) scan.look(cell);
    if (--untilLook > 0) continue;
    untilLook = CELLS_PER_LOOK;
    if (clock.now() < endsAt) continue;
    workMs += work() - from;
    await new Promise<void>((resolve) => clock.defer(resolve));
    from = work();
    endsAt = clock.now() + LIST_SLICE_MS;
  }
  return workMs + work() - from;
}

class Scan {
  inMemory: number;
  /** Behind the page before. */
  left = 0;
  readonly chosen: Foremost<Ranked>;
  /** Only actors whose turns were counted are in it. */
  readonly isMeasured: boolean;
  /** Quiet ones are in it, or it is to be found out how many of them are of its kind. */
  readonly countsEach: boolean;
  readonly #query: ListQuery;
  readonly #rankOf: (cell: Cell) => number | undefined;

  /** `inMemory`: actors of all kinds. */
  constructor(query: ListQuery, inMemory: number) {
    this.#query = query;
    this.countsEach = query.kind !== undefined || QUIET_SORTS.has(query.sort);
    this.inMemory = this.countsEach ? 0 : inMemory;
    this.#rankOf = RANKS[query.sort];
    this.isMeasured = MEASURED_SORTS.has(query.sort);
    this.chosen = new Foremost(query.limit, (one, other) => byPlace(one.rank, one.cell.id, other.rank, other.cell.id));
  }

  look(cell: Cell): void {
    const { kind } = this.#query;
    if (kind !== undefined && cell.behaviour.kind !== kind) return;
    if (this.countsEach) this.inMemory++;
    if (!this.isMeasured) this.#place(cell, this.#rankOf(cell));
  }

  /** One whose turns were counted; it may have ended. */
  rank(cell: Cell, perSecond: number, ms: number): void {
    const { kind, sort } = this.#query;
    if (cell.status === 'ended' || (kind !== undefined && cell.behaviour.kind !== kind)) return;
    this.#place(cell, -(sort === 'rate' ? perSecond : ms));
  }

  #place(cell: Cell, rank: number | undefined): void {
    const { after } = this.#query;
    if (rank === undefined || (after !== undefined && byPlace(rank, cell.id, after[0], after[1]) <= 0)) return;
    this.left++;
    // Most are not among the foremost: no object is made for those.
    const { last } = this.chosen;
    if (last === undefined || byPlace(rank, cell.id, last.rank, last.cell.id) < 0) this.chosen.add({ rank, cell });
  }

  /** `aheadMs`: from the clock of cells to that of the wall. */
  part(aheadMs: number): ListPart {
    const chosen = this.chosen.all();
    const ranked = chosen.map(({ rank, cell }) => [rank, rowOf(cell, aheadMs)] as const);
    return { inMemory: this.inMemory, ranked, hasMore: this.left > chosen.length };
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
