/** An actor that is removed: what goes with it, what begins anew, and what a death of its host leaves, at each step. */
import { describe, expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { SimulatedDisk } from '../../../src/simulation/simulated-disk.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import type { TroupeError } from '../../../src/vocabulary/errors.ts';
import { simulatedUntil } from './simulated-until.ts';

const supervision = { intensity: 1_000, periodMs: 10_000, backoff: { initialMs: 1, maxMs: 50 } };

const book = defineActor({
  durable: true,
  supervision,
  passivateAfterMs: 5_000,
  state: () => ({ lines: [] as string[] }),
  receive: {
    add(ctx, { line }: { line: string }) {
      ctx.state.lines.push(line);
      return ctx.state.lines.length;
    },
    read: (ctx) => ctx.state.lines,
    remind: (ctx, { atMs }: { atMs: number }) => ctx.remind('r', { atMs }, { type: 'add', line: 'reminded' }),
    aside: (ctx) => ctx.stash(),
    bring: (ctx) => ctx.unstashAll(),
    fail() {
      throw new Error('a page is torn');
    },
    hand: (ctx, { to, line }: { to: string; line: string }) => void ctx.tell(to, { type: 'add', line }),
    burn(ctx, { to }: { to?: string }) {
      if (to) ctx.tell(to, { type: 'add', line: 'burnt' });
      ctx.remove();
      return 'burnt';
    },
    burnAndFail(ctx) {
      ctx.remove();
      throw new Error('too wet');
    },
    wait: (_ctx, _message: object) => new Promise<void>(() => {}),
  },
});

const note = defineActor({
  supervision,
  state: () => ({ n: 0 }),
  receive: {
    add: (ctx) => ++ctx.state.n,
    leave(ctx) {
      (ctx as unknown as { remove(): void }).remove();
    },
  },
});

async function start(
  workers = 2,
  disk = new SimulatedDisk(),
): Promise<{ simulation: Simulation; disk: SimulatedDisk }> {
  const simulation = await Simulation.start({ seed: 5, workers, actors: { book, note }, disk });
  return { simulation, disk };
}

const records = ({ records: all }: SimulatedDisk): string[] => [...all.keys()].sort();

describe('system.remove', () => {
  test('ends an actor with its record, its reminder, what it put aside and its dead letters; what comes later begins anew', async () => {
    const { simulation, disk } = await start();
    const { system, clock } = simulation;
    const ended: string[] = [];
    await simulation.until(system.ask('book/b', { type: 'add', line: 'other' }));
    await simulation.until(system.ask('book/b', { type: 'fail' }).catch(() => {}));
    await simulation.until(system.ask('book/a', { type: 'add', line: 'one' }));
    await simulation.until(system.ask('book/a', { type: 'remind', atMs: clock.wall() + 3_000 }));
    await simulation.until(system.ask('book/a', { type: 'fail' }).catch(() => {}));
    system.tell('book/a', { type: 'aside' });
    await simulation.run(50);
    system.watch('book/a', ({ reason }) => ended.push(reason));
    expect((await simulation.until(system.deadLetters.list())).map(({ to }) => to).sort()).toEqual([
      'book/a',
      'book/b',
    ]);
    await simulation.until(system.remove('book/a'));
    expect(records(disk).filter((id) => id.startsWith('book/'))).toEqual(['book/b']);
    expect((await simulation.until(system.deadLetters.list())).map(({ to }) => to)).toEqual(['book/b']);
    await simulation.run(10_000);
    expect(ended).toEqual(['killed']);
    expect(disk.records.has('book/a')).toBe(false);
    expect(await simulation.until(system.ask('book/a', { type: 'read' }))).toEqual([]);
    await simulation.until(system.ask('book/a', { type: 'bring' }));
    expect(await simulation.until(system.ask('book/a', { type: 'read' }))).toEqual([]);
  });

  test('ends its waiting mail: asks are rejected, and what its senders keep does not come back', async () => {
    const { simulation, disk } = await start();
    const { system } = simulation;
    const running = system.ask('book/a', { type: 'wait' }).catch((error: TroupeError) => error.code);
    const waiting = system.ask('book/a', { type: 'read' }).catch((error: TroupeError) => error.code);
    await simulation.until(system.ask('book/b', { type: 'hand', to: 'book/a', line: 'from b' }));
    for (let n = 0; n < 20; n++) system.tell('book/a', { type: 'add', line: `${n}` });
    await simulation.run(100);
    // One runs, whose sender waits for no reply.
    system.tell('book/c', { type: 'wait' });
    await simulation.run(20);
    await simulation.until(system.remove('book/c'));
    await simulation.until(system.remove('book/a'));
    expect(await simulation.until(Promise.all([running, waiting]))).toEqual(['ACTOR_STOPPED', 'ACTOR_STOPPED']);
    await simulation.run(60_000);
    expect([disk.records.has('book/a'), disk.records.has('book/c')]).toEqual([false, false]);
    expect([...(disk.records.get('book/b')?.parts.keys() ?? [])].filter((name) => name.startsWith('o:'))).toEqual([]);
    system.tell('book/a', { type: 'add', line: 'new' });
    expect(await simulation.until(system.ask('book/a', { type: 'read' }))).toEqual(['new']);
  });

  test('is for what sleeps, for what never was, again, and for what is not durable', async () => {
    const { simulation, disk } = await start();
    const { system } = simulation;
    await simulation.until(system.ask('book/a', { type: 'add', line: 'one' }));
    await simulation.run(10_000);
    expect((await simulation.until(system.where('book/a'))).active).toBe(false);
    for (let n = 0; n < 2; n++) await simulation.until(system.remove('book/a'));
    await simulation.until(system.remove('book/never'));
    expect(records(disk)).toEqual([]);
    await simulation.until(system.ask('note/a', { type: 'add' }));
    await simulation.until(system.remove('note/a'));
    expect(await simulation.until(system.ask('note/a', { type: 'add' }))).toBe(1);
    const unknown = system.remove('nobody/a').catch((error: TroupeError) => error.code);
    expect(await simulation.until(unknown)).toBe('UNKNOWN_KIND');
  });

  test('who is woken for a record that has gone meanwhile does not begin anew', async () => {
    const { simulation, disk } = await start(1);
    const host = simulation.workers()[0]?.process;
    expect(host).toBeDefined();
    host?.actors.deliver(new Envelope('wake', 'book/gone', undefined, undefined, undefined, 0));
    await simulation.run(5_000);
    expect(records(disk)).toEqual([]);
  });

  test('what the next one tells is taken by those who knew the one before', async () => {
    const { simulation } = await start();
    const { system } = simulation;
    for (const line of ['one', 'two'])
      await simulation.until(system.ask('book/a', { type: 'hand', to: 'book/b', line }));
    await simulation.run(100);
    await simulation.until(system.remove('book/a'));
    await simulation.until(system.ask('book/a', { type: 'hand', to: 'book/b', line: 'three' }));
    await simulation.run(5_000);
    expect(await simulation.until(system.ask('book/b', { type: 'read' }))).toEqual(['one', 'two', 'three']);
  });

  test('while it moves, and while its host dies: it is removed, or its caller is told, and asked again it is', async () => {
    for (let seed = 0; seed < 12; seed++) {
      const disk = new SimulatedDisk();
      const simulation = await Simulation.start({ seed, workers: 2, actors: { book, note }, disk });
      const { system } = simulation;
      await simulation.until(system.ask('book/a', { type: 'add', line: 'old' }));
      const { worker } = await simulation.until(system.where('book/a'));
      const moved = system.move('book/a', 3 - worker).catch(() => {});
      await simulation.run(seed / 4);
      const removed = system.remove('book/a').then(
        () => true,
        () => false,
      );
      await simulation.run(seed % 3);
      if (seed % 2) simulation.crash(worker);
      const isRemoved = await simulation.until(removed);
      await simulation.until(moved);
      if (!isRemoved) await simulation.until(system.remove('book/a'));
      expect(
        await simulation.until(system.ask('book/a', { type: 'read' }, { timeoutMs: 30_000 })),
        `seed ${seed}`,
      ).toEqual([]);
    }
  });
});

describe('ctx.remove', () => {
  test('ends it with the commit of its turn; what the turn told and replied arrives, also where the receiver comes back later', async () => {
    const { simulation, disk } = await start();
    const { system } = simulation;
    await simulation.until(system.ask('book/a', { type: 'add', line: 'one' }));
    const { worker } = await simulation.until(system.where('book/a'));
    await simulation.until(system.spawn('book', { key: 'b', placement: { worker: 3 - worker } }));
    system.tell('book/a', { type: 'aside' });
    await simulation.run(50);
    // What it tells has no way for a while, and nobody but its memory keeps it.
    simulation.crash(3 - worker);
    expect(await simulation.until(system.ask('book/a', { type: 'burn', to: 'book/b' }))).toBe('burnt');
    await simulation.run(10_000);
    expect(records(disk)).toEqual(['book/b']);
    expect(await simulation.until(system.ask('book/b', { type: 'read' }))).toEqual(['burnt']);
    expect(await simulation.until(system.ask('book/a', { type: 'read' }))).toEqual([]);
  });

  test('what it told arrives once, whenever its receiver dies after that', async () => {
    for (let tenths = 0; tenths < 16; tenths += 2) {
      const { simulation, disk } = await start();
      const { system } = simulation;
      await simulation.until(system.ask('book/a', { type: 'add', line: 'one' }));
      const { worker } = await simulation.until(system.where('book/a'));
      await simulation.until(system.spawn('book', { key: 'b', placement: { worker: 3 - worker } }));
      system.tell('book/a', { type: 'burn', to: 'book/b' });
      await simulatedUntil(simulation, 'its record is removed', () => !disk.records.has('book/a'), 0.1);
      await simulation.run(tenths / 10);
      simulation.crash(3 - worker);
      await simulation.run(10_000);
      expect(await simulation.until(system.ask('book/b', { type: 'read' })), `${tenths}`).toEqual(['burnt']);
    }
  });

  test('gives back what it had put aside: who asked is told, and a tell is a dead letter', async () => {
    const { simulation, disk } = await start();
    const { system } = simulation;
    const refused: string[] = [];
    system.on('dead-letter', ({ to, reason }) => refused.push(`${to} ${reason}`));
    system.tell('book/a', { type: 'aside' });
    const asked = system
      .ask('book/a', { type: 'aside' }, { timeoutMs: 60_000 })
      .catch(({ code, fate }: TroupeError) => `${code}/${fate}`);
    expect(await simulation.until(system.ask('book/a', { type: 'burn' }))).toBe('burnt');
    expect(await simulation.until(asked)).toBe('ACTOR_STOPPED/not-executed');
    await simulation.run(10_000);
    expect(refused).toEqual(['book/a ACTOR_STOPPED']);
    expect(disk.records.has('book/a')).toBe(false);
  });

  test('leaves the mail behind it to the next one', async () => {
    const { simulation } = await start();
    const { system } = simulation;
    for (const line of ['one', 'two']) system.tell('book/a', { type: 'add', line });
    system.tell('book/a', { type: 'burn' });
    system.tell('book/a', { type: 'add', line: 'three' });
    expect(await simulation.until(system.ask('book/a', { type: 'read' }, { timeoutMs: 30_000 }))).toEqual(['three']);
  });

  test('does nothing in a turn that fails, and is an error of an actor that is not durable', async () => {
    const { simulation } = await start();
    const { system } = simulation;
    await simulation.until(system.ask('book/a', { type: 'add', line: 'one' }));
    await simulation.until(system.ask('book/a', { type: 'burnAndFail' }).catch(() => {}));
    expect(await simulation.until(system.ask('book/a', { type: 'read' }))).toEqual(['one']);
    const failed = system.ask('note/a', { type: 'leave' }).catch((error: TroupeError) => error.message);
    expect(await simulation.until(failed)).toContain('remove() is for durable actors; got a call of note/a');
  });

  test('a host that dies before the commit has removed nothing; after it, everything', async () => {
    for (const when of ['before', 'after'] as const) {
      const { simulation, disk } = await start(1);
      const { system } = simulation;
      await simulation.until(system.ask('book/a', { type: 'add', line: 'one' }));
      let wasSeen = false;
      const isBurning = (changes: readonly StoreChange[]): boolean => changes.some(({ isGone }) => isGone);
      disk.onCommit = (changes) => {
        if (!isBurning(changes) || wasSeen) return;
        wasSeen = true;
        if (when === 'after') simulation.crash(1);
      };
      system.tell('book/a', { type: 'burn' });
      if (when === 'before') {
        await simulation.run(0.05);
        simulation.crash(1);
      }
      await simulation.run(20_000);
      // The sender had no word of it and has sent it again: it was handled anew, and removed what it began.
      expect([wasSeen, disk.records.has('book/a')]).toEqual([true, false]);
    }
  });
});

describe('system.ids', () => {
  test('gives the durable actors of a kind in order, page by page, and wakes none', async () => {
    const { simulation } = await start();
    const { system } = simulation;
    for (const key of ['c', 'a', 'b', 'd/e'])
      await simulation.until(system.ask(`book/${key}`, { type: 'add', line: key }));
    await simulation.until(system.ask('note/z', { type: 'add' }));
    await simulation.run(10_000);
    expect(await simulation.until(system.ids('book'))).toEqual(['book/a', 'book/b', 'book/c', 'book/d/e']);
    expect(await simulation.until(system.ids('book', { limit: 2 }))).toEqual(['book/a', 'book/b']);
    expect(await simulation.until(system.ids('book', { after: 'book/b', limit: 2 }))).toEqual(['book/c', 'book/d/e']);
    expect((await simulation.until(system.where('book/a'))).active).toBe(false);
  });

  test.each([
    [['book', { limit: 0 }], 'limit: expected a whole number from 1 to 10000; got 0'],
    [['book', { limit: 10_001 }], 'limit: expected a whole number from 1 to 10000; got 10001'],
    [['book', { after: 'note/a' }], "after: expected an id of the kind 'book'; got 'note/a'"],
    [['book', { from: 'a' }], 'ids() takes { after, limit }; got'],
    [['Book'], "kind: expected a name of a-z, 0-9 and -; got 'Book'"],
    [['note'], "kind: expected a durable one, whose actors have records; got 'note'"],
    [['nobody'], 'an id has one of the kinds'],
  ])('says what it expects (%j)', async (args, text) => {
    const { simulation } = await start();
    const asked = simulation.system.ids(...(args as [string])).catch((error: TroupeError) => error.message);
    expect(await simulation.until(asked)).toContain(text);
  });
});
