/** The parts of a change of the placement table. */
import type { ActorId } from '../vocabulary/address.ts';
import type { Pause } from '../vocabulary/pause.ts';
import type { DeadProcess, LeftPartitions, MachinesView, MoveId, Unit } from '../wire/control.ts';
import type { KindChanges } from './kind-places.ts';

/** A shard that belongs to another worker than the one where it is. */
export interface ShareMove {
  unit: Unit;
  from: number;
  to: number;
}

/** A table change without its epoch. */
export interface Draft {
  dead?: DeadProcess;
  columns: Record<string, [shard: number, worker: number][]>;
  pins: [id: ActorId, worker: number | null][];
  endedMoves: MoveId[];
  abortedMoves?: MoveId[];
  kinds?: KindChanges;
  pauses?: readonly Pause[];
  machines?: MachinesView;
  left?: LeftPartitions;
}
