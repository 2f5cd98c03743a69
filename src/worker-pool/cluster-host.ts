/** Workers as processes of node:cluster, so that their servers share ports. The one importer of node:cluster. */
import cluster, { type ClusterSettings, type Worker } from 'node:cluster';
import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { TroupeError } from '../vocabulary/errors.ts';
import type { ToMaster, ToProcess } from '../wire/control.ts';
import { type HandedConnection, marked, unmarked } from '../wire/control-mark.ts';
import { HandedConnections } from './handed-connections.ts';
import type { WorkerExit, WorkerHost, WorkerProcess } from './worker-host.ts';

export class ClusterHost implements WorkerHost {
  readonly #exec: string;
  readonly #running = new Map<string, Worker>();
  #lastHanded = 0;

  /** `exec`: path of the module that a worker runs. */
  constructor(exec: string) {
    if (!cluster.isPrimary || typeof cluster.fork !== 'function') {
      const text =
        'createSystem() forks its workers from a primary process; got a process that is itself a worker of node:cluster. ' +
        'Under PM2, start it in fork mode (exec_mode: "fork", instances: 1)';
      throw new TroupeError('INVALID_OPTIONS', text);
    }
    this.#exec = exec;
  }

  /** A connection goes to that worker. False: it does not run. */
  handOver({ process: index, incarnation }: { process: number; incarnation: number }, connection: Socket): boolean {
    const worker = this.#running.get(`${index}.${incarnation}`);
    if (!worker?.isConnected()) return false;
    const message: HandedConnection = { type: 'handed-connection', number: ++this.#lastHanded };
    // One that dies meanwhile closes it, or never takes it: whoever dialled waits only so long.
    worker.process.send(marked(message), connection, undefined, () => {});
    return true;
  }

  fork({ index, incarnation, role }: { index: number; incarnation: number; role: string }): WorkerProcess {
    const worker = this.#forkAside({
      TROUPE_WORKER: String(index),
      TROUPE_ROLE: role,
      TROUPE_INCARNATION: String(incarnation),
    });
    const connections = new HandedConnections(worker.process);
    const name = `${index}.${incarnation}`;
    this.#running.set(name, worker);
    worker.process.once('exit', () => this.#running.delete(name));
    return {
      pid: worker.process.pid as number,
      channel: {
        send: (message: ToProcess) => {
          // A process that is gone hears nothing more; its exit tells the rest.
          if (worker.isConnected()) worker.process.send(marked(message), undefined, undefined, () => {});
        },
        onMessage: (receive: (message: ToMaster) => void) =>
          worker.on('message', (received: unknown) => {
            const message = unmarked<ToMaster | HandedConnection>(received);
            // Behind Node.js's own word that the worker has it, at which this process closes its end.
            if (message?.type === 'handed-connection') worker.process.send(marked(message), () => {});
            else if (message) receive(message);
          }),
      },
      retire: () => {
        if (worker.isConnected()) worker.disconnect();
      },
      finishRequests: () => finishRequests(worker),
      kill: (signal) => {
        worker.process.kill(signal);
      },
      onExit: (listener) => {
        worker.on('error', () => {});
        whenOver(worker, (exit) => {
          connections.giveBack();
          listener(exit);
        });
      },
    };
  }

  /** Settings are the process's, not the system's: other systems live here, and programs that fork workers of their own. */
  #forkAside(env: Record<string, string>): Worker {
    const theirs = cluster.settings;
    cluster.setupPrimary({
      exec: this.#exec,
      args: [],
      execArgv: inheritedExecArgv(),
      serialization: 'advanced',
      silent: false,
      // Those that a program has set for workers of its own go over to ours otherwise: another user cannot reach our sockets.
      ...{ stdio: undefined, uid: undefined, gid: undefined, inspectPort: undefined },
      cwd: workingFolder(this.#exec),
    });
    try {
      return cluster.fork(env);
    } finally {
      (cluster as { settings: ClusterSettings }).settings = theirs;
    }
  }
}

/** Bun ends the channel of a worker at once where its servers are to be closed: nobody would hear of its last requests, nor stop its actors. */
const ENDS_CHANNEL_AT_ONCE = process.versions.bun !== undefined;

/**
 * The port is closed with the last worker that lets go of it. Connections that were handed out before are ahead of that on the channel.
 */
function finishRequests(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (!worker.isConnected()) return resolve();
    worker.process.once('exit', () => resolve());
    worker.on('message', (received: unknown) => {
      const type = unmarked<ToMaster>(received)?.type;
      if (type === 'last-requests' && !ENDS_CHANNEL_AT_ONCE) worker.disconnect();
      if (type === 'requests-finished') resolve();
    });
    worker.process.send(marked({ type: 'finish-requests' } satisfies ToProcess), undefined, undefined, () => {});
  });
}

/** Milliseconds after an exit for the last messages of the process to be read. */
const LAST_WORDS_MS = 100;

/** The exit may be reported before the last messages were read; a process is over when its channel has ended, too. */
function whenOver(worker: Worker, listener: (exit: WorkerExit) => void): void {
  worker.process.once('exit', (code, signal) => {
    let isReported = false;
    const tell = (): void => {
      if (isReported) return;
      isReported = true;
      clearTimeout(timer);
      listener({ code, signal });
    };
    const timer = setTimeout(tell, LAST_WORDS_MS);
    if (worker.isConnected()) worker.once('disconnect', tell);
    else tell();
  });
}

/**
 * That of this process. A deploy may have removed it, or put another one in its place: nothing starts in a folder that is
 * gone, so then it is the one of that name, and where there is none the folder of the module that the worker runs.
 */
function workingFolder(exec: string): string {
  try {
    const folder = process.cwd();
    if (statSync(folder).isDirectory()) return folder;
  } catch {
    // Gone, or not to be read.
  }
  return dirname(exec);
}

/** Options of Node.js that a program was started with hold for its workers, without those that would make them evaluate its own script again. */
function inheritedExecArgv(): string[] {
  const argv: string[] = [];
  for (let i = 0; i < process.execArgv.length; i++) {
    const argument = process.execArgv[i] as string;
    if (['-e', '--eval', '-p', '--print'].includes(argument)) i++;
    else if (!argument.startsWith('--input-type') && !argument.startsWith('--eval=')) argv.push(argument);
  }
  return argv;
}
