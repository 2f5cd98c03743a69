/**
 * What really happened in a simulated run, kept outside of its processes: who sent what to whom, who handled it, which
 * incarnation was alive when. The promises are checked against it.
 */
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import type { SimulationEvent } from '../../../src/simulation/observation.ts';
import type { Simulation } from '../../../src/simulation/simulation.ts';
import type { PlacementStrategy } from '../../../src/wire/control.ts';
import type { ClusterProcess } from '../../../src/process/cluster-process.ts';
import type { System } from '../../../src/system/system.ts';
import { actorsOf } from './actors.ts';
import { Asks } from './asks.ts';
import { Breaches } from './breaches.ts';
import { Census } from './census.ts';
import { Changes } from './changes.ts';
import { DeadLetterRules } from './dead-letter-rules.ts';
import { Families } from './families.ts';
import { Faults } from './faults.ts';
import { Ledger } from './ledger.ts';
import { MemoryOfActors } from './memory-of-actors.ts';
import { Moves } from './moves.ts';
import { Pauses } from './pauses.ts';
import { Timers } from './timers.ts';
import { Topics } from './topics.ts';
import { Watches } from './watches.ts';

export class World {
  readonly breaches: Breaches = new Breaches(() => this.simulation?.time.now ?? 0);
  readonly faults: Faults = new Faults();
  readonly moves: Moves = new Moves(this.breaches, this.faults);
  readonly census: Census = new Census(this.breaches, this.faults, this.moves);
  readonly ledger: Ledger = new Ledger(this.breaches, this.faults, this.moves);
  readonly asks: Asks = new Asks(this.breaches, this.faults, this.ledger, this.moves);
  readonly memory: MemoryOfActors = new MemoryOfActors(this.breaches, this.ledger, this.asks);
  readonly watches: Watches = new Watches(this.breaches, this.census);
  readonly timers: Timers = new Timers(this.breaches, this.census, this.faults);
  readonly topics: Topics = new Topics(this.breaches, this.census, this.faults, this.ledger);
  readonly deadLetters: DeadLetterRules = new DeadLetterRules(this.breaches, this.ledger);
  readonly families: Families = new Families(this.breaches, this.census);
  readonly changes: Changes = new Changes();
  readonly pauses: Pauses = new Pauses(this.breaches, this.changes);
  /** What a scenario wants to remember. */
  readonly marks: Map<string, number> = new Map();
  /** Systems of workers whose `main` has begun; undefined in scenarios whose workers have none. */
  mains: WeakSet<System> | undefined;
  /** Set before anything happens. */
  simulation!: Simulation;

  constructor() {
    this.census.onEnd = (end) => {
      this.watches.ended(end);
      this.memory.ended(end.id);
    };
  }

  /** `jobs`: how they are placed. */
  actors(jobs: PlacementStrategy = 'hash'): Record<string, ActorDefinition> {
    return actorsOf(this, jobs);
  }

  readonly observe = (event: SimulationEvent): void => {
    this.faults.note(event);
    this.ledger.note(event);
    this.census.note(event);
    this.moves.note(event);
  };

  /** Looks into a process before anything happens in it. */
  readonly enter = (process: ClusterProcess): void => {
    this.census.enter(process);
    this.deadLetters.enter(process);
  };

  counts(): Record<string, number> {
    return {
      'messages sent': this.ledger.sent.length,
      'dead letters': this.deadLetters.count,
      'watchers told': this.watches.told,
      'timers set': this.timers.size,
      'hand-offs begun': this.moves.begun,
      'hand-offs settled': this.moves.settled,
      'simulated seconds': Math.round(this.now / 1_000),
      events: this.simulation.time.ran,
      ...Object.fromEntries(Object.entries(this.asks.outcomes()).map(([what, number]) => [`ask: ${what}`, number])),
      ...this.changes.counts(),
    };
  }

  get now(): number {
    return this.breaches.now;
  }

  /** Tells, and writes down what was told. `by`: a process's system; its address is the sender. */
  tell(by: Voice, to: string, type: string, more: object = {}): void {
    const sent = this.ledger.send('tell', by.name, to, type, by.origin);
    by.system.tell(to, { type, m: sent.m, ...more });
  }

  /** `givenUp`: by its asker, which is no later than so many milliseconds. */
  ask(
    by: Voice,
    to: string,
    type: string,
    timeoutMs: number,
    more: object = {},
    givenUp?: { signal: AbortSignal; withinMs: number },
  ): Promise<string> {
    const sent = this.ledger.send('ask', by.name, to, type, by.origin);
    const withinMs = Math.min(timeoutMs, givenUp?.withinMs ?? timeoutMs);
    const dueAt = Math.min(this.now + withinMs, by.dueAt ?? Number.POSITIVE_INFINITY);
    const options = { timeoutMs, ...(givenUp && { signal: givenUp.signal }) };
    return this.asks.endedMoves(sent, dueAt, by.system.ask(to, { type, m: sent.m, ...more }, options));
  }

  publish(by: Voice, topic: string): void {
    const sent = this.ledger.send('publish', by.name, topic, 'note', by.origin);
    by.system.publish(topic, { type: 'note', m: sent.m });
  }

  /** As code of that process would: not while it is frozen. */
  sleep(process: string, ms: number): Promise<void> {
    const clock = this.census.processes.get(process)?.kernel.clock;
    return new Promise((resolve) => clock?.setTimer(ms, resolve));
  }
}

/** Who speaks: an actor through its context, a worker's main, or the master. */
export interface Voice {
  readonly name: string;
  /** The address of its process. */
  readonly origin: string;
  readonly system: Pick<System, 'tell' | 'ask' | 'publish'>;
  /** The deadline that its asks inherit. */
  readonly dueAt?: number;
}
