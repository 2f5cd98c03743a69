/** The plain part of the system's options, as a worker gets them. */
export interface WorkerOptions {
  askTimeoutMs: number;
  messageBytesMax: number;
  checkMessages: boolean;
  pollMicros: number;
  /** Durable actors in memory, at most, per worker. */
  durableInMemoryMax: number;
  /** Where the owner of the store listens; undefined where no kind is durable. */
  storePath?: string;
  /** Level of the worker's logger. */
  logLevel: string;
}
