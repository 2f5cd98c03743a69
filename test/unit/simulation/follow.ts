/** One actor, followed through a run: what of everything that happens has to do with it. */
import type { TraceEvent } from '../../../src/observe/trace.ts';
import { parseUnit, shardOf } from '../../../src/placement/shard.ts';
import type { FrameEntry, SimulationEvent } from '../../../src/simulation/observation.ts';
import type { MoveOrder } from '../../../src/wire/control.ts';

export class Follower {
  readonly #id: string;
  /** Hand-offs of its unit. */
  readonly #moves = new Set<number>();
  /** Asks of it and by it, as `process:number`. */
  readonly #asks = new Set<string>();

  constructor(id: string) {
    this.#id = id;
  }

  /** What happened inside of a process. */
  concerns(event: TraceEvent): boolean {
    switch (event.topic) {
      case 'table':
        return event.dead !== undefined;
      case 'handoff':
        return event.ids.includes(this.#id) || event.units.some((unit) => this.#isIn(unit));
      case 'route':
      case 'turn':
        return event.id === this.#id || ('sender' in event && event.sender === this.#id);
      case 'ask':
        return event.id === this.#id;
    }
  }

  /** What happened between processes, without the parts of it that are about others; undefined: all of it is. */
  partOf(event: SimulationEvent): SimulationEvent | undefined {
    switch (event.kind) {
      case 'frame': {
        const entries = event.frame.entries.filter((entry) => this.#isOfEntry(entry));
        return entries.length === 0 ? undefined : { ...event, frame: { ...event.frame, entries } };
      }
      case 'control':
        return this.#isOfControl(event.message) ? event : undefined;
      case 'link-end':
      case 'process':
      case 'network':
      case 'jump':
        return event;
    }
  }

  #isIn(unit: string): boolean {
    return unit === this.#id || parseUnit(unit)?.shard === shardOf(this.#id);
  }

  #isOfEntry(entry: FrameEntry): boolean {
    switch (entry.type) {
      case 'mail': {
        const isIts = entry.to === this.#id || entry.sender === this.#id;
        if (isIts && entry.process !== undefined) this.#asks.add(`${entry.process}:${entry.number}`);
        return isIts;
      }
      case 'reply':
      case 'failure':
        return this.#asks.has(`${entry.process}:${entry.number}`);
      case 'signal':
        return entry.to === this.#id;
      case 'marker':
      case 'flush':
      case 'flushed':
      case 'transfer':
        return this.#moves.has(entry.move);
      default:
        return false;
    }
  }

  #isOfControl(message: Extract<SimulationEvent, { kind: 'control' }>['message']): boolean {
    if (message.type === 'table') {
      const { dead, pins, endedMoves } = message.change;
      return (
        dead !== undefined || pins.some(([id]) => id === this.#id) || endedMoves.some((move) => this.#moves.has(move))
      );
    }
    if (!('move' in message)) return false;
    const { move } = message as { move: number | MoveOrder };
    if (typeof move === 'number') return this.#moves.has(move);
    if (move.units.some((unit) => this.#isIn(unit))) this.#moves.add(move.id);
    return this.#moves.has(move.id);
  }
}
