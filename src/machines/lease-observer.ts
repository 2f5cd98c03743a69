/**
 * The leases of the other machines, as one of them sees them. A lease that has not changed for `silenceMs` since it was *first
 * seen* so, by somebody who looked all the while, may be declared lost. No clock of another machine is asked. Pure.
 */
import { renewEveryMs, silenceMs } from './lease.ts';
import type { MachineId, MachineRow } from './machine-row.ts';

/** A row of the directory with its revision. */
export interface SeenRow {
  readonly row: MachineRow;
  readonly revision: string;
}

export interface ObserverState {
  leaseMs: number;
  lookedAt: number;
  rows: Record<MachineId, SeenRow & { sinceAt: number }>;
  /** Owners of partitions that have no row: since when. */
  missing: Record<MachineId, { sinceAt: number }>;
}

export class LeaseObserver {
  readonly state: ObserverState;

  constructor(state: ObserverState) {
    this.state = state;
  }

  /** All rows of machines, as just read; `owners`: machines to which the table gives something. */
  saw(now: number, rows: Readonly<Record<MachineId, SeenRow>>, owners: Iterable<MachineId>): void {
    const before = this.hasLookedAway(now) ? { rows: {}, missing: {} } : this.state;
    const seen: ObserverState['rows'] = {};
    for (const [id, { row, revision }] of Object.entries(rows)) {
      const old = (before.rows as ObserverState['rows'])[id];
      seen[id] = { row, revision, sinceAt: old?.revision === revision ? old.sinceAt : now };
    }
    const missing: ObserverState['missing'] = {};
    for (const id of owners) {
      if (!(id in rows)) missing[id] = (before.missing as ObserverState['missing'])[id] ?? { sinceAt: now };
    }
    Object.assign(this.state, { rows: seen, missing, lookedAt: now });
  }

  /** The engine was gone, or this machine slept: the silence of others in that time says nothing about them. */
  hasLookedAway(now: number): boolean {
    return now - this.state.lookedAt > 2 * renewEveryMs(this.state.leaseMs);
  }

  /** Machines that may be declared lost. */
  silent(now: number): [MachineId, SeenRow][] {
    return Object.entries(this.state.rows).filter(
      ([, { row, sinceAt }]) => row.state !== 'lost' && this.isSilent(now - sinceAt, row.leaseMs),
    );
  }

  isSilent(unchangedMs: number, leaseMs: number): boolean {
    return unchangedMs >= silenceMs(leaseMs);
  }

  live(): MachineId[] {
    return Object.keys(this.state.rows).filter((id) => this.state.rows[id]?.row.state === 'live');
  }

  /** Whether what a machine owned may be claimed: it was declared lost, or nothing was known of it for as long. */
  isGone(now: number, id: MachineId): boolean {
    const row = this.state.rows[id];
    if (row) return row.row.state === 'lost';
    const missing = this.state.missing[id];
    return missing !== undefined && this.isSilent(now - missing.sinceAt, this.state.leaseMs);
  }
}
