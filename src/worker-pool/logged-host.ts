/** A host whose workers write their log lines through the program's logger: they come over the channel, and go no further. */
import type { LogLine } from '../log-relay/log-line.ts';
import type { WorkerHost, WorkerProcess } from './worker-host.ts';

export class LoggedHost implements WorkerHost {
  readonly #host: WorkerHost;
  readonly #write: (worker: number, line: LogLine) => void;

  constructor(host: WorkerHost, write: (worker: number, line: LogLine) => void) {
    this.#host = host;
    this.#write = write;
  }

  fork(worker: { index: number; incarnation: number; role: string }): WorkerProcess {
    const forked = this.#host.fork(worker);
    return {
      ...forked,
      channel: {
        send: (message) => forked.channel.send(message),
        onMessage: (receive) =>
          forked.channel.onMessage((message) => {
            // Also what it said last, when its exit was handled already.
            if (message.type === 'log') this.#write(worker.index, message.line);
            else receive(message);
          }),
      },
    };
  }
}
