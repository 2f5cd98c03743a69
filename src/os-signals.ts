/**
 * Signals to the process, and the systems in it: SIGINT and SIGTERM drain all and exit 0; SIGHUP replaces every
 * worker, one after another, and where there are none it drains as well, since the terminal is gone. Another listener to a
 * signal does not change that: many only want to know of the end, and each would leave the signal to the other. A
 * program that wants to decide itself says `signals: false`.
 */
import { constants } from 'node:os';

interface Stoppable {
  shutdown(): Promise<void>;
  /** Replaces the workers; undefined where there are none. */
  reload: (() => Promise<void>) | undefined;
  /** Ends everything now. */
  killAll(): void;
}

/**
 * Milliseconds from the first signal on in which others are the same one: a terminal signals the whole group, and npm, yarn
 * or a shell in between hands it on once more. From then on a second signal ends everything at once.
 */
export const SAME_SIGNAL_MS = 500;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Heard = (typeof SIGNALS)[number];
const systems = new Set<Stoppable>();
/** On `performance.now()`. */
let stoppingSince: number | undefined;

/** Until the returned function is called. */
export function stopOnSignals(system: Stoppable): () => void {
  if (systems.size === 0) for (const signal of SIGNALS) process.on(signal, onSignal);
  systems.add(system);
  return () => {
    if (!systems.delete(system) || systems.size > 0 || stoppingSince !== undefined) return;
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

function onSignal(name: NodeJS.Signals): void {
  const signal = name as Heard;
  if (stoppingSince !== undefined) {
    if (performance.now() - stoppingSince >= SAME_SIGNAL_MS) endAtOnce(signal);
  } else if (signal !== 'SIGHUP' || !reloadAll()) drain();
}

/** False where no system has workers. */
function reloadAll(): boolean {
  const reloads = [...systems].flatMap(({ reload }) => (reload ? [reload] : []));
  // A system that cannot says so in its log; the others go on.
  for (const reload of reloads) void reload();
  return reloads.length > 0;
}

function drain(): void {
  stoppingSince = performance.now();
  void Promise.allSettled([...systems].map((system) => system.shutdown())).then(() => process.exit(0));
}

function endAtOnce(signal: Heard): void {
  for (const system of systems) system.killAll();
  process.exit(128 + constants.signals[signal]);
}
