/** What fate did to the machine, and when: what excuses a loss, and what excuses being late. */
import type { ObservedFrame, SimulationEvent } from '../../../src/simulation/observation.ts';

interface Span {
  readonly process: string;
  readonly from: number;
  to: number;
}

/** Milliseconds after a fault in which its consequences are still excused. */
const AFTERMATH_MS = 100;
/** Milliseconds in which a broken link is there again, and its ends have told each other what is subscribed, where nothing stands still. */
const LINKED_AGAIN_MS = 500;

export class Faults {
  /** Processes that are no more, by how they ended. */
  readonly gone = new Map<string, 'crashed' | 'killed' | 'ended'>();
  readonly #freezes: Span[] = [];
  readonly #jumps: { at: number; ms: number }[] = [];
  readonly #broken: { a: string; b: string; at: number }[] = [];
  readonly #stalls: (Span & { other: string })[] = [];
  readonly #deaths: number[] = [];
  readonly #goneAt = new Map<string, number>();

  note(event: SimulationEvent): void {
    if (event.kind === 'jump') this.#jumps.push({ at: event.at, ms: event.ms });
    else if (event.kind === 'network') this.#network(event);
    else if (event.kind === 'process') this.#process(event);
  }

  isAlive(process: string): boolean {
    return !this.gone.has(process);
  }

  /** It did not end in good order, having given away all that it held. */
  wasKilled(process: string, since = 0): boolean {
    const how = this.gone.get(process);
    return (how === 'crashed' || how === 'killed') && (this.#goneAt.get(process) as number) >= since;
  }

  wasFrozen(process: string): boolean {
    return this.#freezes.some((freeze) => freeze.process === process);
  }

  /** The link between the two was cut or reset at some time. */
  wasBroken(a: string, b: string): boolean {
    return this.#broken.some((one) => (one.a === a && one.b === b) || (one.a === b && one.b === a));
  }

  /** The link between the two was cut or reset after a time, or so shortly before that it may not have been there again. */
  mayBeUnlinked(a: string, b: string, at: number): boolean {
    return this.#broken.some(
      (one) =>
        ((one.a === a && one.b === b) || (one.a === b && one.b === a)) &&
        (one.at >= at || at - one.at - this.#standstillBetween(a, b, one.at, at) <= LINKED_AGAIN_MS),
    );
  }

  /** Milliseconds of a time in which two processes could not link: one of them, all, or what is between the two stood still. */
  #standstillBetween(a: string, b: string, from: number, to: number): number {
    const spans = [
      ...this.#jumps.map(({ at, ms }) => ({ from: at - ms, to: at })),
      ...this.#freezes.filter(({ process }) => process === a || process === b),
      ...this.#stalls.filter(({ process, other }) => (process === a && other === b) || (process === b && other === a)),
    ].sort((one, other) => one.from - other.from);
    let ms = 0;
    let counted = from;
    for (const span of spans) {
      const end = Math.min(span.to, to);
      if (end <= counted) continue;
      ms += end - Math.max(span.from, counted);
      counted = end;
    }
    return ms;
  }

  /** Milliseconds of a time in which the process could not do anything. */
  standstillMs(process: string, from: number, to: number): number {
    let ms = 0;
    for (const { at, ms: jumped } of this.#jumps) if (at >= from && at - jumped <= to) ms += jumped;
    for (const freeze of this.#freezes) {
      if (freeze.process === process) ms += Math.max(0, Math.min(freeze.to, to) - Math.max(freeze.from, from));
    }
    return ms;
  }

  /** When the last process that held a message died; undefined where one that lives may have it. */
  takenAt({
    memory,
    frames,
  }: {
    memory: ReadonlySet<string>;
    frames: readonly { to: string; frame: ObservedFrame }[];
  }): number | undefined {
    let last: number | undefined;
    for (const holder of [...memory, ...frames.map(({ to }) => to)]) {
      const at = this.#goneAt.get(holder);
      if (at === undefined) return undefined;
      last = Math.max(last ?? 0, at);
    }
    return last;
  }

  /** Some link between two that lived broke within a time: a marker or transfer may have been lost with it. */
  anyBroken(from: number, to: number): boolean {
    return this.#broken.some(({ at }) => at >= from && at <= to);
  }

  /** The last moment up to a time at which something stood still, broke, or died. */
  lastTrouble(to: number): number {
    const ends = [...this.#freezes, ...this.#stalls]
      .filter(({ from }) => from <= to)
      .map((span) => Math.min(span.to, to));
    const moments = [...this.#jumps, ...this.#broken].map(({ at }) => at);
    return Math.max(0, ...ends, ...[...moments, ...this.#deaths].filter((at) => at <= to));
  }

  /** Nothing stood still, broke or died from shortly before a time to its end. */
  isCalm(from: number, to: number): boolean {
    const touches = (span: Span): boolean => span.from <= to && span.to >= from - AFTERMATH_MS;
    const within = (at: number): boolean => at >= from - AFTERMATH_MS && at <= to;
    if (this.#freezes.some(touches) || this.#stalls.some(touches)) return false;
    return (
      !this.#jumps.some(({ at }) => within(at)) &&
      !this.#broken.some(({ at }) => within(at)) &&
      !this.#deaths.some(within)
    );
  }

  #process({ step, process, at }: Extract<SimulationEvent, { kind: 'process' }>): void {
    if (step === 'frozen') this.#freezes.push({ process, from: at, to: Number.POSITIVE_INFINITY });
    if (step === 'forked' || step === 'frozen') return;
    for (const freeze of this.#freezes) if (freeze.process === process && freeze.to > at) freeze.to = at;
    if (step === 'thawed') return;
    this.gone.set(process, step);
    this.#deaths.push(at);
    this.#goneAt.set(process, at);
    for (const stall of this.#stalls)
      if (stall.process === process || stall.other === process) stall.to = Math.min(stall.to, at);
  }

  #network({ step, from: a, to: b, at }: Extract<SimulationEvent, { kind: 'network' }>): void {
    if (step === 'cut' || step === 'reset') this.#broken.push({ a, b, at });
    else if (step === 'stalled') this.#stalls.push({ process: a, other: b, from: at, to: Number.POSITIVE_INFINITY });
    else
      for (const stall of this.#stalls) if (stall.process === a && stall.other === b) stall.to = Math.min(stall.to, at);
  }
}
