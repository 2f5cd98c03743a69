/** The ids that a store has of a kind, page by page. */
import type { Kernel } from '../actor/kernel.ts';
import { unknownKindText } from '../actor/refusals.ts';
import type { Store } from '../store/store.ts';
import { type ActorId, checkActorId, isKind, kindOf } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import type { IdsOptions } from './system.ts';

/** Ids in one page, where nothing else is asked for, and at most. */
export const IDS_LIMIT = 1_000;
export const IDS_LIMIT_MAX = 10_000;
/** Milliseconds that a removal may take. All dead letters are looked at. */
export const REMOVE_TIMEOUT_MS = 30_000;

export interface IdsPage {
  after: ActorId | undefined;
  limit: number;
}

/** Throws UNKNOWN_KIND; `id`: what is named in the error. */
export function checkKind(kernel: Kernel, kind: string, id: ActorId): void {
  if (!kernel.kinds().includes(kind)) throw new TroupeError('UNKNOWN_KIND', unknownKindText(kernel, id));
}

/** Throws INVALID_OPTIONS, INVALID_ACTOR_ID and UNKNOWN_KIND. */
export function checkIds(kernel: Kernel, kind: string, options: IdsOptions): IdsPage {
  if (!isKind(kind)) throw invalid('kind: expected a name of a-z, 0-9 and -', kind);
  const { after, limit = IDS_LIMIT, ...rest } = options ?? {};
  if (typeof options !== 'object' || options === null || Object.keys(rest).length > 0)
    throw invalid('ids() takes { after, limit }', options);
  if (!Number.isInteger(limit) || limit < 1 || limit > IDS_LIMIT_MAX)
    throw invalid(`limit: expected a whole number from 1 to ${IDS_LIMIT_MAX}`, limit);
  if (after !== undefined) {
    checkActorId(after);
    if (kindOf(after) !== kind) throw invalid(`after: expected an id of the kind '${kind}'`, after);
  }
  checkKind(kernel, kind, `${kind}/…`);
  if (kernel.behaviours.get(kind)?.durable === undefined && kernel.behaviours.has(kind))
    throw invalid('kind: expected a durable one, whose actors have records', kind);
  return { after, limit };
}

export async function firstIds(
  store: Store,
  kind: string,
  after: ActorId | undefined,
  limit: number,
): Promise<ActorId[]> {
  const ids: ActorId[] = [];
  for await (const id of store.ids(kind, after)) {
    ids.push(id);
    if (ids.length >= limit) break;
  }
  return ids;
}

function invalid(expected: string, got: unknown): TroupeError {
  return new TroupeError('INVALID_OPTIONS', `${expected}; got ${inspect(got)}`);
}
