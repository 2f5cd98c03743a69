/**
 * A host whose processes are written down, so that the next system on the dataDir can end one that is left behind, and
 * whose deaths the store hears of.
 */
import type { WorkerHost, WorkerProcess } from './worker-host.ts';

export interface ProcessRecord {
  addWorker(pid: number): void;
  removeWorker(pid: number): void;
  /** Told before anybody acts on the death. */
  died(worker: { index: number; incarnation: number }): void;
}

export class PidTrackingHost implements WorkerHost {
  readonly #host: WorkerHost;
  readonly #running = new Set<number>();
  #record: ProcessRecord | undefined;

  /** `record`: undefined as long as there is nothing on disk that a process could harm. */
  constructor(host: WorkerHost, record: ProcessRecord | undefined) {
    this.#host = host;
    this.#record = record;
  }

  /** From now on it is written down who runs; those that run already first. */
  recordIn(record: ProcessRecord): void {
    this.#record = record;
    for (const pid of this.#running) record.addWorker(pid);
  }

  fork(worker: { index: number; incarnation: number; role: string }): WorkerProcess {
    const process = this.#host.fork(worker);
    this.#running.add(process.pid);
    this.#record?.addWorker(process.pid);
    return {
      pid: process.pid,
      channel: process.channel,
      retire: () => process.retire(),
      finishRequests: async () => process.finishRequests?.(),
      kill: (signal) => process.kill(signal),
      onExit: (listener) =>
        process.onExit((exit) => {
          this.#running.delete(process.pid);
          this.#record?.died(worker);
          this.#record?.removeWorker(process.pid);
          listener(exit);
        }),
    };
  }
}
