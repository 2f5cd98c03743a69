/** A master over fake processes on a virtual clock, and the words in which its tests speak of it. */
import { Master } from '../../../src/master/master.ts';
import type { MasterOptions } from '../../../src/master/master-options.ts';
import { supervisionPolicy } from '../../../src/supervision/supervision-options.ts';
import type { ErrorData } from '../../../src/vocabulary/errors.ts';
import type { KindTerms, MasterRequest, PlacementStrategy } from '../../../src/wire/control.ts';
import { FakeHost, FakeProcess, HEARTBEAT_MS } from './fake-host.ts';
import { VirtualClock } from './virtual-clock.ts';

export const HANG_MS = 1_000;
export const BACKOFF_MS = 50;
export const INTENSITY = 3;
export const PERIOD_MS = 30_000;
export const SHUTDOWN_MS = 5_000;

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => silent };

export interface TestSystem {
  readonly clock: VirtualClock;
  readonly host: FakeHost;
  readonly master: Master;
  /** The master's own data plane. */
  readonly self: FakeProcess;
}

export interface TestOptions {
  groups?: { role: string; count: number }[];
  kinds?: Record<string, { role: string; strategy: PlacementStrategy }>;
  allGivenUp?: () => void;
}

export function createTestSystem({
  groups = [{ role: 'worker', count: 2 }],
  kinds = {},
  allGivenUp,
}: TestOptions = {}): TestSystem {
  const clock = new VirtualClock();
  const host = new FakeHost(clock);
  const self = new FakeProcess(host, { index: 0, incarnation: 1, role: 'master' }, { ignoresExit: true });
  const policy = supervisionPolicy({
    intensity: INTENSITY,
    periodMs: PERIOD_MS,
    backoff: { initialMs: BACKOFF_MS, maxMs: BACKOFF_MS, factor: 1, jitter: 0 },
  });
  const options: MasterOptions = {
    ...{ host, clock, random: () => 0.5, log: silent, policy, hangMs: HANG_MS, shutdownMs: SHUTDOWN_MS, groups },
    kinds: new Map(Object.entries({ counter: { role: '', strategy: 'hash' as const }, ...kinds }).map(termsOf)),
    boot: {
      ...{ system: 'test', actors: 'file:///actors/', socketDir: '/sockets', token: 'secret' },
      ...{ startedAt: 0, heartbeatMs: HEARTBEAT_MS, options: {} },
    },
    peer: { channel: self.channel, path: '/sockets/0.1' },
    ...(allGivenUp && { allGivenUp }),
  };
  return { clock, host, self, master: new Master(options) };
}

function termsOf([kind, { role, strategy }]: [string, { role: string; strategy: PlacementStrategy }]): [
  string,
  KindTerms,
] {
  return [kind, { role, column: role, strategy, isDurable: false, capacity: 100 }];
}

/** A system whose first workers are ready, each to take part in hand-offs. */
export async function startTestSystem(options: TestOptions = {}): Promise<TestSystem> {
  const system = createTestSystem(options);
  const started = system.master.start();
  await system.clock.advance(1);
  await started;
  return system;
}

let lastRequest = 0;

/** What a process asks of the master: undefined while there is no reply. */
export interface Reply {
  readonly value: () => unknown;
  readonly error: () => ErrorData | undefined;
  readonly isThere: () => boolean;
}

export function request(process: FakeProcess, what: MasterRequest): Reply {
  const number = ++lastRequest;
  process.say({ type: 'request', request: number, what });
  const reply = (): ReturnType<typeof process.all<'reply'>>[number] | undefined =>
    process.all('reply').find(({ request: of }) => of === number);
  return { value: () => reply()?.value, error: () => reply()?.error, isThere: () => reply() !== undefined };
}

/** A key of `kind` whose shard lives on the worker. */
export function idOn({ self }: TestSystem, kind: string, worker: number, role = ''): string {
  for (let n = 0; n < 10_000; n++) if (self.table?.hostOf(`${kind}/${n}`, role) === worker) return `${kind}/${n}`;
  throw new Error(`an id on worker ${worker} was expected`);
}

export function homesOf({ self }: TestSystem, role = ''): number[] {
  return [...new Set(self.table?.column(role) ?? [])].sort((one, other) => one - other);
}
