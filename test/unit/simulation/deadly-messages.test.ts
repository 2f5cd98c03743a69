/** Messages whose handler ends its process: what they cost, and whom they leave alone. */
import { describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { CONDEMNED_PAUSE_MS } from '../../../src/durability/probation.ts';
import { DEATHS_BEFORE_COMMIT_MAX, PROCESS_DEATHS_MAX } from '../../../src/supervision/process-deaths.ts';
import { SimulatedDisk } from '../../../src/simulation/simulated-disk.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';
import type { SimulatedProcess } from '../../../src/simulation/simulated-process.ts';
import type { TroupeError } from '../../../src/vocabulary/errors.ts';

/** The first try of a message is not noted, but its death counts: it is what makes the message suspect. */
const TRIES = PROCESS_DEATHS_MAX;

const supervision = { intensity: 1_000, periodMs: 10_000, backoff: { initialMs: 1, maxMs: 50 } };

/** A system whose actors can end the process that hosts them. */
class Hazard {
  readonly disk: SimulatedDisk = new SimulatedDisk();
  tries: string[] = [];
  /** Handlers end their process as long as it says so. */
  isDeadly: (what: string) => boolean = () => true;
  actors: Record<string, ActorDefinition> = {};
  simulation!: Simulation;

  async start(workers = 3, beginsAt?: number): Promise<Simulation> {
    const { disk, actors } = this;
    const more = beginsAt === undefined ? {} : { beginsAt };
    this.simulation = await Simulation.start({ seed: 7, workers, actors, disk, ...more });
    return this.simulation;
  }

  /** Everything dies, and is started once more. */
  respawn(workers = 3): Promise<Simulation> {
    this.simulation.crashAll();
    return this.start(workers, this.simulation.time.now + 100);
  }

  /** What `process.exit()` is in a handler: nothing comes behind it. */
  die(id: string, what: string): undefined | Promise<never> {
    this.tries.push(what);
    if (!this.isDeadly(what)) return undefined;
    this.hostOf(id)?.crash();
    return new Promise<never>(() => {});
  }

  hostOf(id: string): SimulatedProcess | undefined {
    return this.simulation.workers().find(({ process }) => process?.actors.cellOf(id) !== undefined);
  }

  countOf(what: string): number {
    return this.tries.filter((one) => one === what).length;
  }

  letters(): Promise<{ to: string; reason: string; type: string }[]> {
    const listed = this.simulation.system.deadLetters.list();
    return this.simulation
      .until(listed)
      .then((letters) => letters.map(({ to, reason, message }) => ({ to, reason, type: (message as Mail).type })));
  }
}

type Mail = { type: string };

function job(hazard: Hazard): ActorDefinition {
  return defineActor({
    durable: true,
    supervision,
    state: () => ({ done: [] as string[] }),
    receive: {
      deadly: (ctx, { name = 'deadly' }: { name?: string }) => hazard.die(ctx.id, name),
      good(ctx, { name = 'good' }: { name?: string }) {
        ctx.state.done.push(name);
        return ctx.state.done;
      },
      pass: (ctx, { to }: { to: string }) => void ctx.tell(to, { type: 'deadly' }),
      inquire: (ctx, { to }: { to: string }) =>
        ctx
          .ask(to, { type: 'deadly' }, { timeoutMs: 60_000 })
          .catch((error: TroupeError) => `${error.code}/${error.fate}`),
      /** Its handler ends, and leaves behind what ends the process before anything of it is sent to the store. */
      leave(ctx) {
        hazard.tries.push('leave');
        const host = hazard.hostOf(ctx.id);
        host?.clock.soon(() => host.crash());
        ctx.state.done.push('leave');
      },
      remind: (ctx, { when }: { when: { atMs: number } | { everyMs: number } }) =>
        ctx.remind('r', when, { type: 'deadly' }),
      async slow(ctx, { ms }: { ms: number }) {
        hazard.tries.push('slow');
        await new Promise<void>((resolve) => void hazard.hostOf(ctx.id)?.clock.setTimer(ms, resolve));
        ctx.state.done.push('slow');
      },
      aside(ctx) {
        ctx.stash();
      },
    },
  });
}

const LETTER = { reason: 'PROCESS_DIED', type: 'deadly' };

describe('a message whose handler ends its process', () => {
  test.each([1, 3])(
    'is a dead letter after %i workers had several deaths; the mail behind it is handled',
    async (workers) => {
      const hazard = new Hazard();
      hazard.actors = { job: job(hazard) };
      const { system } = await hazard.start(workers);
      const exits: number[] = [];
      system.on('worker-exited', ({ worker }) => exits.push(worker));
      system.tell('job/a', { type: 'good', name: 'before' });
      system.tell('job/a', { type: 'deadly' });
      system.tell('job/a', { type: 'good', name: 'behind' });
      await hazard.simulation.run(20_000);
      expect(hazard.countOf('deadly')).toBe(TRIES);
      expect(exits).toHaveLength(TRIES);
      expect(await hazard.letters()).toEqual([{ to: 'job/a', ...LETTER }]);
      expect(await hazard.simulation.until(system.ask('job/a', { type: 'good', name: 'last' }))).toEqual([
        'before',
        'behind',
        'last',
      ]);
      expect(hazard.disk.records.get('job/a')?.parts.has('probation')).toBe(false);
    },
  );

  test('is handled, once, where it ends fewer processes than that', async () => {
    const hazard = new Hazard();
    hazard.isDeadly = (what) => hazard.countOf(what) < TRIES;
    hazard.actors = { job: job(hazard) };
    const { system } = await hazard.start();
    const asked = system.ask('job/a', { type: 'deadly' }, { timeoutMs: 50_000 });
    expect(await hazard.simulation.until(asked)).toBe(undefined);
    expect(hazard.countOf('deadly')).toBe(TRIES);
    expect(await hazard.letters()).toEqual([]);
  });

  test('rejects its asker with what has become of it, a worker as well as another durable actor', async () => {
    const hazard = new Hazard();
    hazard.actors = { job: job(hazard) };
    const { system } = await hazard.start();
    const failed = system.ask('job/a', { type: 'deadly' }, { timeoutMs: 50_000 }).catch((error: unknown) => error);
    expect(await hazard.simulation.until(failed)).toMatchObject({ code: 'PROCESS_DIED', fate: 'executed' });
    await hazard.simulation.run(30_000);
    // On two workers, so that the one who asks lives on.
    const homes = await hazard.simulation.until(Promise.all([system.where('job/b'), system.where('job/c')]));
    if (homes[0].worker === homes[1].worker)
      await hazard.simulation.until(system.move('job/c', 1 + (homes[0].worker % 3)));
    const inquired = system.ask('job/b', { type: 'inquire', to: 'job/c' }, { timeoutMs: 50_000 });
    expect(await hazard.simulation.until(inquired)).toBe('PROCESS_DIED/executed');
  });

  test('is given up too where it lies in an outbox, and everything dies with it each time', async () => {
    const hazard = new Hazard();
    hazard.actors = { job: job(hazard) };
    let { system } = await hazard.start(1);
    await hazard.simulation.until(system.ask('job/a', { type: 'pass', to: 'job/b' }));
    for (let start = 0; start < TRIES + 2; start++) {
      await hazard.simulation.run(50);
      ({ system } = await hazard.respawn(1));
    }
    await hazard.simulation.run(5_000);
    expect(hazard.countOf('deadly')).toBeLessThanOrEqual(TRIES);
    expect(await hazard.letters()).toEqual([{ to: 'job/b', ...LETTER }]);
    expect(await hazard.simulation.until(system.ask('job/b', { type: 'good' }))).toEqual(['good']);
  });

  test('is given up too where it was put aside and is brought back after each crash', async () => {
    const hazard = new Hazard();
    let isAside = true;
    const keeper = defineActor({
      durable: true,
      supervision,
      onStart: (ctx) => ctx.unstashAll(),
      receive: {
        deadly(ctx) {
          if (isAside) return ctx.stash();
          return hazard.die(ctx.id, 'deadly');
        },
        good: () => 'fine',
      },
    });
    hazard.actors = { keeper };
    const { system } = await hazard.start();
    system.tell('keeper/a', { type: 'deadly' });
    await hazard.simulation.run(100);
    isAside = false;
    hazard.hostOf('keeper/a')?.crash();
    for (let n = 0; n < TRIES + 2; n++) {
      await hazard.simulation.until(system.ask('keeper/a', { type: 'good' }).catch(() => {}));
      await hazard.simulation.run(2_000);
    }
    expect(hazard.countOf('deadly')).toBeLessThanOrEqual(TRIES);
    expect(await hazard.letters()).toEqual([{ to: 'keeper/a', ...LETTER }]);
  });

  test('costs none of those that were under way with it: who takes long beside it is handled', async () => {
    const hazard = new Hazard();
    hazard.actors = { job: job(hazard) };
    const { system } = await hazard.start(1);
    for (let n = 0; n < 8; n++) system.tell(`job/slow-${n}`, { type: 'slow', ms: 60 });
    await hazard.simulation.run(20);
    system.tell('job/a', { type: 'deadly' });
    await hazard.simulation.run(60_000);
    expect(hazard.countOf('deadly')).toBeLessThanOrEqual(TRIES);
    expect(await hazard.letters()).toEqual([{ to: 'job/a', ...LETTER }]);
    for (let n = 0; n < 8; n++) {
      expect(await hazard.simulation.until(system.ask(`job/slow-${n}`, { type: 'good' }))).toEqual(['slow', 'good']);
    }
  });

  test('kills by others count for nobody: what is tried again in another turn of the same actor keeps its tries', async () => {
    const hazard = new Hazard();
    hazard.isDeadly = () => false;
    hazard.actors = { job: job(hazard) };
    const { system } = await hazard.start(1);
    for (let n = 0; n < 20; n++) system.tell('job/a', { type: 'good', name: `${n}` });
    for (let n = 0; n < 6; n++) {
      hazard.simulation.crash(1);
      await hazard.simulation.run(100);
    }
    await hazard.simulation.run(20_000);
    expect(await hazard.letters()).toEqual([]);
    const done = Array.from({ length: 20 }, (_, n) => `${n}`);
    expect(await hazard.simulation.until(system.ask('job/a', { type: 'good', name: 'last' }))).toEqual([
      ...done,
      'last',
    ]);
  });

  test('a storm of kills from outside, between handlers and their commits, costs no message', async () => {
    const hazard = new Hazard();
    hazard.isDeadly = () => false;
    hazard.actors = { job: job(hazard) };
    const { system, time } = await hazard.start(1);
    // A handler takes no time, its commit about as long as a process lives.
    hazard.disk.faults = { fail: 0, lie: 0, hang: 1, hangMs: 60 };
    const told = Array.from({ length: 20 }, () => [] as string[]);
    for (let kill = 0; kill < 30; kill++) {
      for (const [actor, names] of told.entries()) {
        const name = `${kill}`;
        names.push(name);
        system.tell(`job/${actor}`, { type: 'good', name });
      }
      await time.runUntil(time.now + 5_000, () => hazard.hostOf('job/0') !== undefined);
      await hazard.simulation.run(30 + 10 * (kill % 5));
      hazard.simulation.crash(1);
    }
    await hazard.simulation.run(120_000);
    expect(await hazard.letters()).toEqual([]);
    for (const [actor, names] of told.entries()) {
      const asked = system.ask(`job/${actor}`, { type: 'good', name: 'last' });
      expect(await hazard.simulation.until(asked)).toEqual([...names, 'last']);
    }
  });

  test('whose handler ends, and leaves behind what ends the process before the commit, is a dead letter in the end; others are handled', async () => {
    const hazard = new Hazard();
    hazard.actors = { job: job(hazard) };
    const { system } = await hazard.start(2);
    const others = Array.from({ length: 12 }, (_, n) => `job/other-${n}`);
    for (const id of others) system.tell(id, { type: 'good' });
    system.tell('job/a', { type: 'leave' });
    await hazard.simulation.run(300_000);
    expect(hazard.countOf('leave')).toBe(DEATHS_BEFORE_COMMIT_MAX + 1);
    expect(await hazard.letters()).toEqual([{ to: 'job/a', reason: 'PROCESS_DIED', type: 'leave' }]);
    for (const id of others)
      expect(await hazard.simulation.until(system.ask(id, { type: 'good' }, { timeoutMs: 30_000 }))).toEqual([
        'good',
        'good',
      ]);
  });

  test('costs no commit more than the turns need, tried again or not', async () => {
    const commitsOf = async (isCrashing: boolean): Promise<number> => {
      const hazard = new Hazard();
      hazard.isDeadly = () => false;
      hazard.actors = { job: job(hazard) };
      const { system } = await hazard.start(1);
      for (let n = 0; n < 200; n++) system.tell(`job/${n}`, { type: 'good' });
      // They are under way.
      await hazard.simulation.run(0.05);
      if (isCrashing) hazard.simulation.crash(1);
      await hazard.simulation.run(10_000);
      const { commits } = hazard.disk;
      for (let n = 0; n < 200; n++) {
        expect(await hazard.simulation.until(system.ask(`job/${n}`, { type: 'good' }))).toEqual(['good', 'good']);
      }
      return commits;
    };
    expect(await commitsOf(true)).toBeLessThanOrEqual(await commitsOf(false));
  });
});

describe('a reminder whose handler ends its process', () => {
  test('fires no more once it has done so often enough', async () => {
    const hazard = new Hazard();
    hazard.actors = { job: job(hazard) };
    const { system, clock } = await hazard.start(1);
    await hazard.simulation.until(system.ask('job/a', { type: 'remind', when: { atMs: clock.wall() + 500 } }));
    await hazard.simulation.run(60_000);
    expect(hazard.countOf('deadly')).toBe(TRIES);
    expect(await hazard.letters()).toEqual([{ to: 'job/a', ...LETTER }]);
    expect(await hazard.simulation.until(system.ask('job/a', { type: 'good' }))).toEqual(['good']);
  });

  test('has its next beat after a pause, where it is for every so often', async () => {
    const hazard = new Hazard();
    hazard.isDeadly = () => hazard.tries.length <= TRIES;
    hazard.actors = { job: job(hazard) };
    const { system } = await hazard.start(1);
    await hazard.simulation.until(system.ask('job/a', { type: 'remind', when: { everyMs: 400 } }));
    await hazard.simulation.run(CONDEMNED_PAUSE_MS - 10_000);
    expect(hazard.countOf('deadly')).toBe(TRIES);
    await hazard.simulation.run(60_000);
    expect(hazard.countOf('deadly')).toBeGreaterThan(TRIES + 10);
  });
});

describe('an actor whose start ends its process', () => {
  test.each(['onStart', 'state'])(
    'fails after several deaths, and is tried again after a pause (%s)',
    async (where) => {
      const hazard = new Hazard();
      const fragile = defineActor({
        durable: true,
        supervision,
        state: async (key) => (where === 'state' && (await hazard.die(`fragile/${key}`, 'start'))) || {},
        onStart: (ctx) => (where === 'onStart' ? hazard.die(ctx.id, 'start') : undefined),
        receive: { good: () => 'fine' },
      });
      hazard.actors = { fragile, job: job(hazard) };
      const { system } = await hazard.start();
      const failed = system.ask('fragile/a', { type: 'good' }, { timeoutMs: 30_000 }).catch((error: unknown) => error);
      expect(await hazard.simulation.until(failed)).toMatchObject({ code: 'ACTOR_FAILED', fate: 'not-executed' });
      await hazard.simulation.run(60_000);
      expect(hazard.countOf('start')).toBe(TRIES + 1);
      const spawned = system.spawn('fragile', { key: 'a' }).catch((error: unknown) => error);
      expect(await hazard.simulation.until(spawned)).toMatchObject({ code: 'PROCESS_DIED' });
      expect(await hazard.simulation.until(system.ask('job/a', { type: 'good' }))).toEqual(['good']);
      hazard.isDeadly = () => false;
      await hazard.simulation.run(CONDEMNED_PAUSE_MS);
      expect(await hazard.simulation.until(system.ask('fragile/a', { type: 'good' }))).toBe('fine');
    },
  );

  test('begins to count anew once it has started, whatever it had ended before', async () => {
    const hazard = new Hazard();
    hazard.isDeadly = () => false;
    const fragile = defineActor({
      durable: true,
      supervision,
      onStart: (ctx) => hazard.die(ctx.id, 'start'),
      receive: { good: () => 'fine' },
    });
    hazard.actors = { fragile };
    const { system } = await hazard.start(1);
    await hazard.simulation.until(system.ask('fragile/a', { type: 'good' }));
    for (let round = 0; round < 3; round++) {
      let left = TRIES - 1;
      hazard.isDeadly = () => left-- > 0;
      hazard.hostOf('fragile/a')?.crash();
      const asked = system.ask('fragile/a', { type: 'good' }, { timeoutMs: 60_000 });
      expect(await hazard.simulation.until(asked)).toBe('fine');
      expect(left).toBeLessThan(0);
      await hazard.simulation.run(1_000);
    }
  });

  test('a machine whose delay ends its process fails, and its delay is not tried for a while', async () => {
    const hazard = new Hazard();
    const machine = setup({
      types: {} as { context: { n: number }; events: { type: 'go' } },
      actions: { deadly: () => void hazard.die('clock/a', 'delay') },
    }).createMachine({
      context: { n: 0 },
      initial: 'idle',
      states: {
        idle: { on: { go: 'waiting' } },
        waiting: { after: { 1000: { target: 'over', actions: ['deadly', assign({ n: 1 })] } } },
        over: {},
      },
    });
    hazard.actors = { clock: defineActor({ durable: true, supervision, machine }) };
    const { system } = await hazard.start(1);
    await hazard.simulation.until(system.ask('clock/a', { type: 'go' }));
    await hazard.simulation.run(120_000);
    expect(hazard.countOf('delay')).toBe(TRIES + 1);
    hazard.isDeadly = () => false;
    await hazard.simulation.run(CONDEMNED_PAUSE_MS);
    expect(await hazard.simulation.until(system.ask('clock/a', { type: 'go' }))).toMatchObject({ value: 'over' });
  });
});

describe('a spawned actor that is not durable, and whose start ends its process', () => {
  test('is given up after several workers; those that were spawned beside it live on, with their arguments', async () => {
    const hazard = new Hazard();
    const spawned = defineActor({
      state: (_key, args) => ({ args: args as number }),
      onStart: async (ctx) => {
        // Slow ones are still starting as the deadly one ends their process.
        await new Promise<void>((resolve) => void hazard.hostOf(ctx.id)?.clock.setTimer(5, resolve));
        await (ctx.state.args < 0 ? hazard.die(ctx.id, 'start') : undefined);
      },
      receive: { get: (ctx) => ctx.state.args },
    });
    hazard.actors = { spawned };
    hazard.isDeadly = () => false;
    const { system } = await hazard.start(2);
    const failed: string[] = [];
    system.on('actor-failed', ({ id, error }) => failed.push(`${id}: ${error.message}`));
    const ended: string[] = [];
    for (let n = 0; n < 10; n++)
      await hazard.simulation.until(system.spawn('spawned', { key: `${n}`, args: n === 5 ? -1 : n }));
    system.watch('spawned/5', ({ reason }) => ended.push(reason));
    hazard.isDeadly = () => true;
    hazard.tries = [];
    hazard.hostOf('spawned/5')?.crash();
    await hazard.simulation.run(30_000);
    expect(hazard.countOf('start')).toBe(PROCESS_DEATHS_MAX);
    expect(failed).toEqual(['spawned/5: 3 workers died as spawned/5 started; it is not started again']);
    expect(ended).toEqual(['worker-exited']);
    for (let n = 0; n < 10; n++) {
      if (n !== 5) expect(await hazard.simulation.until(system.ask(`spawned/${n}`, { type: 'get' }))).toBe(n);
    }
  });

  test('is started again where one worker after the other dies before it has begun with that', async () => {
    const hazard = new Hazard();
    hazard.actors = {
      spawned: defineActor({ state: (_key, args) => ({ args }), receive: { get: (ctx) => ctx.state } }),
    };
    const { simulation, system } = Object.assign(hazard, { system: (await hazard.start(3)).system });
    const failed: string[] = [];
    system.on('actor-failed', ({ id }) => failed.push(id));
    await simulation.until(system.spawn('spawned', { key: 'a', args: 7 }));
    let hung = 0;
    // As the order to start it comes the worker hangs, and hears no more.
    const hangs = ({ message }: { message: { type: string; start?: { id: string }[] } }, index: number): void => {
      if (message.type !== 'table' || !message.start?.length || hung === 2 * PROCESS_DEATHS_MAX) return;
      hung++;
      simulation.freeze(index);
    };
    simulation.observers.add((event) => {
      if (event.kind === 'control' && event.step === 'sent' && event.from === 'master' && event.to !== '~0.1')
        hangs(event, Number(event.to.slice(1).split('.')[0]));
    });
    hazard.hostOf('spawned/a')?.crash();
    await simulation.run(60_000);
    expect([hung, failed]).toEqual([2 * PROCESS_DEATHS_MAX, []]);
    expect(hazard.hostOf('spawned/a')).toBeDefined();
    expect(await simulation.until(system.ask('spawned/a', { type: 'get' }))).toEqual({ args: 7 });
  });
});

test('who waits for an actor that ends its process is not taken for the cause, though the process dies in its turn each time', async () => {
  const hazard = new Hazard();
  const payer = defineActor({
    durable: true,
    supervision,
    receive: { pay: (ctx, { to }: { to: string }) => ctx.ask(to, { type: 'good' }, { timeoutMs: 60_000 }) },
  });
  hazard.actors = { payer, job: job(hazard) };
  const { system } = await hazard.start(1);
  // The process is slow to die, so that the payer asks before.
  system.tell('job/a', { type: 'slow', ms: 30 });
  system.tell('job/a', { type: 'deadly' });
  const paid = system.ask('payer/a', { type: 'pay', to: 'job/a' }, { timeoutMs: 50_000 });
  expect(await hazard.simulation.until(paid)).toEqual(['slow', 'good']);
  expect(await hazard.letters()).toEqual([{ to: 'job/a', ...LETTER }]);
});
