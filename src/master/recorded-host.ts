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

export class RecordedHost implements WorkerHost {
  readonly #host: WorkerHost;
  readonly #record: ProcessRecord;

  constructor(host: WorkerHost, record: ProcessRecord) {
    this.#host = host;
    this.#record = record;
  }

  fork(worker: { index: number; incarnation: number; role: string }): WorkerProcess {
    const process = this.#host.fork(worker);
    this.#record.addWorker(process.pid);
    return {
      pid: process.pid,
      channel: process.channel,
      retire: () => process.retire(),
      kill: (signal) => process.kill(signal),
      onExit: (listener) =>
        process.onExit((exit) => {
          this.#record.died(worker);
          this.#record.removeWorker(process.pid);
          listener(exit);
        }),
    };
  }
}
