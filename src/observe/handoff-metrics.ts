/** Counts of hand-offs, kept by the master. */
import type { Timing } from './timing.ts';

/** Hand-offs of the system since it began: units of placement, an actor or up to 32 shards at a time, that went to another worker. */
export interface HandoffMetrics {
  /** In flight now. */
  open: number;
  /** Those that ended at the new host. */
  done: number;
  /** Those whose units stayed where they were: a turn did not end in time, or a worker died. */
  failed: number;
  /** Milliseconds of those that ended at the new host, the wait for turns included; its percentiles are of all. Undefined: there was none. */
  ms: Timing | undefined;
}
