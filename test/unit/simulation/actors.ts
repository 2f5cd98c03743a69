/**
 * The actors of the programs. What they do is told to them message by message; all that they see is reported to the
 * world, which is outside of every process.
 */
import type { Context } from '../../../src/actor/context.ts';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { Refusal } from '../../../src/vocabulary/errors.ts';
import { GivenUp } from '../../../src/actor/ask-cancellation.ts';
import type { PlacementStrategy } from '../../../src/wire/control.ts';
import type { Life } from './census.ts';
import type { Memory } from './memory-of-actors.ts';
import type { Voice, World } from './world.ts';

type Ctx = Context<Memory>;
interface Command {
  type: string;
  m: number;
}

function textOf({ m, kilobytes }: Command & { kilobytes: number }): string {
  return `#${m} `.padEnd(kilobytes * 1_024, 'x');
}

/** Milliseconds until an actor that does nothing leaves memory. */
const IDLE_MS = 400;

export function actorsOf(world: World, jobs: PlacementStrategy): Record<string, ActorDefinition> {
  const { memory, census } = world;
  const hooks = {
    state: (): Memory => ({ count: 0, sum: 0, isClosed: false }),
    onStart: (ctx: Ctx) => {
      world.pauses.begins(ctx.id, 'starts');
      const before = census.lives.get(ctx.id);
      const { host } = census.began(ctx as never);
      // One that waited to be restarted in a process that died is not restarted but begins anew, elsewhere.
      memory.began(ctx.id, before?.isRestarted === true && before.host === host);
    },
    onStop: (ctx: Ctx, reason: string) => {
      census.stopped(ctx as never, reason);
      world.deadLetters.stopped(ctx.id, reason);
    },
  };

  const acts = (ctx: Ctx, what: string): Life => census.acts(ctx as never, what);
  const receives = (ctx: Ctx, { type, m }: Command): Life => {
    world.pauses.begins(ctx.id, `handles ${type} #${m}`);
    const life = acts(ctx, `handled ${type} #${m}`);
    memory.receives(ctx.id, ctx.state, m, false);
    return life;
  };
  /** What is left of a handler whose incarnation, or process, has ended says nothing more. */
  const isOver = (ctx: Ctx): boolean => {
    const { aborted, reason } = ctx.signal;
    // An asker that gives up ends nothing.
    if ((aborted && !(reason instanceof GivenUp)) || !world.faults.isAlive(census.hostOf(ctx))) return true;
    const life = census.lives.get(ctx.id);
    return life?.fence !== ctx.fence || life.endedAt !== undefined;
  };
  const voice = (ctx: Ctx): Voice => {
    const { deadline, id } = ctx;
    const base = { name: id, origin: census.hostOf(ctx), system: ctx };
    if (deadline === undefined) return base;
    return { ...base, dueAt: deadline - world.simulation.clock.wall() + world.now };
  };
  const note = (ctx: Ctx, command: Command): number => {
    if (ctx.state.isClosed) {
      world.pauses.begins(ctx.id, `puts #${command.m} aside`);
      acts(ctx, `put #${command.m} aside`);
      memory.receives(ctx.id, ctx.state, command.m, true);
      ctx.stash();
    } else {
      receives(ctx, command);
    }
    return ctx.state.count;
  };
  const open = (ctx: Ctx): void => {
    if (!ctx.state.isClosed) return;
    ctx.state.isClosed = false;
    memory.opened(ctx.id);
    ctx.unstashAll();
  };

  /** These requests have deadlines, too: where others stand still they fail. */
  const isDone = (request: Promise<unknown>): Promise<boolean> =>
    request.then(
      () => true,
      () => false,
    );

  const player = defineActor({
    ...hooks,
    passivateAfterMs: IDLE_MS,
    onTerminated: (ctx: Ctx, { id, reason }) => {
      world.pauses.begins(ctx.id, `is told of the end of ${id}`);
      acts(ctx, `was told of the end of ${id}`);
      world.watches.toldOf(ctx.id, id, reason);
    },
    receive: {
      note,
      async slow(ctx, command: Command & { ms: number }) {
        receives(ctx, command);
        memory.enter(ctx.id, `slow #${command.m}`);
        await world.sleep(census.hostOf(ctx), command.ms);
        if (isOver(ctx)) return;
        acts(ctx, `ended slow #${command.m}`);
        memory.leave(ctx.id);
      },
      /** One that heeds whoever gives up: that is no failure, and it goes on with the next message. */
      async patient(ctx, command: Command & { ms: number }) {
        receives(ctx, command);
        memory.enter(ctx.id, `patient #${command.m}`);
        const givenUp = new Promise<never>((_, reject) => {
          ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason));
        });
        try {
          await Promise.race([world.sleep(census.hostOf(ctx), command.ms), givenUp]);
          acts(ctx, `ended patient #${command.m}`);
        } finally {
          if (!isOver(ctx)) memory.leave(ctx.id);
        }
      },
      boom(ctx, command: Command) {
        receives(ctx, command);
        world.deadLetters.failed(ctx.id);
        throw new Error('boom');
      },
      /** It does not come to its end: what else its process does in this moment it may still do. */
      die(ctx, command: Command): Promise<never> {
        receives(ctx, command);
        memory.enter(ctx.id, `die #${command.m}`);
        const host = world.simulation.workers().find(({ address }) => address === census.hostOf(ctx));
        world.simulation.time.at(0, () => host?.crash());
        return new Promise(() => {});
      },
      refuse(ctx, command: Command & { kilobytes: number }) {
        receives(ctx, command);
        throw new Refusal('no', textOf(command), { m: -1, text: textOf(command) });
      },
      rant(ctx, command: Command & { kilobytes: number }) {
        receives(ctx, command);
        world.deadLetters.failed(ctx.id);
        throw new Error(textOf(command));
      },
      relay(ctx, command: Command & { to: string; count: number }) {
        receives(ctx, command);
        for (let i = 0; i < command.count; i++) world.tell(voice(ctx), command.to, 'note');
      },
      /** A loose end of its turn goes on, and speaks later. */
      later(ctx, command: Command & { to: string; ms: number }) {
        receives(ctx, command);
        const speak = (): void => void (isOver(ctx) || world.tell(voice(ctx), command.to, 'note'));
        void world.sleep(census.hostOf(ctx), command.ms).then(speak);
      },
      async question(ctx, command: Command & { to: string; via?: string }) {
        receives(ctx, command);
        const { to, via } = command;
        memory.enter(ctx.id, `question #${command.m}`);
        if (via === undefined) await world.ask(voice(ctx), to, 'note', 300);
        else await world.ask(voice(ctx), via, 'question', 300, { to });
        if (isOver(ctx)) return;
        memory.leave(ctx.id);
      },
      async subscribe(ctx, command: Command & { topic: string }) {
        const life = receives(ctx, command);
        memory.enter(ctx.id, `subscribe #${command.m}`);
        const isInForce = await isDone(ctx.subscribe(command.topic));
        if (isOver(ctx)) return;
        acts(ctx, `subscribed #${command.m}`);
        if (isInForce) world.topics.subscribed(life, command.topic);
        memory.leave(ctx.id);
      },
      async unsubscribe(ctx, command: Command & { topic: string }) {
        receives(ctx, command);
        memory.enter(ctx.id, `unsubscribe #${command.m}`);
        world.topics.unsubscribing(ctx.id, command.topic);
        await isDone(ctx.unsubscribe(command.topic));
        if (isOver(ctx)) return;
        memory.leave(ctx.id);
      },
      announce(ctx, command: Command & { topic: string }) {
        receives(ctx, command);
        world.publish(voice(ctx), command.topic);
      },
      watch(ctx, command: Command & { id: string }) {
        receives(ctx, command);
        if (command.id === ctx.id) return;
        world.watches.watch(ctx.id, command.id);
        ctx.watch(command.id);
      },
      unwatch(ctx, command: Command & { id: string }) {
        receives(ctx, command);
        world.watches.unwatch(ctx.id, command.id);
        ctx.unwatch(command.id);
      },
      after(ctx, command: Command & { ms: number }) {
        const life = receives(ctx, command);
        ctx.after(command.ms, { type: 'tick', timer: world.timers.set(life, command.ms, false) } as never);
      },
      every(ctx, command: Command & { ms: number }) {
        const life = receives(ctx, command);
        ctx.every(command.ms, { type: 'tick', timer: world.timers.set(life, command.ms, true) } as never);
      },
      tick(ctx, { timer }: { timer: number }) {
        world.pauses.begins(ctx.id, `has timer ${timer}`);
        world.timers.fires(timer, acts(ctx, `had timer ${timer}`));
      },
      close(ctx, command: Command) {
        receives(ctx, command);
        ctx.state.isClosed = true;
      },
      open(ctx, command: Command) {
        receives(ctx, command);
        open(ctx);
      },
      async adopt(ctx, command: Command & { key: string }) {
        receives(ctx, command);
        memory.enter(ctx.id, `adopt #${command.m}`);
        const isAdopted = await isDone(ctx.spawn('child', { key: command.key }));
        if (isOver(ctx)) return;
        if (isAdopted) world.families.adopted(ctx.id, `child/${command.key}`);
        memory.leave(ctx.id);
      },
    },
  });
  const child = defineActor({
    ...hooks,
    receive: {
      note(ctx, command: Command) {
        world.families.together(ctx.id, census.hostOf(ctx));
        return note(ctx, command);
      },
    },
  });
  const placed = (strategy: PlacementStrategy): ActorDefinition =>
    defineActor({ ...hooks, placement: { strategy }, receive: { note } });
  return { player, child, guest: placed('local'), job: placed(jobs) };
}
