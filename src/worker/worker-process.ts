/**
 * The worker process: waits for its orders, loads the behaviours, and becomes part of the cluster. It obeys the
 * master only: signals to the whole process tree (Ctrl-C, PM2) are the master's to answer, and without a master it ends.
 */
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { FileJournal } from '../journal/file-journal.ts';
import { processName } from '../journal/journal-folder.ts';
import { socketStore } from '../store-service/socket-store.ts';
import { lineSender } from '../log-relay/line-sender.ts';
import { type Log, openLog } from '../observe/log.ts';
import type { LogLine } from '../log-relay/log-line.ts';
import { relayedLog } from '../log-relay/relayed-log.ts';
import { findSpans } from '../tracing/find-spans.ts';
import { processAddress } from '../vocabulary/address.ts';
import { asError, errorToData, TroupeError } from '../vocabulary/errors.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { systemClock } from '../vocabulary/system-clock.ts';
import type { BootOrder, ControlChannel, ToMaster, ToProcess } from '../wire/control.ts';
import { type HandedConnection, marked, unmarked } from '../wire/control-mark.ts';
import { directPath, removeSocketFolder, watchdogPath } from '../wire/private-folder.ts';
import { memorySupply, queueBytesOf } from './memory-budget.ts';
import { FRAME_EXTRA_BYTES } from '../wire/link.ts';
import { TlsMachineNetwork } from '../machine-links/tls-machine-network.ts';
import { SocketNetwork } from '../wire/socket-network.ts';
import { DirectSocket } from '../worker-socket/direct-socket.ts';
import { ClusterProcess } from '../process/cluster-process.ts';
import { keepNoConnections } from './keep-no-connections.ts';
import { LastHttpRequests } from './last-http-requests.ts';
import { sendToMaster } from './send-to-master.ts';
import { installLoopProbe } from './loop-probe.ts';
import { importDefault, loadActors } from './load-actors.ts';
import type { ProcessSystem } from '../system/process-system.ts';
import { whileLoading } from './typescript-loader.ts';
import { logUnawaited } from '../process/unawaited-asks.ts';
import { watchMaster } from './watchdog.ts';
import type { WorkerOptions } from './worker-options.ts';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const received: ToProcess[] = [];
let receive = (message: ToProcess): void => {
  received.push(message);
};

const control: ControlChannel<ToMaster, ToProcess> = {
  send: (message) => sendToMaster(process, message),
  onMessage: (listener) => {
    receive = listener;
    for (const message of received.splice(0)) listener(message);
  },
};

function sendLine(line: LogLine, sent: () => void): void {
  if (!process.connected) return sent();
  try {
    process.send?.(marked({ type: 'log', line } satisfies ToMaster), undefined, undefined, sent);
  } catch {
    // A line that cannot be copied after all, for bytes that are shared say, is not worth an error.
    sent();
  }
}

/** Milliseconds that a worker whose servers have closed waits for what its `main` has begun. */
const QUIET_MS_MAX = 3_000;

let setLogLevel = (_level: string): void => {};
let running: ClusterProcess | undefined;
let direct: DirectSocket | undefined;
let machines: TlsMachineNetwork | undefined;
/** Connections that the master may still read from. */
const handed = new Map<number, Socket>();
let socketDir: string | undefined;
let isRetiring = false;
const lastRequests = new LastHttpRequests();
process.on('message', (received, connection) => {
  const order = unmarked<ToProcess | HandedConnection>(received);
  if (order === undefined) return;
  if (order.type === 'handed-connection') return takeConnection(order, connection as Socket | undefined);
  if (order.type === 'boot') void boot(order);
  else if (order.type === 'retire') retire();
  else if (order.type === 'finish-requests') void finishRequests();
  else if (order.type === 'log-level') setLogLevel(order.level);
  else receive(order);
});
control.send({ type: 'hello' });
const watchdog = watchMaster();
// Before node:cluster hears of it.
process.prependOnceListener('disconnect', () => {
  // It ends a worker whose master is gone. The system went with it: nothing of it stays behind.
  if (!isRetiring) process.on('exit', endAtOnce);
});

/** Behind all that listens to the end. The watchdog is gone by then, and native threads have been seen to hold up the rest. */
function endAtOnce(): void {
  if (socketDir !== undefined) removeSocketFolder(socketDir);
  process.kill(process.pid, 'SIGKILL');
}

/** Another machine has opened it. First it comes; then it is this process's alone. */
function takeConnection(order: HandedConnection, connection: Socket | undefined): void {
  if (connection) {
    connection.on('error', () => {});
    connection.once('close', () => handed.delete(order.number));
    handed.set(order.number, connection);
    return sendToMaster(process, order);
  }
  const held = handed.get(order.number);
  handed.delete(order.number);
  if (machines && held) machines.handed(held);
  else held?.destroy();
}

/** An error that keeps this process from its place is told to the master, which decides whether another one is tried. */
async function boot(order: BootOrder): Promise<void> {
  try {
    const started = await start(order);
    await openDirectSocket(started, order);
    control.send({ type: 'listening', path: await started.listen(), kinds: started.kinds });
  } catch (error) {
    const fault =
      error instanceof TroupeError
        ? error
        : new TroupeError('INVALID_OPTIONS', asError(error).message, { cause: error });
    control.send({ type: 'load-failed', error: errorToData(fault) });
  }
}

async function start(order: BootOrder): Promise<ClusterProcess> {
  const options = order.options as WorkerOptions;
  const { system, self, token, startedAt, heartbeatMs, isLeased } = order;
  socketDir = order.socketDir;
  const { askTimeoutMs, messageBytesMax, checkMessages, pollMicros } = options;
  const log =
    typeof options.log === 'string'
      ? openLog(options.log, { system, worker: self.index })
      : relayedLog(options.log, lineSender(sendLine));
  setLogLevel = (level) => Object.assign(log, { level });
  logUnawaited(log);
  const clock = systemClock();
  const [behaviours, main] = await whileLoading(async () => [
    await loadActors(order.actors),
    order.main === undefined ? undefined : await loadMain(order.main),
  ]);
  const { storePath, gathersCommits = false, journals } = options;
  const store =
    storePath === undefined
      ? undefined
      : socketStore({ clock, socketDir, path: storePath, system, token, self, pollMicros, gathersCommits });
  const journal =
    journals === undefined
      ? undefined
      : new FileJournal({
          folder: journals,
          process: processName(processAddress(self.index, self.incarnation), startedAt),
          log,
          // Without a master it ends whatever it does.
          endsItself: () => process.connected,
        });
  const spans = await findSpans(options.trace, self.index);
  const network = new SocketNetwork({
    ...{ clock, folder: socketDir, frameBytesMax: messageBytesMax + FRAME_EXTRA_BYTES, pollMicros },
    troubled: (error) => log.error({ err: error }, 'the socket of this worker is gone and cannot be made again'),
  });
  machines = machineNetworkOf(order, clock, log);
  const memoryBytes = options.memory ?? queueBytesOf(memorySupply(), options.processes);
  const limits = { askTimeoutMs, messageBytesMax, checkMessages, memoryBytes, history: options.history };
  const parts = {
    system,
    self,
    clock,
    random: Math.random,
    log,
    limits,
    spans,
    behaviours,
    startedAt,
    heartbeatMs,
    isLeased,
    token,
    network,
    machines,
    control,
    store,
    journal,
    durableInMemoryMax: options.durableInMemoryMax,
  };
  running = new ClusterProcess({ ...parts, ...(main && { main }), exit });
  installLoopProbe(running.kernel);
  watchdog.listen(watchdogPath(socketDir, self));
  return running;
}

/** Without it the clients of this worker go by the master. */
async function openDirectSocket({ kernel, system, takesAtOnce }: ClusterProcess, order: BootOrder): Promise<void> {
  if (process.platform === 'win32') return;
  const { socketDir, self, token: secret } = order;
  const path = directPath(socketDir, self);
  direct = new DirectSocket({ kernel, system, path, secret, takesAtOnce });
  await direct
    .open()
    .catch((error: unknown) => kernel.log.warn({ err: error }, 'the socket for clients cannot be opened'));
}

/** Undefined: its machine is alone. */
function machineNetworkOf({ options, self }: BootOrder, clock: Clock, log: Log): TlsMachineNetwork | undefined {
  const { machine, messageBytesMax } = options as WorkerOptions;
  const frameBytesMax = messageBytesMax + FRAME_EXTRA_BYTES;
  const { index, incarnation } = self;
  return machine && new TlsMachineNetwork({ clock, log, frameBytesMax, ...machine, process: index, incarnation });
}

/**
 * Servers close now, told by node:cluster; when the last answer is out it ends the channel to the master. Not before what
 * `main` has on its way has arrived: without the channel nothing that waits for a new host would ever leave.
 */
function retire(): void {
  isRetiring = true;
  keepNoConnections();
  process.once('disconnect', exit);
  const disconnect = process.disconnect.bind(process);
  process.disconnect = () => {
    const part = (): void => {
      if (process.connected) disconnect();
    };
    void running?.untilQuiet(QUIET_MS_MAX).then(part, part);
  };
}

/** One that is being replaced has closed its servers by itself, or is about to. */
async function finishRequests(): Promise<void> {
  if (!isRetiring) await lastRequests.announce();
  control.send({ type: 'last-requests' });
  if (!isRetiring) await lastRequests.finish();
  control.send({ type: 'requests-finished' });
}

function exit(): void {
  const end = (): void => process.exit(0);
  direct?.close();
  void running?.close().then(end, end);
}

async function loadMain(url: string): Promise<(system: ProcessSystem) => unknown> {
  const main = await importDefault(fileURLToPath(url));
  if (typeof main === 'function') return main as (system: ProcessSystem) => unknown;
  throw new TroupeError(
    'INVALID_OPTIONS',
    `main: expected a module whose default export is a function of the system; got ${typeof main} in ${fileURLToPath(url)}`,
  );
}
