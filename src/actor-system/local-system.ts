/** A system without workers, put together: the storage and the gateway around the one process. */
import type { Behaviour } from '../actor/behaviour.ts';
import type { Storage } from '../data-dir/storage.ts';
import { type Gateway, openGateway } from '../gateway/gateway.ts';
import { guardedLog } from '../observe/guarded-log.ts';
import { openLog } from '../observe/log.ts';
import type { ResolvedOptions } from '../options.ts';
import { LocalProcess } from '../process/local-process.ts';
import { logUnawaited } from '../process/unawaited-asks.ts';
import { stopOnSignals } from '../os-signals.ts';
import type { Store } from '../store/store.ts';
import type { System } from '../system/system.ts';
import type { Web } from '../web/web.ts';
import { findSpans } from '../tracing/find-spans.ts';
import { processAddress } from '../vocabulary/address.ts';
import { systemClock } from '../vocabulary/system-clock.ts';
import { entriesOf, openWeb } from './listeners.ts';
import { firstPauses } from './first-pauses.ts';
import { limitsOf } from './process-limits.ts';
import { startLine } from './start-line.ts';

export async function startLocal(
  options: ResolvedOptions,
  behaviours: ReadonlyMap<string, Behaviour>,
  storage: Storage | undefined,
): Promise<System> {
  const { name, shutdownMs } = options;
  const log = guardedLog(openLog(options.log, { system: name }));
  const spans = await findSpans(options.trace, 0);
  const clock = systemClock();
  let ignoreSignals = (): void => {};
  const pauses = await firstPauses(options, () => storage?.pauses, log);
  let gateway: Gateway | undefined;
  let web: Web | undefined;
  let logNoMore = (): void => {};
  const store = await storage?.openHere();
  const process = new LocalProcess({
    ...{ name, clock, random: Math.random, log, limits: limitsOf(options), shutdownMs, behaviours, spans },
    ...(storage && {
      store: store as Store,
      journal: storage.openJournal(processAddress(0, 1)),
      startedAt: storage.startedAt,
    }),
    durableInMemoryMax: options.durableInMemoryMax,
    pauses,
    ended: async () => {
      await gateway?.close();
      await web?.close();
      ignoreSignals();
      logNoMore();
    },
    storeClosed: () => storage?.close(),
  });
  // Not before: what fails above has nobody to end it.
  logNoMore = logUnawaited();
  const { kernel, system } = process;
  try {
    gateway = await openGateway({ kernel, system, ...entriesOf(options) });
    web = await openWeb(options, { kernel, system, store: () => store });
  } catch (error) {
    await process.shutdown({ timeoutMs: 0 });
    throw error;
  }
  if (options.signals)
    ignoreSignals = stopOnSignals({
      shutdown: () => process.shutdown({}),
      reload: undefined,
      killAll: () => gateway?.shut(),
    });
  gateway?.begin();
  web?.begin();
  log.info(...startLine(options, storage));
  return system;
}
