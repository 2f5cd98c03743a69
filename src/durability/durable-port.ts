/** What the durable side of a cell has of its process. */
import type { DurableSide } from '../actor/durable-side.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Store } from '../store/store.ts';
import type { TurnJournal } from '../journal/turn-journal.ts';
import type { Committer } from '../commit/committer.ts';
import type { ProbationGate } from './probation-gate.ts';
import type { WallTimers } from './wall-timers.ts';

export interface DurablePort {
  readonly store: Store;
  readonly committer: Committer;
  readonly timers: WallTimers;
  toRef(id: ActorId): unknown;
  isDurable(id: ActorId): boolean;
  /** Resolves once an earlier cell of this id in this process has nothing to commit any more. */
  afterEarlier(id: ActorId): Promise<void> | undefined;
  /** It has done something: others may leave memory before it. */
  used(actor: DurableSide): void;
  closed(actor: DurableSide): void;
  /** There is one more dead letter in the store. */
  letterKept(): void;
  readonly journal: TurnJournal;
  readonly gate: ProbationGate;
  /** Whether the incarnation that committed with this fence may have died with its process. */
  mayHaveDied(fence: string): boolean;
}
