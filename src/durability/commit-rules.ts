/** What a store refuses to write, the same in every store: changes beyond the bounds, stale versions, lower fences. */
import { SHARDS } from '../placement/shard.ts';
import { type ActorId, parseActorId } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { show } from '../vocabulary/show.ts';
import type { StoreChange, StoredRecord } from './store.ts';

export const COMMIT_CHANGES_MAX = 1024;
export const RECORD_BYTES_MAX: number = 64 * 1024 * 1024;
export const FENCE_CHARACTERS_MAX = 256;

/** What is known of a record before it is changed; undefined where there is none. */
export type Standing = Pick<StoredRecord, 'version' | 'fence'> | undefined;

export function storeFailed(message: string, cause?: unknown): TroupeError {
  return new TroupeError('STORE_FAILED', message, { cause });
}

export function storeClosed(): TroupeError {
  return storeFailed('a store is used before it is closed; got a closed store');
}

/** Throws for changes that no store would take, whatever stands in it. */
export function checkChanges(changes: readonly StoreChange[]): void {
  if (changes.length > COMMIT_CHANGES_MAX) {
    throw storeFailed(`a commit has at most ${COMMIT_CHANGES_MAX} changes; got ${changes.length}`);
  }
  const ids = new Set<ActorId>();
  for (const change of changes) {
    parseActorId(change.id);
    if (ids.has(change.id)) throw storeFailed(`a commit changes a record once; got ${change.id} twice`);
    ids.add(change.id);
    checkBounds(change);
  }
}

function checkBounds({ id, fence, shard, remindAt, bytes }: StoreChange): void {
  if (fence.length > FENCE_CHARACTERS_MAX) {
    throw storeFailed(`the fence of ${id} has at most ${FENCE_CHARACTERS_MAX} characters; got ${fence.length}`);
  }
  if (!Number.isInteger(shard) || shard < 0 || shard >= SHARDS) {
    throw storeFailed(`the shard of ${id} is an integer from 0 to ${SHARDS - 1}; got ${show(shard)}`);
  }
  if (remindAt !== undefined && !Number.isFinite(remindAt)) {
    throw storeFailed(`remindAt of ${id} is a finite number or undefined; got ${show(remindAt)}`);
  }
  if (bytes.byteLength > RECORD_BYTES_MAX) {
    throw storeFailed(`the record of ${id} has at most ${RECORD_BYTES_MAX} bytes; got ${bytes.byteLength}`);
  }
}

export function checkVersion(id: ActorId, expectedVersion: number, standing: Standing): void {
  const version = standing?.version ?? 0;
  if (version !== expectedVersion) {
    throw storeFailed(`the record of ${id} has the expected version ${show(expectedVersion)}; got version ${version}`);
  }
}

export function checkFence(id: ActorId, fence: string, standing: Standing): void {
  if (standing !== undefined && fence < standing.fence) {
    throw storeFailed(
      `the fence of a commit of ${id} is at least its record's, ${show(standing.fence)}; got ${show(fence)}`,
    );
  }
}
