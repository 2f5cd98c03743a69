/** A client and a system that serves it, joined by links in memory that can be cut, on a virtual clock. */
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { ConnectedClient } from '../../../src/client/connected-client.ts';
import type { Dialled } from '../../../src/client/dial.ts';
import { ClientConnection } from '../../../src/gateway/client-connection.ts';
import { ClientTraffic } from '../../../src/gateway/client-traffic.ts';
import { CLIENT_RIGHTS, type ClientRight, Rights } from '../../../src/gateway/rights.ts';
import { Session } from '../../../src/gateway/session.ts';
import { LocalProcess } from '../../../src/process/local-process.ts';
import type { Spans } from '../../../src/observe/spans.ts';
import type { System } from '../../../src/system/system.ts';
import { MemoryNetwork } from '../../../src/doubles/memory-network.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { SILENT_MS } from '../../../src/client-wire/client-greeting.ts';
import { type Handshake, type Link, type LinkPeer, WIRE_VERSION } from '../../../src/wire/link.ts';
import { behavioursOf } from '../../../src/worker/load-actors.ts';
import { silent } from '../peer/link-fixture.ts';

const SERVER: LinkPeer = { index: 0, incarnation: 1 };
const CLIENT: LinkPeer = { index: 9, incarnation: 1 };

export interface Served {
  clock: VirtualClock;
  process: LocalProcess;
  system: System;
  client: ConnectedClient;
  session: Session;
  /** Of the server's side, the newest last. */
  connections: ClientConnection[];
  /** Why connections were cut. */
  faults: string[];
  /** A raw link with the rights of the client, for what no client sends. */
  rawLink(): Promise<Link>;
  /** What was on the way is lost. */
  reset(): void;
  /** The client reads nothing any more; what it writes arrives. */
  freeze(): void;
  /** Nothing arrives any more, and nobody is told. */
  stall(): void;
  unstall(): void;
  /** Nobody can connect, for that reason. */
  shut(why: Error | undefined): void;
}

export interface ServedOptions {
  actors: Record<string, ActorDefinition>;
  may?: readonly ClientRight[];
  kinds?: readonly string[];
  delayMs?: () => number;
  /** Traces of the system, and of the client. */
  spans?: { readonly system: Spans; readonly client: Spans };
}

export async function serve({
  actors,
  may = CLIENT_RIGHTS,
  kinds = ['*'],
  delayMs,
  spans,
}: ServedOptions): Promise<Served> {
  const clock = new VirtualClock();
  const process = new LocalProcess({
    ...{ name: 'test', clock, random: () => 0.5, log: silent, shutdownMs: 1_000, holdsProcess: false },
    limits: { askTimeoutMs: 5_000, messageBytesMax: 1024 * 1024, checkMessages: true },
    behaviours: behavioursOf(Object.entries(actors), (kind) => kind),
    ...(spans && { spans: spans.system }),
  });
  const { kernel, system } = process;
  const session = new Session(kernel, new Rights('test', may, kinds), 'the session of the test');
  const network = new MemoryNetwork({ clock, blockedFrames: 8, ...(delayMs && { delayMs }) });
  const connections: ClientConnection[] = [];
  const faults: string[] = [];
  const handshake = (self: LinkPeer): Handshake => ({ version: WIRE_VERSION, system: 'test', token: 't', self });
  let shut: Error | undefined;
  let accepted = 0;
  let cut: string | undefined;
  const path = await network.host().listen(handshake(SERVER), (link) => {
    session.connection?.replace();
    accepted = session.accepted;
    cut = session.cut;
    session.cut = undefined;
    const connection: ClientConnection = new ClientConnection({
      ...{ kernel, system, session, link, offsetMs: 0, traffic: new ClientTraffic() },
      misbehaved: (_cause, text) => void faults.push(text),
      ended: () => {
        if (session.connection === connection) session.connection = undefined;
      },
    });
    session.connection = connection;
    connections.push(connection);
  });
  const rawLink = (): Promise<Link> => network.host().connect(path, handshake(CLIENT), SERVER);
  const beat = (): void => {
    connections.at(-1)?.look(SILENT_MS);
    clock.setTimer(3_000, beat);
  };
  beat();
  const dial = async (): Promise<Dialled> => {
    if (shut) throw shut;
    const link = await rawLink();
    const { messageBytesMax, askTimeoutMs } = kernel.limits;
    const welcome = {
      troupe: 'gateway',
      system: 'test',
      server: 'one',
      acknowledged: accepted,
      messageBytesMax,
      askTimeoutMs,
    } as const;
    return { link, welcome: cut === undefined ? welcome : { ...welcome, cut } };
  };
  const client = new ConnectedClient(clock, dial, spans?.client);
  const begun = client.begin();
  await clock.settle();
  await begun;
  const [server, own] = ['~0.1', '~9.1'] as const;
  return {
    ...{ clock, process, system, client, session, connections, faults, rawLink },
    reset: () => network.reset(own, server),
    freeze: () => network.freeze(own),
    stall: () => network.stall(own, server),
    unstall: () => network.unstall(own, server),
    shut: (why) => {
      shut = why;
    },
  };
}
