/** The parts of a process that the durable side of a cell stands on. */
import type { DurableSide } from '../actor/durable-side.ts';
import type { Committer } from '../commit/committer.ts';
import type { TurnJournal } from '../journal/turn-journal.ts';
import type { Store } from '../store/store.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { ActorsInMemory } from './actors-in-memory.ts';
import type { EarlierCells } from './earlier-cells.ts';
import type { LetterTrim } from './letter-trim.ts';
import type { ProbationGate } from './probation-gate.ts';
import type { WallTimers } from './wall-timers.ts';

export interface DurableParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly timers: WallTimers;
  readonly journal: TurnJournal;
  readonly gate: ProbationGate;
  readonly actors: ActorsInMemory;
  readonly earlier: EarlierCells;
  readonly letterTrim: LetterTrim;
  toRef(id: ActorId): unknown;
  isDurable(id: ActorId): boolean;
  /** Whether the incarnation that committed with this fence may have died with its process. */
  mayHaveDied(fence: string, id: ActorId): boolean;
  ended(actor: DurableSide): void;
}
