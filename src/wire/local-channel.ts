/** A control channel within one process: the master and its own data plane. Messages arrive in a turn of their own, in order. */
import type { Clock } from '../vocabulary/clock.ts';
import type { ControlChannel } from './control.ts';

class End<Out, In> implements ControlChannel<Out, In> {
  readonly #clock: Clock;
  readonly #waiting: In[] = [];
  #receive: ((message: In) => void) | undefined;
  other: End<In, Out> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  send(message: Out): void {
    this.#clock.soon(() => this.other?.arrive(message));
  }

  onMessage(receive: (message: In) => void): void {
    this.#receive = receive;
    for (const message of this.#waiting.splice(0)) receive(message);
  }

  arrive(message: In): void {
    if (this.#receive) this.#receive(message);
    else this.#waiting.push(message);
  }
}

/** Two ends: what one sends the other receives. */
export function localChannel<A, B>(clock: Clock): [ControlChannel<A, B>, ControlChannel<B, A>] {
  const one = new End<A, B>(clock);
  const two = new End<B, A>(clock);
  one.other = two;
  two.other = one;
  return [one, two];
}
