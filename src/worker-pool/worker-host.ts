/** The port to processes: fork one, speak with it, kill it, hear of its end. */
import type { ControlChannel, ToMaster, ToProcess } from '../wire/control.ts';

export interface WorkerExit {
  code: number | null;
  signal: string | null;
}

export interface WorkerProcess {
  readonly pid: number;
  readonly channel: ControlChannel<ToProcess, ToMaster>;
  /** Asks it to end by itself: its servers take nothing new and answer what they were asked. */
  retire(): void;
  /**
   * Closes its servers, and resolves when it has answered what they were asked, or has ended; its actors stay. Undefined where
   * there are no servers to close.
   */
  finishRequests?(): Promise<void>;
  kill(signal: 'SIGKILL' | 'SIGTERM'): void;
  /** Called once, when the kernel reports the exit. */
  onExit(listener: (exit: WorkerExit) => void): void;
}

export interface WorkerHost {
  /** Throws INVALID_OPTIONS where this process cannot fork workers. */
  fork(worker: { index: number; incarnation: number; role: string }): WorkerProcess;
}
