/** One direction of the control channel between the master and a process: in order, each message some moments late. */
import type { SimulatedTime } from './simulated-time.ts';

/** Milliseconds that a control message is in flight, at most; an exit is seen after at most as long again. */
const CONTROL_MS = 0.5;

/** Messages that go on for ever, and change nothing. */
const NEWS = new Set(['heartbeat', 'workers', 'event']);

export class ControlLine<M extends { type: string }> {
  readonly #time: SimulatedTime;
  readonly #random: () => number;
  /** When the newest is to arrive: each not before the last. */
  #last = 0;
  #inFlight = 0;
  /** Messages that have arrived since `stall`, in order. */
  #stalled: (() => void)[] | undefined;
  receive: (message: M) => void = () => {};

  constructor(time: SimulatedTime, random: () => number) {
    this.#time = time;
    this.#random = random;
  }

  /** Messages that have not arrived, but for those that are only news. */
  get inFlight(): number {
    return this.#inFlight;
  }

  send(message: M): void {
    const copy = copyOf(message) as M;
    this.after(() => this.receive(copy), NEWS.has(message.type) ? 0 : 1);
  }

  /** Behind all that was sent by now. */
  after(run: () => void, counts: 0 | 1 = 1): void {
    this.#last = Math.max(this.#last, this.#time.now + this.#random() * CONTROL_MS);
    this.#inFlight += counts;
    const arrive = (): void => {
      this.#inFlight -= counts;
      run();
    };
    this.#time.at(this.#last - this.#time.now, () => {
      if (this.#stalled) this.#stalled.push(arrive);
      else arrive();
    });
  }

  /** Nothing arrives until `unstall`; then all that is due does, at once. */
  stall(): void {
    this.#stalled ??= [];
  }

  unstall(): void {
    const due = this.#stalled;
    this.#stalled = undefined;
    for (const arrive of due ?? []) arrive();
  }
}

/** As the channel of a real process would: nothing is shared. By hand where it is plain, which most of it is. */
export function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return typeof value[0] === 'number' ? value.slice() : value.map(copyOf);
  if (Object.getPrototypeOf(value) !== Object.prototype) return structuredClone(value);
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) copy[name] = copyOf((value as Record<string, unknown>)[name]);
  return copy;
}
