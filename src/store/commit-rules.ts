/** Commits that a store refuses, the same in every store: changes beyond the bounds, stale versions, lower fences. */
import { Buffer } from 'node:buffer';
import { type ActorId, checkActorId } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import type { RecordHead, StoreChange } from './store.ts';

/** Records changed in one commit. */
export const COMMIT_CHANGES_MAX = 4_096;
export const PART_BYTES_MAX: number = 64 * 1024 * 1024;
export const PART_NAME_BYTES_MAX = 1024;
export const FENCE_CHARACTERS_MAX = 256;

/** In a fence of a machine of a cluster (vocabulary/fence): the epoch of the placement table by which it was made. */
const TABLE_EPOCH = /^p\d+-\d+-(\d+)-\d+$/;

/** The standing of a record before it is changed; undefined where there is none. */
export type Standing = Pick<RecordHead, 'version' | 'fence'> | undefined;

export function storeFailed(message: string, cause?: unknown): TroupeError {
  return new TroupeError('STORE_FAILED', message, { cause });
}

export function storeClosed(): TroupeError {
  return storeFailed('the store is closed');
}

/** Others have declared its machine lost, or another start of the system has begun. */
export function writerRevoked(writer: string): TroupeError {
  return storeFailed(
    `nothing is written as ${writer} any more: another machine, or another start of this system, has taken over`,
  );
}

/**
 * A machine that was lost and has entered again, under another name: its processes may not all know yet that their actors of before are gone, and what
 * these wrote would pass for its own. `epoch`: of its placement table as it entered. Throws STORE_FAILED.
 */
export function checkMadeSince(changes: readonly StoreChange[], epoch: number): void {
  if (epoch === 0) return;
  const before = changes.find(({ fence }) => Number(TABLE_EPOCH.exec(fence)?.[1] ?? epoch) < epoch);
  if (before)
    throw storeFailed(`${before.id} is written by an incarnation of before its machine was lost; it is another one's`);
}

/** Throws for changes that no store would take, whatever stands in it. */
export function checkChanges(changes: readonly StoreChange[]): void {
  if (changes.length > COMMIT_CHANGES_MAX) {
    throw storeFailed(`a commit of ${changes.length} changes is too large; the limit is ${COMMIT_CHANGES_MAX}`);
  }
  const ids = new Set<ActorId>();
  for (const change of changes) {
    checkActorId(change.id);
    ids.add(change.id);
    checkBounds(change);
  }
  if (ids.size === changes.length) return;
  const twice = changes.find(({ id }, at) => changes.findIndex((other) => other.id === id) < at);
  throw storeFailed(`a commit changes the record of ${twice?.id} twice`);
}

function checkBounds({ id, fence, wakeAt, put }: StoreChange): void {
  if (fence.length > FENCE_CHARACTERS_MAX) {
    throw storeFailed(`the fence of ${id} has ${fence.length} characters; the limit is ${FENCE_CHARACTERS_MAX}`);
  }
  if (wakeAt !== undefined && !(Number.isFinite(wakeAt) && wakeAt >= 0)) {
    throw storeFailed(`wakeAt of ${id} is ${inspect(wakeAt)}, which is no finite number from 0 on`);
  }
  put.forEach((bytes, name) => {
    checkPart(id, name, bytes);
  });
}

function checkPart(id: ActorId, name: string, bytes: Uint8Array): void {
  const isShort = name.length * 3 <= PART_NAME_BYTES_MAX;
  if (name === '' || (!isShort && Buffer.byteLength(name) > PART_NAME_BYTES_MAX)) {
    throw storeFailed(
      `the name ${inspect(name)} of a part of ${id} is empty, or longer than ${PART_NAME_BYTES_MAX} bytes`,
    );
  }
  if (bytes.byteLength > PART_BYTES_MAX) {
    throw storeFailed(`the part ${name} of ${id} has ${bytes.byteLength} bytes; the limit is ${PART_BYTES_MAX}`);
  }
}

export function checkStanding({ id, expectedVersion, fence, isGone }: StoreChange, standing: Standing): void {
  if (isGone) {
    if (fence !== '') checkFence(id, fence, standing);
    return;
  }
  checkVersion(id, expectedVersion, standing);
  checkFence(id, fence, standing);
}

export function checkVersion(id: ActorId, expectedVersion: number, standing: Standing): void {
  const version = standing?.version ?? 0;
  if (version !== expectedVersion) {
    throw storeFailed(
      `the record of ${id} has version ${version}; the commit is for version ${inspect(expectedVersion)}`,
    );
  }
}

function checkFence(id: ActorId, fence: string, standing: Standing): void {
  if (standing !== undefined && fence < standing.fence) {
    throw storeFailed(
      `the fence ${inspect(fence)} of a commit of ${id} is lower than that of its record, ${inspect(standing.fence)}`,
    );
  }
}
