/**
 * What a signal to the process means for the systems in it: SIGINT and SIGTERM drain all and exit 0, a second one exits
 * at once; SIGHUP replaces every worker, one after another. A program that listens to the signal itself decides itself;
 * then this stays out of the way.
 */
interface Stoppable {
  shutdown(): Promise<void>;
  reload(): Promise<void>;
  /** Ends everything now. */
  killAll(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const systems = new Set<Stoppable>();
let isStopping = false;

/** Until the returned function is called. */
export function stopOnSignals(system: Stoppable): () => void {
  if (systems.size === 0) {
    for (const signal of SIGNALS) process.on(signal, onSignal);
    process.on('SIGHUP', onHangUp);
  }
  systems.add(system);
  return () => {
    if (!systems.delete(system) || systems.size > 0 || isStopping) return;
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off('SIGHUP', onHangUp);
  };
}

function onHangUp(): void {
  if (process.listenerCount('SIGHUP') > 1 || isStopping) return;
  // A system that cannot says so in its log; the others go on.
  for (const system of systems) void system.reload();
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  if (isStopping) {
    for (const system of systems) system.killAll();
    process.exit(130);
  }
  isStopping = true;
  void Promise.allSettled([...systems].map((system) => system.shutdown())).then(() => process.exit(0));
}
