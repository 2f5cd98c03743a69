/** `system.list`: what it is asked with, and the parts of all processes merged into one page for each query. */
import type { ActorList, ListOptions, ListPart, ListQuery, ListsAnswer, RankedActor } from '../observe/actor-list.ts';
import { checkActorId, isKind } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../vocabulary/inspect.ts';
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

/** A list for each query, in their order. `running`: workers that should have answered. Throws OVERLOADED. */
export function mergeLists(
  answers: readonly ListsAnswer[],
  queries: readonly ListQuery[],
  running: readonly number[],
): ActorList[] {
  const refused = answers.find(({ parts }) => parts === undefined);
  if (refused) {
    const text = `worker ${refused.worker} makes ${LISTS_MAX} lists of its actors at once, which is the limit; one more rejected`;
    throw new TroupeError('OVERLOADED', text);
  }
  const answered = new Set(answers.map(({ worker }) => worker));
  const silent = running.filter((worker) => !answered.has(worker));
  return queries.map(({ limit }, at) => {
    return {
      ...mergeParts(
        answers.flatMap(({ parts }) => parts?.[at] ?? []),
        limit,
      ),
      silent,
    };
  });
}

function mergeParts(parts: readonly ListPart[], limit: number): Omit<ActorList, 'silent'> {
  const all = parts.flatMap(({ ranked }) => ranked);
  const page = foremost(all, limit, ([rank, { id }], [otherRank, other]) => byPlace(rank, id, otherRank, other.id));
  const hasMore = all.length > page.length || parts.some((part) => part.hasMore);
  return {
    actors: page.map(([, actor]) => actor),
    inMemory: parts.reduce((sum, { inMemory }) => sum + inMemory, 0),
    next: hasMore ? nextOf(page.at(-1)) : undefined,
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
