/**
 * What really happened in a simulated run, kept outside of its processes: who sent what to whom, who handled it, which
 * incarnation was alive when. The promises are checked against it.
 */
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { TroupeError } from '../../../src/vocabulary/errors.ts';
import type { Simulation } from '../../../src/testkit/simulation/simulation.ts';

interface Sent {
  from: string;
  to: string;
  n: number;
  /** An ask: how it ended, and when it was due. */
  ask?: { dueAt: number; outcome?: string; fate?: string; settledAt?: number };
}

const ACTORS = 8;
export const IDS: readonly string[] = Array.from({ length: ACTORS }, (_, n) => `player/${n}`);
export const CHILD_IDS: readonly string[] = ['child/a', 'child/b', 'child/c'];
export const TOPICS: readonly string[] = ['news', 'sport'];
/** Milliseconds that an ask may settle late: one scheduling delay. */
const LATE_MS = 5;

type Note = { from: string; n: number; via?: string };

export class World {
  readonly breaches: string[] = [];
  readonly sent = new Map<string, Sent>();
  readonly handled = new Set<string>();
  readonly dead = new Map<string, string>();
  readonly watches: { watcher: string; target: string; told: number }[] = [];
  kills = 0;
  simulation!: Simulation;
  readonly #last = new Map<string, number>();
  readonly #next = new Map<string, number>();
  /** The newest incarnation of each actor. */
  readonly #fences = new Map<string, string>();
  readonly #running = new Map<string, string>();

  actors(): Record<string, ActorDefinition> {
    const world = this;
    const player = defineActor({
      passivateAfterMs: 400,
      onStart: (ctx) => world.started(ctx.id, ctx.fence),
      onStop: (ctx) => world.stopped(ctx.id, ctx.fence),
      onTerminated: (ctx, { id }) => world.told(ctx.id, id),
      receive: {
        note: (ctx, message: Note) => world.note(ctx.id, ctx.fence, message),
        async slow(ctx, message: Note & { ms: number }) {
          world.enter(ctx.id, ctx.fence);
          world.note(ctx.id, ctx.fence, message);
          await world.sleep(message.ms);
          world.leave(ctx.id, ctx.fence);
        },
        boom(ctx, message: Note) {
          world.note(ctx.id, ctx.fence, message);
          throw new Error('boom');
        },
        relay(ctx, { to, count }: { to: string; count: number }) {
          for (let i = 0; i < count; i++) ctx.tell(to, { type: 'note', ...world.sends(ctx.id, to) });
        },
        async question(ctx, { to }: { to: string }) {
          const { from, n } = world.sends(ctx.id, to);
          const ask = world.asks(from, to, n, 300);
          await world.settles(ask, ctx.ask(to, { type: 'note', from, n }, { timeoutMs: 300 }));
        },
        subscribe: async (ctx, { topic }: { topic: string }) => {
          await ctx.subscribe(topic);
        },
        announce(ctx, { topic }: { topic: string }) {
          ctx.publish(topic, {
            type: 'note',
            from: `${ctx.id}#${topic}`,
            n: world.number(`${ctx.id}#${topic}`, '*'),
            via: topic,
          });
        },
        watch(ctx, { id }: { id: string }) {
          world.watches.push({ watcher: ctx.id, target: id, told: 0 });
          ctx.watch(id);
        },
        async adopt(ctx, { key }: { key: string }) {
          await ctx.spawn('child', { key }).catch(() => {});
        },
      },
    });
    const child = defineActor({
      onStart: (ctx) => world.started(ctx.id, ctx.fence),
      onStop: (ctx) => world.stopped(ctx.id, ctx.fence),
      receive: { note: (ctx, message: Note) => world.note(ctx.id, ctx.fence, message) },
    });
    return { player, child };
  }

  /** A new number from one to another; what is sent with it is accounted for. */
  sends(from: string, to: string): { from: string; n: number } {
    const n = this.number(from, to);
    this.sent.set(`${from}>${to}:${n}`, { from, to, n });
    return { from, n };
  }

  asks(from: string, to: string, n: number, timeoutMs: number): Sent {
    const sent = this.sent.get(`${from}>${to}:${n}`) as Sent;
    sent.ask = { dueAt: this.simulation.time.now + timeoutMs };
    return sent;
  }

  async settles(sent: Sent, promise: Promise<unknown>): Promise<void> {
    const ask = sent.ask as NonNullable<Sent['ask']>;
    const settle = (outcome: string, fate?: string): void => {
      if (ask.outcome) this.breach(`an ask settled twice: ${key(sent)}`);
      ask.outcome = outcome;
      ask.settledAt = this.simulation.time.now;
      if (fate) ask.fate = fate;
    };
    await promise.then(
      () => settle('reply'),
      (error: TroupeError) => settle(error.code, error.fate),
    );
  }

  number(from: string, to: string): number {
    const next = this.#next.get(`${from}>${to}`) ?? 0;
    this.#next.set(`${from}>${to}`, next + 1);
    return next;
  }

  note(id: string, fence: string, { from, n, via }: Note): void {
    this.#alive(id, fence, 'handled a message');
    if (!via) {
      const name = `${from}>${id}:${n}`;
      if (this.handled.has(name)) this.breach(`handled twice: ${name}`);
      if (this.dead.has(name)) this.breach(`handled although it was a dead letter (${this.dead.get(name)}): ${name}`);
      this.handled.add(name);
    }
    const order = via ? `${from}>${id}#${via}` : `${from}>${id}`;
    const last = this.#last.get(order) ?? -1;
    if (n <= last) this.breach(`out of order: ${order} handled ${n} after ${last}`);
    this.#last.set(order, Math.max(n, last));
  }

  enter(id: string, fence: string): void {
    if (this.#running.has(id)) this.breach(`two handlers of ${id} at once`);
    this.#running.set(id, fence);
  }

  leave(id: string, fence: string): void {
    if (this.#running.get(id) === fence) this.#running.delete(id);
  }

  started(id: string, fence: string): void {
    const homes = this.simulation.workers().filter(({ process }) => isLive(process?.actors.cellOf(id)?.status));
    if (homes.length > 1)
      this.breach(`${id} began while it lived elsewhere too: workers ${homes.map(({ index }) => index)}`);
    const before = this.#fences.get(id);
    if (before !== undefined && before >= fence)
      this.breach(`the fence of ${id} did not grow: ${before}, then ${fence}`);
    this.#fences.set(id, fence);
    this.#running.delete(id);
  }

  stopped(id: string, fence: string): void {
    if (this.#running.get(id) === fence) this.#running.delete(id);
  }

  told(watcher: string, target: string): void {
    const watch = this.watches.find((one) => one.watcher === watcher && one.target === target && one.told === 0);
    if (watch) watch.told++;
    else this.breach(`${watcher} was told twice, or without a watch, of the end of ${target}`);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.simulation.time.at(ms, resolve));
  }

  /** After the run: every message accounted for, every ask settled in time and with a true fate. */
  check(): void {
    for (const sent of this.sent.values()) {
      const name = key(sent);
      const isHandled = this.handled.has(name);
      if (sent.ask) this.#checkAsk(sent, name, isHandled);
      else if (this.kills === 0 && !isHandled && !this.dead.has(name)) this.breach(`lost without a word: ${name}`);
    }
  }

  breach(text: string): void {
    this.breaches.push(text);
  }

  #checkAsk({ ask }: Sent, name: string, isHandled: boolean): void {
    if (!ask?.outcome || ask.settledAt === undefined) {
      // The asker's own process may have died with it.
      if (this.kills === 0) this.breach(`an ask never settled: ${name}`);
      return;
    }
    if (ask.settledAt > ask.dueAt + LATE_MS)
      this.breach(`an ask settled ${ask.settledAt - ask.dueAt} ms late: ${name}`);
    if (ask.outcome === 'reply' && !isHandled) this.breach(`a reply without a handler: ${name}`);
    if (ask.fate === 'not-executed' && isHandled)
      this.breach(`said not-executed (${ask.outcome}), but was handled: ${name}`);
    if (ask.fate === 'executed' && !isHandled)
      this.breach(`said executed (${ask.outcome}), but was not handled: ${name}`);
  }

  #alive(id: string, fence: string, what: string): void {
    const newest = this.#fences.get(id);
    // It has moved: it goes on under a higher one.
    if (newest !== undefined && fence > newest) this.#fences.set(id, fence);
    else if (newest !== fence)
      this.breach(`${id} ${what} in an incarnation that is over (${fence}; the newest is ${newest})`);
  }
}

function key({ from, to, n }: Sent): string {
  return `${from}>${to}:${n}`;
}

/** A copy that is kept until the table says that the actor has moved does not live. */
function isLive(status: string | undefined): boolean {
  return status !== undefined && status !== 'frozen';
}
