/** The cluster as one process knows it: the placement table as far as it has taken it up, and the workers it was told of. */
import type { PlacementHistory } from '../placement/placement-history.ts';
import { PlacementTable } from '../placement/placement-table.ts';
import type { TableData, WorkerInfo } from '../wire/control.ts';

const NO_TABLE: TableData = { epoch: 0, columns: {}, pins: [] };

export class KnownCluster {
  table: PlacementTable = PlacementTable.from(NO_TABLE);
  workers: WorkerInfo[] = [];
  /** Of the master's process; the others note nothing. */
  places: PlacementHistory | undefined;

  get epoch(): number {
    return this.table.epoch;
  }
}
