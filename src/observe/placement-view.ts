/** The shape of what is shown of placement: shards by worker, pins, and the moves in flight. */
import type { ActorId } from '../vocabulary/address.ts';

/** Pins, and units of one move, that are shown. */
export const PINS_SHOWN_MAX = 1_000;
export const UNITS_SHOWN_MAX = 20;

export interface MoveView {
  /** `claim` and `release` move places only, `move` the actors that live there. */
  readonly purpose: 'claim' | 'release' | 'move';
  readonly from: number;
  readonly to: number;
  /** Shards and ids that move together, and the first of them. */
  readonly count: number;
  readonly first: readonly string[];
}

export interface PlacementView {
  /** Of the placement table. */
  readonly epoch: number;
  /** By column, which is a role; '' where none is asked for: shards by worker. -1: no living worker can host them. */
  readonly columns: { readonly [column: string]: { readonly [worker: number]: number } };
  readonly kinds: {
    readonly [kind: string]: { readonly column: string; readonly role: string; readonly strategy: string };
  };
  readonly pins: { readonly count: number; readonly first: readonly (readonly [id: ActorId, worker: number])[] };
  readonly moves: readonly MoveView[];
}
