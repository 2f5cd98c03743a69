/** What every network between machines promises. Run by the test of each of them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  MachineCredentials,
  MachineLink,
  MachineNetwork,
  MachinePeer,
} from '../../../src/machine-links/machine-network.ts';
import type { TroupeError } from '../../../src/vocabulary/errors.ts';
import { type LinkNetwork, WIRE_VERSION } from '../../../src/wire/link.ts';
import { eventLoopClock, someTurns, until } from '../wire/event-loop-clock.ts';
import { Diary, frame, frameConformance } from '../wire/link-conformance.ts';

export interface Terms {
  cluster?: string;
  version?: number;
}

export interface MachineWorld {
  /** The network of one more process. */
  host(self: MachinePeer, terms?: Terms): MachineNetwork;
  credentials(machine: string): MachineCredentials;
  frameBytesMax: number;
  countsBegun?: boolean;
  dispose(): Promise<void>;
}

export function master(machine: string): MachinePeer {
  return { machine, process: 0, incarnation: 1 };
}

/** Links accepted at a machine that listens, and its address. */
export async function listening(
  network: MachineNetwork,
  accept: (link: MachineLink) => void = () => {},
): Promise<{ address: string; links: MachineLink[] }> {
  const links: MachineLink[] = [];
  const address = await network.listen((link) => {
    links.push(link);
    accept(link);
  });
  return { address, links };
}

export async function failure(promise: Promise<unknown>): Promise<TroupeError> {
  const thrown = await promise.then(
    () => new Error('it was linked'),
    (error: unknown) => error,
  );
  return thrown as TroupeError;
}

export function machineConformance(name: string, makeWorld: () => MachineWorld): void {
  // Each process of the suite of links is the only one of a machine of its own.
  frameConformance(`${name}: frames`, () => {
    const world = makeWorld();
    return { ...world, host: () => asLinkNetwork(world) };
  });
  describe(`${name}: machines`, () => {
    let world: MachineWorld;
    beforeEach(() => {
      world = makeWorld();
    });
    afterEach(() => world.dispose());
    handshakes(() => world);
    reaching(() => world);
  });
}

function asLinkNetwork(world: MachineWorld): LinkNetwork {
  const hosted: MachineNetwork[] = [];
  const host = ({ index, incarnation }: { index: number; incarnation: number }): MachineNetwork => {
    const network = world.host({ machine: `m${index}`, process: index, incarnation });
    hosted.push(network);
    return network;
  };
  return {
    listen: ({ self }, accept) => host(self).listen(({ link }) => accept(link)),
    connect: async (path, { self }, peer) => (await host(self).connect(path, `m${peer.index}`)).link,
    close: async () => {
      await Promise.all(hosted.map((network) => network.close()));
    },
  };
}

function handshakes(world: () => MachineWorld): void {
  test('both ends know the machine and the process at the other one', async () => {
    const { address, links } = await listening(world().host(master('a')));
    const near = await world().host({ machine: 'b', process: 3, incarnation: 2 }).connect(address, 'a');
    expect(near.peer).toEqual(master('a'));
    expect(near.link.peer).toEqual({ index: 0, incarnation: 1 });
    await until(() => links.length > 0, 'the accepted link');
    expect(links[0]?.peer).toEqual({ machine: 'b', process: 3, incarnation: 2 });
    expect(links[0]?.link.peer).toEqual({ index: 3, incarnation: 2 });
  });

  test('the end that is linked to knows a moment before which the other one wrote nothing', async () => {
    const { address, links } = await listening(world().host(master('a')));
    const begun = eventLoopClock.now();
    await world().host(master('b')).connect(address, 'a');
    const written = eventLoopClock.now();
    await until(() => links.length > 0, 'the accepted link');
    expect(links[0]?.since).toBeGreaterThanOrEqual(begun);
    expect(links[0]?.since).toBeLessThanOrEqual(written);
  });

  test('processes of one machine have links of their own', async () => {
    const diaries: Diary[] = [];
    const { address } = await listening(world().host(master('a')), ({ link }) => diaries.push(new Diary(link)));
    for (const process of [1, 2]) {
      const { link } = await world().host({ machine: 'b', process, incarnation: 1 }).connect(address, 'a');
      new Diary(link).link.write(frame(`from ${process}`));
    }
    await until(() => diaries.length === 2 && diaries.every(({ frames }) => frames.length === 1), 'both frames');
    expect(diaries.map(({ frames }) => frames[0]).sort()).toEqual(['from 1', 'from 2']);
  });

  test('a worker is linked to through its master, and no other process hears of it', async () => {
    const { address, links } = await listening(world().host(master('a')));
    const worker = { process: 2, incarnation: 7 };
    const taken: MachineLink[] = [];
    world()
      .host({ machine: 'a', ...worker })
      .take((link) => void taken.push(link));
    const near = await world().host({ machine: 'b', process: 3, incarnation: 2 }).connect(address, 'a', worker);
    expect(near.peer).toEqual({ machine: 'a', ...worker });
    await until(() => taken.length > 0, 'the link of the worker');
    expect(taken[0]?.peer).toEqual({ machine: 'b', process: 3, incarnation: 2 });
    const far = new Diary(taken[0]?.link as MachineLink['link']);
    new Diary(near.link).link.write(frame('to the worker'));
    await until(() => far.frames.length === 1, 'the frame');
    expect(links.length).toBe(0);
  });

  test('a worker that is not there, or another start of it, is not linked to', async () => {
    const { address } = await listening(world().host(master('a')));
    world()
      .host({ machine: 'a', process: 2, incarnation: 7 })
      .take(() => {});
    for (const worker of [
      { process: 1, incarnation: 7 },
      { process: 2, incarnation: 8 },
    ]) {
      const error = await failure(world().host(master('b')).connect(address, 'a', worker));
      expect(error.code).toBe('ACTOR_UNAVAILABLE');
      expect(error.message).toContain('no such worker');
    }
  });

  test('another wire version is refused with both versions', async () => {
    const { address, links } = await listening(world().host(master('a')));
    const error = await failure(
      world()
        .host(master('b'), { version: WIRE_VERSION + 1 })
        .connect(address, 'a'),
    );
    expect(error.code).toBe('INVALID_OPTIONS');
    expect(error.message).toContain('a link between machines needs wire version');
    for (const version of [WIRE_VERSION, WIRE_VERSION + 1]) expect(error.message).toContain(String(version));
    await someTurns(3);
    expect(links).toEqual([]);
  });

  test('another cluster is refused with both names', async () => {
    const { address, links } = await listening(world().host(master('a'), { cluster: 'shop' }));
    const error = await failure(world().host(master('b'), { cluster: 'bank' }).connect(address, 'a'));
    expect(error.code).toBe('INVALID_OPTIONS');
    expect(error.message).toBe("a link joins machines of the cluster 'bank'; got 'shop'");
    await someTurns(3);
    expect(links).toEqual([]);
  });

  test('another machine that answers at the address is refused', async () => {
    const { address, links } = await listening(world().host(master('a')));
    const error = await failure(world().host(master('b')).connect(address, 'c'));
    expect(error.code).toBe('ACTOR_UNAVAILABLE');
    expect(error.message).toBe(`no link to the machine c at ${address}: the machine a answered`);
    await someTurns(3);
    expect(links).toEqual([]);
  });

  test('nobody who listens', async () => {
    const network = world().host(master('a'));
    const { address } = await listening(network);
    await network.close();
    const error = await failure(world().host(master('b')).connect(address, 'a'));
    expect(error.code).toBe('ACTOR_UNAVAILABLE');
    expect(error.message).toContain(`no link to the machine a at ${address}: `);
  });

  test('after close nobody comes in, and links that stand go on', async () => {
    const network = world().host(master('a'));
    let far: Diary | undefined;
    const { address } = await listening(network, ({ link }) => {
      far = new Diary(link);
    });
    const { link } = await world().host(master('b')).connect(address, 'a');
    const near = new Diary(link);
    await network.close();
    near.link.write(frame('still'));
    await until(() => far?.frames.length === 1, 'the frame');
  });

  test('a machine that joins again under another id links under that one, and old links stay', async () => {
    const { address, links } = await listening(world().host(master('a')));
    const network = world().host(master('b'));
    const before = await network.connect(address, 'a');
    network.use(world().credentials('b2'));
    await network.connect(address, 'a');
    await until(() => links.length === 2, 'both links');
    expect(links.map(({ peer }) => peer.machine)).toEqual(['b', 'b2']);
    expect(before.link.blocked).toBe(false);
  });

  test('a machine that listens and joins again under another id is found by that one alone', async () => {
    const network = world().host(master('a'));
    const { address } = await listening(network);
    network.use(world().credentials('a2'));
    expect((await world().host(master('b')).connect(address, 'a2')).peer.machine).toBe('a2');
    const error = await failure(world().host(master('b')).connect(address, 'a'));
    expect(error.message).toBe(`no link to the machine a at ${address}: the machine a2 answered`);
  });
}

function reaching(world: () => MachineWorld): void {
  test('two machines that reach each other', async () => {
    const a = await listening(world().host(master('a')));
    const b = world().host(master('b'));
    const { address: own, links } = await listening(b);
    expect(await b.checkReach(a.address, 'a', own)).toBeUndefined();
    await someTurns(3);
    expect([a.links, links]).toEqual([[], []]);
  });

  test('a machine that cannot be reached back is told the reason', async () => {
    const a = await listening(world().host(master('a')));
    const gone = world().host(master('b'));
    const { address: own } = await listening(gone);
    await gone.close();
    const reason = await world().host(master('b')).checkReach(a.address, 'a', own);
    expect(reason).toContain(`no link to the machine b at ${own}: `);
  });

  test('a machine that cannot ask anybody hears that', async () => {
    const gone = world().host(master('a'));
    const { address } = await listening(gone);
    await gone.close();
    const b = world().host(master('b'));
    const { address: own } = await listening(b);
    const error = await failure(b.checkReach(address, 'a', own));
    expect(error.code).toBe('ACTOR_UNAVAILABLE');
    expect(error.message).toContain(`no link to the machine a at ${address}: `);
  });

  test('a machine that is reached back where another one answers', async () => {
    const a = await listening(world().host(master('a')));
    const c = await listening(world().host(master('c')));
    expect(await world().host(master('b')).checkReach(a.address, 'a', c.address)).toContain('the machine c answered');
  });
}
