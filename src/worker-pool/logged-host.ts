/**
 * A host whose workers write their log lines through the program's logger: they come over the channel, and go no further.
 * The level of that logger may change at any time; workers are told with their next heartbeat, and write no lines for nothing.
 */
import type { LogLine } from '../log-relay/log-line.ts';
import type { WorkerHost, WorkerProcess } from './worker-host.ts';

export class LoggedHost implements WorkerHost {
  readonly #host: WorkerHost;
  readonly #write: (worker: number, line: LogLine) => void;
  readonly #level: () => string;

  /** `level`: that of the logger now. */
  constructor(host: WorkerHost, write: (worker: number, line: LogLine) => void, level: () => string) {
    this.#host = host;
    this.#write = write;
    this.#level = level;
  }

  fork(worker: { index: number; incarnation: number; role: string }): WorkerProcess {
    const forked = this.#host.fork(worker);
    const { channel } = forked;
    let told: string | undefined;
    const tellLevel = (): void => {
      const level = this.#level();
      if (level !== told) channel.send({ type: 'log-level', level });
      told = level;
    };
    return {
      ...forked,
      channel: {
        send: (message) => {
          channel.send(message);
          // Its order has the level of the start of the system.
          if (message.type === 'boot') tellLevel();
        },
        onMessage: (receive) =>
          channel.onMessage((message) => {
            if (message.type === 'heartbeat') tellLevel();
            // Also what it said last, when its exit was handled already.
            if (message.type === 'log') this.#write(worker.index, message.line);
            else receive(message);
          }),
      },
    };
  }
}
