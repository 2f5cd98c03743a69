/**
 * The delays of a machine: they run on the runtime's clock, each in a turn of its own. XState's persisted snapshot does
 * not hold them, so when a machine moves they are packed beside it. Knows of XState what it needs, by shape.
 */

import type { Message } from '../vocabulary/envelope.ts';

/** The part of a cell that a machine needs: turns of its own for what the clock and invoked actors bring. */
export interface MachineHost {
  now(): number;
  /** `event`: of what may come without end, and is refused where too much of it waits. */
  runInTurn(work: () => void, event?: Message): void;
  setTimer(ms: number, run: () => void): () => void;
}

/** Runs the work of a turn of the machine. */
interface TurnRunner {
  turn(work: () => void): void;
}

/** An event that an XState system sends after a while, from one of its actors to another. */
interface ScheduledEvent {
  id: string;
  event: { type: string };
  source: MachineRef;
  target: MachineRef;
}

interface MachineSystem {
  getSnapshot(): { _scheduledEvents: Record<string, ScheduledEvent> };
  scheduler: {
    schedule(source: MachineRef, target: MachineRef, event: { type: string }, delay: number, id: string): void;
  };
}

interface MachineRef {
  system: MachineSystem;
  getSnapshot(): unknown;
}

/** Names from the root to a child of a child. */
type MachinePath = string[];

export interface PackedDelay {
  id: string;
  event: { type: string };
  source: MachinePath;
  target: MachinePath;
  /** On `Clock.now()`. */
  dueAt: number;
}

export class MachineDelays {
  readonly #host: MachineHost;
  readonly #gate: TurnRunner;
  /** Those that have run out and wait for their turn are among them: until then they can be taken back. */
  readonly #timers = new Map<number, () => void>();
  /** XState notes only the wall clock of its own process. */
  readonly #dueAt = new WeakMap<object, number>();
  #root: MachineRef | undefined;
  #lastTimer = 0;

  constructor(host: MachineHost, gate: TurnRunner) {
    this.#host = host;
    this.#gate = gate;
  }

  /** The clock of the machine, in the form that XState takes. */
  readonly clock = {
    setTimeout: (run: () => void, delay: number): number => {
      const timer = ++this.#lastTimer;
      // A delay that a machine computes may come to anything; the clock of Node.js takes what is no time for none.
      const ms = Math.max(0, Number(delay)) || 0;
      this.#noteDue(this.#host.now() + ms);
      const cancel = this.#host.setTimer(ms, () => {
        this.#host.runInTurn(() => {
          if (this.#timers.delete(timer)) this.#gate.turn(run);
        });
      });
      this.#timers.set(timer, cancel);
      return timer;
    },
    clearTimeout: (timer: number): void => {
      this.#timers.get(timer)?.();
      this.#timers.delete(timer);
    },
  };

  /** The root actor, before it starts. */
  runFor(root: MachineRef): void {
    this.#root = root;
  }

  pack(): PackedDelay[] {
    const paths = pathsFrom(this.#root as MachineRef);
    const packed: PackedDelay[] = [];
    for (const scheduled of this.#scheduled()) {
      const source = paths.get(scheduled.source);
      const target = paths.get(scheduled.target);
      // From or to an actor that has stopped: it would reach nobody here either.
      if (!source || !target) continue;
      const { id, event } = scheduled;
      packed.push({ id, event, source, target, dueAt: this.#dueAt.get(scheduled) ?? this.#host.now() });
    }
    return packed;
  }

  nextDueAt(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const scheduled of this.#scheduled()) next = Math.min(next, this.#dueAt.get(scheduled) ?? this.#host.now());
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  unpack(delays: readonly PackedDelay[], shiftMs: number): void {
    const root = this.#root as MachineRef;
    const byPath = new Map([...pathsFrom(root)].map(([ref, path]) => [JSON.stringify(path), ref]));
    // Those whose time has passed meanwhile run out all at once, and in the order of their times.
    for (const { id, event, source, target, dueAt } of [...delays].sort((a, b) => a.dueAt - b.dueAt)) {
      const from = byPath.get(JSON.stringify(source));
      const to = byPath.get(JSON.stringify(target));
      if (from && to)
        root.system.scheduler.schedule(from, to, event, Math.max(0, dueAt + shiftMs - this.#host.now()), id);
    }
  }

  #scheduled(): ScheduledEvent[] {
    return this.#root ? Object.values(this.#root.system.getSnapshot()._scheduledEvents) : [];
  }

  /** XState lists an event just before it sets its timer, so the one without a time is the one. */
  #noteDue(dueAt: number): void {
    for (const scheduled of this.#scheduled()) if (!this.#dueAt.has(scheduled)) this.#dueAt.set(scheduled, dueAt);
  }
}

function pathsFrom(root: MachineRef): Map<MachineRef, MachinePath> {
  const paths = new Map<MachineRef, MachinePath>();
  const rest: [MachineRef, MachinePath][] = [[root, []]];
  for (let next = rest.pop(); next; next = rest.pop()) {
    const [ref, path] = next;
    if (paths.has(ref)) continue;
    paths.set(ref, path);
    const { children } = (ref.getSnapshot() ?? {}) as { children?: Record<string, MachineRef | undefined> };
    for (const [name, child] of Object.entries(children ?? {})) if (child) rest.push([child, [...path, name]]);
  }
  return paths;
}
