/**
 * Partitions whose mail waits in this process: they are about to leave the machine, or their actors are on their way here; and those whose mail has
 * another way than before, and waits for the mail that still takes the old one.
 */
import { parseUnit, shardOf } from '../placement/shard.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Unit } from '../wire/control.ts';

/** No unit begins so. */
const PASSING = '>';

/** The key of mail that waits for mail on the old way, apart from the mail that waits for its actors. */
export function passingKey(unit: Unit): Unit {
  return PASSING + unit;
}

export function isPassingKey(key: Unit): boolean {
  return key.startsWith(PASSING);
}

export class HeldPartitions {
  readonly #partitions: ReadonlySet<number>;
  readonly #passing: ReadonlySet<number>;

  constructor(partitions: ReadonlySet<number>, passing: ReadonlySet<number>) {
    this.#partitions = partitions;
    this.#passing = passing;
  }

  has(id: ActorId): boolean {
    return this.#partitions.has(shardOf(id));
  }

  /** Also of a key of mail that waits. */
  hasUnit(unit: Unit): boolean {
    if (isPassingKey(unit)) return this.isPassing(unit.slice(PASSING.length));
    return this.#partitions.has(parseUnit(unit)?.shard ?? shardOf(unit));
  }

  isPassing(unit: Unit): boolean {
    if (this.#passing.size === 0) return false;
    return this.#passing.has(parseUnit(unit)?.shard ?? shardOf(unit));
  }
}
