/** Counts of the links of a process, as far as they are kept. */

/** A link of a process to another one. */
export interface LinkMetrics {
  /** Index of the process at the other end; 0 is the master. */
  worker: number;
  /** False: it is broken, or not made yet. */
  isLinked: boolean;
  /** Frames written, since the other process began; a frame holds up to 1 024 messages, or a piece of a large one. */
  framesOut: number;
  /** Bytes of them. */
  bytesOut: number;
  /** Frames read. */
  framesIn: number;
  /** Bytes of them. */
  bytesIn: number;
  /** Messages, replies and signals that wait to be written now, and frames that the link has not taken. */
  waiting: number;
  /** Bytes of the messages, replies and signals, about. */
  waitingBytes: number;
}
