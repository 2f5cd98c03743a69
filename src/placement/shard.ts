/** Actor id → shard. The same in every process, whatever the number of actors or workers. */
import type { Unit } from '../wire/control.ts';

export const SHARDS = 1024;

/** FNV-1a over UTF-16 units, then the finishing mix of MurmurHash3, so that keys that differ in one digit spread. */
export function shardOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & (SHARDS - 1);
}

/** The name of a column for one kind alone; no role's column is named so. */
export function ownColumn(role: string, kind: string): string {
  return `${role}~${kind}`;
}

/** The name of a shard of one column; no actor id begins so. */
export function shardUnit(column: string, shard: number): Unit {
  return `#${column}:${shard}`;
}

/** The column and shard of a shard's unit; undefined for a pinned actor. */
export function parseUnit(unit: Unit): { column: string; shard: number } | undefined {
  if (!unit.startsWith('#')) return undefined;
  const colon = unit.lastIndexOf(':');
  return { column: unit.slice(1, colon), shard: Number(unit.slice(colon + 1)) };
}
