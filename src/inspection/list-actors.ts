/** `system.list`: what it is asked with, and the parts of all processes merged into one page for each query. */
import type {
  ActorList,
  ListedActor,
  ListOptions,
  ListPart,
  ListQuery,
  ListsAnswer,
  RankedActor,
} from '../observe/actor-list.ts';
import { checkActorId, isKind } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { foremost } from './foremost.ts';
import { byPlace, LISTS_MAX } from './list-cells.ts';
import { SORTS } from './ranks.ts';

/** Actors in one page, where nothing else is asked for, and at most. */
export const LIST_LIMIT = 50;
export const LIST_LIMIT_MAX = 1_000;

/** Throws INVALID_OPTIONS. */
export function checkList(options: ListOptions): ListQuery {
  const { kind, sort = 'id', limit = LIST_LIMIT, after, ...rest } = options ?? {};
  if (typeof options !== 'object' || options === null || Object.keys(rest).length > 0)
    throw invalid('list() takes { kind, sort, limit, after }', options);
  if (kind !== undefined && !isKind(kind)) throw invalid('kind: expected a name of a-z, 0-9 and -', kind);
  if (!SORTS.includes(sort)) throw invalid(`sort: expected one of ${SORTS.join(', ')}`, sort);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_LIMIT_MAX)
    throw invalid(`limit: expected a whole number from 1 to ${LIST_LIMIT_MAX}`, limit);
  return { kind, sort, limit, after: after === undefined ? undefined : placeOf(after) };
}

/** The lists of one machine, each of its processes merged, for those who put machines together. */
export interface MachineLists {
  /** Undefined where the system is one machine. */
  readonly machine: string | undefined;
  /** For each query; undefined: the machine has given no answer. */
  readonly parts: readonly ListPart[] | undefined;
  /** Its workers that did not answer. */
  readonly silent: readonly number[];
  /** Milliseconds of processor time that they took the process of it that had most to do; not there where the machine is of an older build. */
  readonly workMs?: number;
}

/** `running`: workers that should have answered. Throws OVERLOADED. */
export function partsOfMachine(
  answers: readonly ListsAnswer[],
  queries: readonly ListQuery[],
  running: readonly number[],
  machine: string | undefined,
): MachineLists {
  const refused = answers.find(({ parts }) => parts === undefined);
  if (refused) {
    const text = `worker ${refused.worker} makes ${LISTS_MAX} lists of its actors at once, which is the limit; one more rejected`;
    throw new TroupeError('OVERLOADED', text);
  }
  const answered = new Set(answers.map(({ worker }) => worker));
  const silent = running.filter((worker) => !answered.has(worker));
  const parts = queries.map((query, at) => {
    const merged = mergeParts(
      answers.flatMap(({ parts }) => parts?.[at] ?? []),
      query.limit,
    );
    if (machine === undefined) return merged;
    return { ...merged, ranked: merged.ranked.map(([rank, actor]) => [rank, { ...actor, machine }] as const) };
  });
  return { machine, parts, silent, workMs: Math.max(0, ...answers.map(({ workMs }) => workMs)) };
}

/** A list for each query, in their order. */
export function mergeLists(
  own: MachineLists,
  others: readonly MachineLists[],
  queries: readonly ListQuery[],
): ActorList[] {
  const all = [own, ...others];
  const silentMachines = others.flatMap(({ machine, parts, silent }) =>
    machine !== undefined && (parts === undefined || silent.length > 0) ? [{ machine, workers: [...silent] }] : [],
  );
  const workMs = Math.max(...all.map(({ workMs = 0 }) => workMs));
  return queries.map(({ limit }, at) => {
    const { ranked, inMemory, hasMore } = mergeParts(
      all.flatMap(({ parts }) => parts?.[at] ?? []),
      limit,
    );
    return {
      actors: ranked.map(([, actor]) => actor),
      inMemory,
      next: hasMore ? nextOf(ranked.at(-1)) : undefined,
      silent: [...own.silent],
      workMs,
      ...(own.machine !== undefined && { silentMachines }),
    };
  });
}

/** For people: its worker, of several machines with the machine. */
export function placeText({ machine, worker }: ListedActor): string | number {
  return machine === undefined ? worker : `${machine}:${worker}`;
}

/** For people: the machines that have not told of all their actors, a line for each. */
export function silentText({ silentMachines = [] }: ActorList): string {
  return silentMachines
    .map(({ machine, workers }) => {
      const who = workers.length === 0 ? 'the machine' : `workers ${workers.join(', ')} of the machine`;
      return `\nno answer of ${who} ${machine}`;
    })
    .join('');
}

function mergeParts(parts: readonly ListPart[], limit: number): ListPart {
  const all = parts.flatMap(({ ranked }) => ranked);
  const ranked = foremost(all, limit, ([rank, { id }], [otherRank, other]) => byPlace(rank, id, otherRank, other.id));
  return {
    ranked,
    inMemory: parts.reduce((sum, { inMemory }) => sum + inMemory, 0),
    hasMore: all.length > ranked.length || parts.some((part) => part.hasMore),
  };
}

function nextOf(last: RankedActor | undefined): string | undefined {
  return last && `${last[0]} ${last[1].id}`;
}

function placeOf(after: unknown): [rank: number, id: string] {
  const text = typeof after === 'string' ? after : '';
  const space = text.indexOf(' ');
  const rank = space > 0 ? Number(text.slice(0, space)) : Number.NaN;
  const id = text.slice(space + 1);
  if (Number.isNaN(rank)) throw invalid('after: expected the `next` of a list', after);
  checkActorId(id);
  return [rank, id];
}

function invalid(expected: string, got: unknown): TroupeError {
  return new TroupeError('INVALID_OPTIONS', `${expected}; got ${inspect(got)}`);
}
