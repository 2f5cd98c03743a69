/** A client with two ways to its actors: by the process that serves it, whose link to the worker has a delay of its own, and by the socket of the worker. */
import { describe, expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { ConnectedClient } from '../../../src/client/connected-client.ts';
import type { Dial } from '../../../src/client/dial.ts';
import {
  DirectRoutes,
  LINKS_MAX,
  LOOK_AFTER_ASKS,
  LOOK_AGAIN_MS,
  LOOK_AGAIN_MS_MAX,
  ROUTES_MAX,
} from '../../../src/client-links/direct-routes.ts';
import { UNTAKEN_MAX } from '../../../src/client-links/direct-link.ts';
import { MemoryNetwork } from '../../../src/doubles/memory-network.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { ClientConnection } from '../../../src/gateway/client-connection.ts';
import { ClientTraffic } from '../../../src/gateway/client-traffic.ts';
import type { DirectSockets } from '../../../src/gateway/direct-sockets.ts';
import { CLIENT_RIGHTS, Rights } from '../../../src/gateway/rights.ts';
import { Session } from '../../../src/gateway/session.ts';
import { LocalProcess } from '../../../src/process/local-process.ts';
import type { Kernel } from '../../../src/actor/kernel.ts';
import type { Envelope } from '../../../src/vocabulary/envelope.ts';
import type { TroupeError } from '../../../src/vocabulary/errors.ts';
import { type Handshake, type Link, type LinkPeer, WIRE_VERSION } from '../../../src/wire/link.ts';
import { behavioursOf } from '../../../src/worker/load-actors.ts';
import { startKit } from '../actor/kernel-fixture.ts';
import { silent } from '../peer/link-fixture.ts';

const SERVER: LinkPeer = { index: 0, incarnation: 1 };
const CLIENT: LinkPeer = { index: 9, incarnation: 1 };
const [SERVER_NAME, CLIENT_NAME] = ['~0.1', '~9.1'] as const;

const actors = {
  recorder: defineActor({
    state: () => ({ seen: [] as number[] }),
    receive: {
      note: (ctx, { n }: { n: number }) => void ctx.state.seen.push(n),
      seen: (ctx) => ctx.state.seen,
      join: async (ctx, { topic }: { topic: string }) => void (await ctx.subscribe(topic)),
    },
  }),
};

/** Mail passes in its order, each some time after the one before it: as from the serving process to a worker. */
function withHop(kernel: Kernel, clock: VirtualClock, delayMs: (message: { n?: number }) => number): Kernel {
  let last = 0;
  const deliver = (envelope: Envelope): boolean => {
    last = Math.max(last, clock.now() + delayMs(envelope.message as object));
    clock.setTimer(last - clock.now(), () => void kernel.router.deliver(envelope));
    return true;
  };
  const router = Object.create(kernel.router as object, { deliver: { value: deliver } });
  const publish = (topic: string, message: unknown, sender: string | undefined): boolean => {
    last = Math.max(last, clock.now() + delayMs(message as object));
    clock.setTimer(last - clock.now(), () => void kernel.topics.publish(topic, message as never, sender, undefined));
    return true;
  };
  const topics = Object.create(kernel.topics as object, { publish: { value: publish } });
  return Object.create(kernel as object, { router: { value: router }, topics: { value: topics } }) as Kernel;
}

interface World {
  clock: VirtualClock;
  client: ConnectedClient;
  process: LocalProcess;
  /** The message with this number takes long to the worker, and all behind it. */
  hop: { slow: number };
  /** What the door says of an actor. */
  door: { isOpen: boolean; offers: number; joined: number };
  /** Asks that came in by the door. */
  direct(): number;
  reset(which: 'served' | 'door'): void;
  stall(): void;
  unstall(): void;
}

async function world(random: () => number = () => 0): Promise<World> {
  const clock = new VirtualClock();
  const process = new LocalProcess({
    ...{ name: 'test', clock, random: () => 0.5, log: silent, shutdownMs: 1_000, holdsProcess: false },
    limits: { askTimeoutMs: 5_000, messageBytesMax: 1024 * 1024, checkMessages: true },
    behaviours: behavioursOf(Object.entries(actors), (kind) => kind),
  });
  const { system } = process;
  const hop = { slow: -1 };
  const kernel = withHop(process.kernel, clock, (message) => (message.n === hop.slow ? 300 : random() * 6));
  const rights = new Rights('test', CLIENT_RIGHTS, ['*']);
  const session = new Session(kernel, rights, 'the session of the test');
  const networks = {
    served: new MemoryNetwork({ clock, blockedFrames: 8, delayMs: () => random() * 5 }),
    door: new MemoryNetwork({ clock, blockedFrames: 8, delayMs: () => random() * 5 }),
  };
  const handshake = (self: LinkPeer): Handshake => ({ version: WIRE_VERSION, system: 'test', token: 't', self });
  const door = { isOpen: true, offers: 0, joined: 0 };
  const sockets = {
    offer: async () => {
      door.offers++;
      return { path: 'door', ticket: 't' };
    },
  } as unknown as DirectSockets;
  let accepted = 0;
  const misbehaved = (_cause: string, text: string): void => {
    if (!text.startsWith('the client gave no sign')) throw new Error(text);
  };
  const served = await networks.served.host().listen(handshake(SERVER), (link: Link) => {
    session.connection?.replace();
    accepted = session.accepted;
    const connection: ClientConnection = new ClientConnection({
      ...{ kernel, system, session, link, offsetMs: 0, traffic: new ClientTraffic(), direct: sockets, misbehaved },
      ended: () => {
        if (session.connection === connection) session.connection = undefined;
      },
    });
    session.connection = connection;
  });
  const traffic = new ClientTraffic();
  const behind = await networks.door.host().listen(handshake(SERVER), (link: Link) => {
    door.joined++;
    const parts = { kernel: process.kernel, system, link, offsetMs: 0, traffic, misbehaved };
    const takesAtOnce = (id: string): boolean => door.isOpen && process.actors.cellOf(id) !== undefined;
    new ClientConnection({
      ...{
        ...parts,
        takesAtOnce,
        session: new Session(process.kernel, rights, `door ${door.joined}`),
        ended: () => {},
      },
    });
  });
  const { messageBytesMax, askTimeoutMs } = kernel.limits;
  const dial: Dial = async () => {
    const link = await networks.served.host().connect(served, handshake(CLIENT), SERVER);
    const welcome = { troupe: 'gateway', system: 'test', server: 'one', acknowledged: accepted } as const;
    return { link, welcome: { ...welcome, messageBytesMax, askTimeoutMs } };
  };
  dial.direct = () => networks.door.host().connect(behind, handshake(CLIENT), SERVER);
  const client = new ConnectedClient(clock, dial);
  const begun = client.begin();
  await clock.advance(50);
  await begun;
  return {
    ...{ clock, client, process, hop, door },
    direct: () => traffic.messages,
    // The client never ends a connection to a worker on which it asks: the worker does, and has read what it has read.
    reset: (which) =>
      which === 'door'
        ? networks.door.reset(SERVER_NAME, CLIENT_NAME)
        : networks.served.reset(CLIENT_NAME, SERVER_NAME),
    stall: () => networks.door.stall(CLIENT_NAME, SERVER_NAME),
    unstall: () => networks.door.unstall(CLIENT_NAME, SERVER_NAME),
  };
}

async function settled<T>({ clock }: World, promise: Promise<T>, ms = 10_000): Promise<T> {
  let isDone = false;
  const done = promise.finally(() => {
    isDone = true;
  });
  done.catch(() => {});
  await clock.advanceUntil(() => isDone, ms);
  return done;
}

/** Asks until a door is found, and one ask has gone by it. */
async function warm(one: World, id: string): Promise<void> {
  for (let n = 0; n < 4 * LOOK_AFTER_ASKS && one.direct() === 0; n++) {
    await settled(one, one.client.ask(id, { type: 'seen' }));
    await one.clock.advance(LOOK_AGAIN_MS / LOOK_AFTER_ASKS);
  }
  expect(one.direct()).toBeGreaterThan(0);
}

async function end({ client, clock, process }: World): Promise<void> {
  const closed = client.close({ timeoutMs: 0 });
  await clock.advance(10_000);
  await closed;
  const down = process.system.shutdown();
  await clock.advance(10_000);
  await down;
}

describe('asks at the socket of a worker', () => {
  test.each(Array.from({ length: Number(process.env.TROUPE_DIRECT_SEEDS ?? 40) }, (_, at) => at + 1))(
    'keep the order of all that the client sends, whatever is cut, sent back or held (seed %i)',
    async (seed) => {
      const random = seededRandom(seed);
      const one = await world(random);
      const { client, clock, door } = one;
      await settled(one, client.ask('recorder/a', { type: 'join', topic: 'news' }));
      await warm(one, 'recorder/a');
      const fates = new Map<number, string>();
      const calls: Promise<unknown>[] = [];
      for (let n = 0; n < 300; n++) {
        const message = { type: 'note', n };
        const what = random();
        const isBurst = Math.floor(n / 60) % 2 === 0;
        if (what < (isBurst ? 0.9 : 0.6)) {
          const ask = client.ask('recorder/a', message).then(
            () => fates.set(n, 'answered'),
            ({ fate }: TroupeError) => fates.set(n, String(fate)),
          );
          calls.push(ask);
          if (random() < 0.4) await settled(one, ask);
        } else if (what < 0.95) client.tell('recorder/a', message);
        else client.publish('news', message);
        if (random() < 0.2) await clock.advance(random() * 10);
        if (random() < 0.03) door.isOpen = !door.isOpen;
        // It comes and goes while asks are under way to it.
        if (random() < 0.02)
          for (const ms of [1, 2, 3, 4, 5]) clock.setTimer(ms, () => void (door.isOpen = !door.isOpen));
        if (random() < 0.02) one.reset('door');
        if (random() < 0.01 && client.isConnected) one.reset('served');
        if (random() < 0.05) await clock.advance(1_000);
      }
      door.isOpen = true;
      await clock.advance(10_000);
      await settled(one, Promise.all(calls));
      const seen = await settled(one, one.process.system.ask<number[]>('recorder/a', { type: 'seen' }));
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(new Set(seen).size).toBe(seen.length);
      for (let n = 0; n < 300; n++) {
        const fate = fates.get(n) ?? 'told';
        if (fate === 'answered' || fate === 'told') expect(seen).toContain(n);
        if (fate === 'not-executed') expect(seen).not.toContain(n);
      }
      expect([...fates.values()].filter((fate) => fate === 'answered').length).toBeGreaterThan(100);
      await end(one);
    },
  );

  test('go that way once the actor has answered often enough, and only while nothing else was sent', async () => {
    const one = await world();
    const { client, door } = one;
    for (let n = 0; n < LOOK_AFTER_ASKS - 1; n++) await settled(one, client.ask('recorder/a', { type: 'seen' }));
    expect(door.offers).toBe(0);
    await warm(one, 'recorder/a');
    const before = one.direct();
    for (let n = 0; n < 10; n++) await settled(one, client.ask('recorder/a', { type: 'note', n }));
    expect(one.direct()).toBe(before + 10);
    client.tell('recorder/a', { type: 'note', n: 10 });
    // This one follows the tell by its own way, and says that it has come in.
    await settled(one, client.ask('recorder/a', { type: 'note', n: 11 }));
    expect(one.direct()).toBe(before + 10);
    await settled(one, client.ask('recorder/a', { type: 'note', n: 12 }));
    expect(one.direct()).toBe(before + 11);
    expect(door).toMatchObject({ offers: 1, joined: 1 });
    await end(one);
  });

  test('that are sent back go by the process that serves, and the door is looked for again later', async () => {
    const one = await world();
    const { client, clock, door } = one;
    await warm(one, 'recorder/a');
    door.isOpen = false;
    const answers = [1, 2, 3].map((n) => client.ask('recorder/a', { type: 'note', n }));
    await settled(one, Promise.all(answers));
    expect(await settled(one, client.ask('recorder/a', { type: 'seen' }))).toEqual([1, 2, 3]);
    door.isOpen = true;
    const before = one.direct();
    await clock.advance(LOOK_AGAIN_MS);
    for (let n = 0; n < 2; n++) await settled(one, client.ask('recorder/a', { type: 'seen' }));
    await clock.advance(10);
    await settled(one, client.ask('recorder/a', { type: 'seen' }));
    expect(one.direct()).toBe(before + 1);
    expect(door.joined).toBe(2);
    await end(one);
  });

  test('that are sent back say nothing of what was told after them', async () => {
    const one = await world();
    const { client, clock, door, hop } = one;
    await warm(one, 'recorder/a');
    await clock.advance(2 * LOOK_AGAIN_MS);
    door.isOpen = false;
    const back = client.ask('recorder/a', { type: 'note', n: 1 });
    client.tell('recorder/a', { type: 'note', n: 2 });
    hop.slow = 2;
    await settled(one, back);
    door.isOpen = true;
    // The socket is found again before the tell is there.
    await clock.advance(100);
    await settled(one, client.ask('recorder/a', { type: 'note', n: 3 }));
    expect(await settled(one, one.process.system.ask('recorder/a', { type: 'seen' }))).toEqual([1, 2, 3]);
    await end(one);
  });

  test('that a worker had when its connection ended fail, and nobody knows whether they were executed', async () => {
    const one = await world();
    await warm(one, 'recorder/a');
    one.stall();
    const lost = one.client.ask('recorder/a', { type: 'note', n: 1 });
    const told = one.client.tell('recorder/a', { type: 'note', n: 2 });
    expect(told).toBe(true);
    await one.clock.advance(1_000);
    // The tell waits for the ask: nobody knows whether that has come in.
    expect(await settled(one, one.process.system.ask('recorder/a', { type: 'seen' }))).toEqual([]);
    one.unstall();
    one.reset('door');
    await expect(settled(one, lost)).rejects.toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    await one.clock.advance(1_000);
    expect(await settled(one, one.process.system.ask('recorder/a', { type: 'seen' }))).toContain(2);
    await end(one);
  });

  test('are no more than so many that may not have come in', async () => {
    const one = await world();
    await warm(one, 'recorder/a');
    one.stall();
    const before = one.direct();
    const asks = Array.from({ length: UNTAKEN_MAX + 10 }, (_, n) => one.client.ask('recorder/a', { type: 'note', n }));
    await one.clock.advance(100);
    one.unstall();
    await settled(one, Promise.all(asks));
    expect(one.direct() - before).toBe(UNTAKEN_MAX);
    const seen = await settled(one, one.client.ask<number[]>('recorder/a', { type: 'seen' }));
    expect(seen).toEqual(Array.from({ length: UNTAKEN_MAX + 10 }, (_, n) => n));
    await end(one);
  });

  test('are of so many actors, at most: one more is known once one of them has nothing under way', () => {
    const { routes } = routesOf();
    for (let n = 0; n < ROUTES_MAX; n++) expect(routes.asked(`recorder/${n}`)).toBe(true);
    expect(routes.asked('recorder/more')).toBe(false);
    routes.settled('recorder/0', true);
    // The oldest are looked at one by one.
    for (let n = 1; n < ROUTES_MAX; n++) expect(routes.asked('recorder/more')).toBe(false);
    expect(routes.asked('recorder/more')).toBe(true);
    expect(routes.asked('recorder/0')).toBe(false);
  });

  test('go by so many connections to workers, at most; those to others go by the process that serves', async () => {
    const { routes, dialled } = routesOf();
    for (let n = 0; n < LINKS_MAX + 10; n++) {
      for (let asks = 0; asks < LOOK_AFTER_ASKS; asks++) {
        routes.asked(`recorder/${n}`);
        routes.settled(`recorder/${n}`, true);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(dialled).toHaveLength(LINKS_MAX);
    expect(routes.linkTo('recorder/0')).toBeDefined();
    expect(routes.linkTo(`recorder/${LINKS_MAX}`)).toBeUndefined();
  });
});

test('a socket that is never there is looked for ever more seldom, but once in a while', async () => {
  const { routes, clock, offeredAt } = routesOf(async () => undefined);
  const from = clock.now();
  for (const until = from + 4 * LOOK_AGAIN_MS_MAX; clock.now() < until; ) {
    routes.asked('recorder/a');
    routes.settled('recorder/a', true);
    await clock.advance(LOOK_AGAIN_MS / 10);
  }
  const gaps = offeredAt.slice(1).map((at, n) => (at - (offeredAt[n] as number)) / LOOK_AGAIN_MS);
  expect(gaps.slice(0, 6).map(Math.round)).toEqual([1, 2, 4, 8, 16, 32]);
  expect(gaps.slice(6).map(Math.round)).toEqual(gaps.slice(6).map(() => LOOK_AGAIN_MS_MAX / LOOK_AGAIN_MS));
  expect(gaps.length).toBeGreaterThan(7);
});

/** By themselves, where each actor lives on a worker of its own. */
function routesOf(offer = async (id: string): Promise<unknown> => ({ path: `worker of ${id}`, ticket: 't' })): {
  routes: DirectRoutes;
  dialled: string[];
  clock: VirtualClock;
  offeredAt: number[];
} {
  const kit = startKit(actors);
  const { kernel } = kit.process.actors;
  const dialled: string[] = [];
  const offeredAt: number[] = [];
  const routes = new DirectRoutes({
    ...{ kernel: () => kernel, toRef: (id) => id, back: () => {}, allTaken: () => {}, settled: () => {} },
    offer(id) {
      offeredAt.push(kit.clock.now());
      return offer(id);
    },
    dial: async ({ path }) => {
      dialled.push(path);
      const link = { peer: SERVER, blocked: false, listener: undefined, write: () => true };
      return { ...link, resume: () => {}, close: () => {}, destroy: () => {} } as unknown as Link;
    },
  });
  return { routes, dialled, clock: kit.clock, offeredAt };
}
