/** The entries of a system: where its clients, and the tools of its user, come in, and where it is looked at over HTTP. */
import { join } from 'node:path';
import type { Kernel } from '../actor/kernel.ts';
import type { GatewayParts } from '../gateway/gateway.ts';
import type { ResolvedOptions } from '../options.ts';
import { STORE_FOLDER, type Store } from '../store/store.ts';
import type { SystemFacts } from '../observe/system-facts.ts';
import { storeFiles } from '../store/store-files.ts';
import type { System } from '../system/system.ts';
import { MetricsLook } from '../exposition/metrics-look.ts';
import { packageVersion } from '../vocabulary/package-version.ts';
import { metricsRoute } from '../web/metrics-route.ts';
import { Dashboard } from '../dashboard/dashboard.ts';
import { Health } from '../web/health.ts';
import type { Route } from '../web/route.ts';
import { Web } from '../web/web.ts';
import type { WebAddress } from '../web/web-options.ts';
import { settingsOf } from './settings.ts';

export function entriesOf(options: ResolvedOptions): Pick<GatewayParts, 'listen' | 'control' | 'facts'> {
  const { listen, controlSocket, dataDir } = options;
  const facts = factsOf(options);
  // On Windows sockets are no files: nobody could find one by its folder.
  if (controlSocket === 'off' || process.platform === 'win32') return { listen, facts };
  return { listen, facts, control: { dataDir, isRequired: controlSocket === 'required' } };
}

function factsOf(options: ResolvedOptions): SystemFacts {
  const folder = join(options.dataDir, STORE_FOLDER);
  return { settings: settingsOf(options), files: () => storeFiles(folder) };
}

/** Reading its record shows that the store answers; there need be none. */
const ANY_ACTOR = 'troupe/ready';

export interface WebSource {
  readonly kernel: Kernel;
  readonly system: System;
  /** Undefined where no kind is durable. */
  readonly store: () => Store | undefined;
}

/** Listens at once; undefined where nobody asked for it. Rejects INVALID_OPTIONS where an address is not to be had. */
export async function openWeb(
  options: ResolvedOptions,
  { kernel, system, store }: WebSource,
): Promise<Web | undefined> {
  const { web } = options;
  if (web.length === 0) return undefined;
  const { clock, log } = kernel;
  const health = new Health({
    clock,
    workers: () => system.workers(),
    isClosing: () => kernel.closing,
    readStore: () => store()?.head(ANY_ACTOR),
  });
  const routes = [metricsRoute(new MetricsLook(system, clock, packageVersion()))];
  const isKind = (kind: string): boolean => kernel.kinds().includes(kind);
  const parts = { system, clock, history: options.history, facts: factsOf(options), isKind };
  const pageRoutes = (address: WebAddress): Route[] => new Dashboard(parts, address).routes();
  const opened = new Web({ clock, log, addresses: web, health, routes, pageRoutes });
  await opened.open();
  return opened;
}
